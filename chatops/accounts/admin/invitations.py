"""Invitations in the browser: made, shown with their links, withdrawn."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chatops.accounts import services
from chatops.accounts.models import Invitation, User
from chatops.accounts.pages import clients
from chatops.accounts.services import registration
from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.core.forms import refusals_told
from chatops.xmpp.jid import InvalidJID
from chatops.xmpp.jid import parse as parse_jid

State = Invitation.State
COLOURS = {
    State.OPEN.label: "success",
    State.USED.label: "info",
    State.EXPIRED.label: "warning",
    State.REVOKED.label: "danger",
}
MOST_SHOWN = 100


class StateFilter(admin.SimpleListFilter):
    """What has become of them; a state is worked out, not kept."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Invitation]
    ) -> QuerySet[Invitation]:
        now, kept = timezone.now(), queryset.filter(revoked_at=None)
        match self.value():
            case State.OPEN:
                return kept.filter(use_by__gt=now, used__lt=F("most_uses"))
            case State.USED:
                return kept.filter(used__gte=F("most_uses"))
            case State.EXPIRED:
                return kept.filter(use_by__lte=now, used__lt=F("most_uses"))
            case State.REVOKED:
                return queryset.exclude(revoked_at=None)
        return queryset


class InvitationForm(forms.ModelForm[Invitation]):
    """A new invitation."""

    contact_name = forms.CharField(
        label="Contact",
        required=False,
        help_text="A username or a JID of this service: newcomers and this person see each other "
        "in their contact lists from the start.",
        widget=UnfoldAdminTextInputWidget,
    )
    room_lines = forms.CharField(
        label="Rooms",
        required=False,
        help_text="Addresses or names, one on each line: newcomers are members there.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    class Meta:
        model = Invitation
        fields = ("note", "username", "most_uses", "use_by", "makes_account", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "use_by" in self.fields:
            days = timedelta(days=settings.CHATOPS_INVITATION_DAYS)
            self.fields["use_by"].initial = (timezone.now() + days).replace(second=0)

    def clean_username(self) -> str:
        name = self.cleaned_data["username"].strip()
        with refusals_told():
            return services.localpart(name) if name else ""

    def clean_contact_name(self) -> User | None:
        name = self.cleaned_data["contact_name"].strip()
        with refusals_told():
            return services.find(name) if name else None

    def clean_room_lines(self) -> list[str]:
        host = f"conference.{settings.CHATOPS_DOMAIN}"
        rooms = []
        for line in filter(None, map(str.strip, self.cleaned_data["room_lines"].splitlines())):
            try:
                jid = parse_jid(line if "@" in line else f"{line}@{host}")
            except InvalidJID as error:
                raise ValidationError(f"{line} is not the address of a room.") from error
            if jid.domain != host or not jid.local or jid.resource:
                raise ValidationError(f"{line} is not the address of a room here.")
            rooms.append(str(jid))
        return rooms

    def clean(self) -> dict[str, Any]:
        """What the service would refuse, said beside the form."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("makes_account", True) and not cleaned.get("contact_name"):
            self.add_error("contact_name", "Without an account it must be for a contact.")
        if self.errors:
            return cleaned
        with refusals_told():
            services.must_be_possible(
                username=cleaned.get("username", ""),
                most_uses=cleaned["most_uses"],
                use_by=cleaned["use_by"],
            )
        return cleaned


@admin.register(Invitation)
class InvitationAdmin(AuditedModelAdmin):
    """Who may add invitations sees their links; the rights that they give are an owner's."""

    form = InvitationForm
    list_display = ("shown", "shown_state", "for_whom", "uses_shown", "use_by", "made_by_name")
    list_display_links = ("shown",)
    list_filter = (StateFilter, "makes_account")
    search_fields = ("note", "username", "made_by_name", "uses__jid")
    ordering = ("-made_at",)
    date_hierarchy = None
    actions = ("revoke_all",)
    panel_template = "accounts/invitation_panels.html"
    deeds: ClassVar[dict[str, Deed]] = {"revoke": Deed("accounts.change_invitation", "do_revoke")}

    @display(description="invitation", ordering="note")
    def shown(self, invitation: Invitation) -> str:
        return str(invitation)

    @display(description="state", label=COLOURS)
    def shown_state(self, invitation: Invitation) -> str:
        return invitation.state.label

    @display(description="for")
    def for_whom(self, invitation: Invitation) -> str:
        if not invitation.makes_account:
            return "a contact"
        return invitation.username or "whoever has the link"

    @display(description="used", ordering="used")
    def uses_shown(self, invitation: Invitation) -> str:
        return f"{invitation.used} of {invitation.most_uses}"

    @display(description="contact")
    def contact_shown(self, invitation: Invitation) -> str:
        return invitation.contact.jid if invitation.contact is not None else "none"

    @display(description="rooms")
    def rooms_shown(self, invitation: Invitation) -> str:
        return ", ".join(invitation.rooms) or "none"

    @display(description="groups")
    def groups_shown(self, invitation: Invitation) -> str:
        return ", ".join(group.name for group in invitation.groups.all()) or "none"

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        if obj is not None:
            return (
                ("shown_state", "uses_shown"),
                ("for_whom", "use_by"),
                ("made_by_name", "made_at"),
                ("contact_shown", "rooms_shown"),
                "groups_shown",
            )
        rooms = ("room_lines",) if request.user.has_perm("rooms.change_room") else ()
        groups = ("groups",) if request.user.is_superuser else ()  # they give rights
        return (
            *("note", "username", "most_uses", "use_by", "makes_account"),
            *("contact_name", *rooms, *groups),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        if obj is None:
            return ()
        return (
            *("shown_state", "uses_shown", "for_whom", "use_by", "made_by_name", "made_at"),
            *("contact_shown", "rooms_shown", "groups_shown"),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).select_related("contact")

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """What was sent to somebody stays as it was; it may be withdrawn."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Who came how is part of the record."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: Invitation,
        form: forms.ModelForm[Invitation],
        change: bool,
    ) -> None:
        given = form.cleaned_data
        # A declared field is read even where it is not shown.
        rooms = given["room_lines"] if request.user.has_perm("rooms.change_room") else ()
        maker = request.user if isinstance(request.user, User) else None
        groups: QuerySet[Group] | tuple[()] = given.get("groups", ())
        made = services.invite(
            by=Actor.of(request),
            made_by=maker,
            username=given["username"],
            makes_account=given["makes_account"],
            most_uses=given["most_uses"],
            use_by=given["use_by"],
            groups=list(groups),
            rooms=rooms,
            contact=given["contact_name"],
            note=given["note"],
        )
        obj.pk = made.pk

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        change: bool,
    ) -> None:
        """The service has done it."""

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To its page: there is the link."""
        self.message_user(request, "The invitation is made; give its link to whom it is for.")
        return redirect(self.page_of(obj))

    def panel_context(self, request: HttpRequest, item: Invitation) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "state": item.state,
            "uses": item.uses.all()[:MOST_SHOWN],
            "closed": item.makes_account and registration.mode() == registration.OFF,
        }
        if item.state == State.OPEN and request.user.has_perm("accounts.add_invitation"):
            base = request.build_absolute_uri("/").rstrip("/")
            page = services.page_of(item, base)
            shown["link"] = page
            if page:
                shown |= {"uri": services.uri_of(item), "code": clients.code(page)}
        return shown

    def do_revoke(self, request: HttpRequest, item: Invitation) -> str:
        services.revoke(item, by=Actor.of(request))
        return "The invitation is withdrawn; its link does not work any more."

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_invitation"))

    @action(description="Withdraw", permissions=["revoke"])
    def revoke_all(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        def work() -> str:
            done = 0
            for item in queryset:
                if item.state == State.OPEN:
                    services.revoke(item, by=Actor.of(request))
                    done += 1
            return f"{done} invitations are withdrawn."

        self.answer(request, work)

"""Rosters and waiting requests in the browser: changed for people, shown to their clients live."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chatops.accounts import services as accounts
from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.contacts import services
from chatops.contacts.models import RosterItem, Subscription, SubscriptionRequest
from chatops.core.forms import refusals_told
from chatops.xmpp.elements import parse, text_of
from chatops.xmpp.jid import InvalidJID
from chatops.xmpp.jid import parse as parse_jid

SEEN = {
    Subscription.NONE: "neither sees the other",
    Subscription.TO: "sees the contact",
    Subscription.FROM: "is seen by the contact",
    Subscription.BOTH: "both see each other",
}
COLOURS = {
    SEEN[Subscription.NONE]: "info",
    SEEN[Subscription.TO]: "warning",
    SEEN[Subscription.FROM]: "warning",
    SEEN[Subscription.BOTH]: "success",
}


class RosterItemForm(forms.ModelForm[RosterItem]):
    """A contact's name and groups; for a new one also whose contact, and who it is."""

    person = forms.CharField(
        help_text="Whose roster: a username or a JID.", widget=UnfoldAdminTextInputWidget
    )
    contact = forms.CharField(help_text="The contact's JID.", widget=UnfoldAdminTextInputWidget)
    group_lines = forms.CharField(
        label="Groups",
        required=False,
        help_text="One on each line.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    class Meta:
        model = RosterItem
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            del self.fields["person"], self.fields["contact"]
            self.fields["group_lines"].initial = "\n".join(self.instance.groups)

    def clean_person(self) -> str:
        with refusals_told():
            self.instance.user = accounts.find(self.cleaned_data["person"].strip())
        return str(self.instance.user)

    def clean_contact(self) -> str:
        try:
            self.instance.jid = parse_jid(self.cleaned_data["contact"].strip()).bare
        except InvalidJID as error:
            raise ValidationError("That is not an address.") from error
        return self.instance.jid

    def clean_group_lines(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["group_lines"].splitlines())
        return [line for line in lines if line]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            with refusals_told():
                services.must_be_fit(
                    self.instance.user,
                    jid=self.instance.jid,
                    name=cleaned.get("name", ""),
                    groups=cleaned["group_lines"],
                )
        return cleaned


@admin.register(RosterItem)
class RosterItemAdmin(AuditedModelAdmin):
    """Everybody's contacts."""

    form = RosterItemForm
    list_display = ("person", "jid", "name", "shown_groups", "visibility", "waits")
    list_display_links = ("jid",)
    list_filter = (("subscription", ChoicesDropdownFilter), "ask", "approved")
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__username", "jid", "name")
    search_help_text = "Person, contact or name"

    def get_fields(self, request: HttpRequest, obj: RosterItem | None = None) -> list[str]:
        if obj is None:
            return ["person", "contact", "name", "group_lines"]
        return ["user", "jid", "name", "group_lines", "visibility", "waits", "approved"]

    def get_readonly_fields(self, request: HttpRequest, obj: RosterItem | None = None) -> list[str]:
        return [] if obj is None else ["user", "jid", "visibility", "waits", "approved"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        """The person's page links here with ``?person=name``."""
        return {"person": request.GET.get("person", "")}

    @display(description="person", ordering="user__username")
    def person(self, item: RosterItem) -> str:
        return item.user.jid

    @display(description="groups")
    def shown_groups(self, item: RosterItem) -> str:
        return ", ".join(item.groups)

    @display(description="subscription", ordering="subscription", label=COLOURS)
    def visibility(self, item: RosterItem) -> str:
        return SEEN[Subscription(item.subscription)]

    @display(description="open", ordering="ask", label="warning")
    def waits(self, item: RosterItem) -> str:
        return "has asked, waits" if item.ask else ""

    def save_model(
        self, request: HttpRequest, obj: RosterItem, form: RosterItemForm, change: object
    ) -> None:
        services.set_item(
            obj.user,
            jid=obj.jid,
            name=obj.name,
            groups=form.cleaned_data["group_lines"],
            by=Actor.of(request),
        )
        stored = RosterItem.objects.get(user=obj.user, jid=obj.jid)
        obj.pk, obj._state.adding = stored.pk, False

    def delete_model(self, request: HttpRequest, obj: RosterItem) -> None:
        services.remove_item(obj.user, jid=obj.jid, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RosterItem]) -> None:
        for item in queryset.select_related("user"):
            services.remove_item(item.user, jid=item.jid, by=Actor.of(request))


@admin.register(SubscriptionRequest)
class SubscriptionRequestAdmin(AuditedModelAdmin):
    """Requests that wait for people, and can be answered for them."""

    list_display = ("sender", "person", "words", "asked_at")
    list_filter = (("asked_at", RangeDateTimeFilter),)
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__username", "sender")
    search_help_text = "Who asks, or whom"
    fields = readonly_fields = ("sender", "person", "words", "asked_at")
    has_buttons_alone = True
    panel_template = "contacts/request_panels.html"
    actions = ("accept", "deny")
    deeds: ClassVar[dict[str, Deed]] = {
        "accept": Deed("contacts.change_subscriptionrequest", "do_accept"),
        "deny": Deed("contacts.change_subscriptionrequest", "do_deny"),
    }

    @display(description="asks", ordering="user__username")
    def person(self, request: SubscriptionRequest) -> str:
        return request.user.jid

    @display(description="with the words")
    def words(self, request: SubscriptionRequest) -> str:
        return text_of(parse(request.stanza), "status") or ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only those who want to see somebody can ask."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: SubscriptionRequest | None = None
    ) -> bool:
        """A request is answered, not deleted: whoever asked would wait forever."""
        return False

    @action(description="Accept for the person", permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[SubscriptionRequest]) -> None:
        for waiting in queryset.select_related("user"):
            self.answer(request, partial(self.do_accept, request, waiting))

    @action(description="Deny for the person", permissions=["change"])
    def deny(self, request: HttpRequest, queryset: QuerySet[SubscriptionRequest]) -> None:
        for waiting in queryset.select_related("user"):
            self.answer(request, partial(self.do_deny, request, waiting))

    def do_accept(self, request: HttpRequest, waiting: SubscriptionRequest) -> str:
        services.answer_request(waiting, accept=True, by=Actor.of(request))
        return f"{waiting.sender} sees the presence of {waiting.user} from now on."

    def do_deny(self, request: HttpRequest, waiting: SubscriptionRequest) -> str:
        services.answer_request(waiting, accept=False, by=Actor.of(request))
        return f"{waiting.sender} was denied to see the presence of {waiting.user}."

"""Rooms in the browser: made, configured and run; who is inside sees it at once."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from chatops.accounts.models import User
from chatops.archive.models import Entry
from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.core.forms import refusals_told
from chatops.core.ids import first_at
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.occupants import Role
from chatops.rooms.options import COLUMNS, OPTIONS, ROLES
from chatops.rooms.privileges import RANKS, STAFF, AlwaysModerators
from chatops.rooms.running import rooms
from chatops.rooms.snapshots import inside_of
from chatops.xmpp.errors import NotAcceptable, NotFound
from chatops.xmpp.jid import InvalidJID, parse

SHOWN = 200  # people with an affiliation, on the room's page


class RoomForm(forms.ModelForm[Room]):
    """The options with the same labels, explanations and rules as in the clients' form."""

    presence_broadcast = forms.MultipleChoiceField(
        choices=ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )
    member_list_visible_to = forms.MultipleChoiceField(
        choices=ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )
    owner = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Bare JID of the first owner; you, if it is left empty.",
    )

    class Meta:
        model = Room
        fields = ("localpart", *(option.column for option in OPTIONS))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "localpart" in self.fields:
            self.fields["localpart"].help_text = f"What stands before @{services.HOST}."
        for option in OPTIONS:
            if option.column not in self.fields:
                continue
            field = self.fields[option.column]
            field.label, field.help_text = option.label, option.desc
            # What somebody else changes meanwhile stays: only what was touched here is saved.
            field.show_hidden_initial = self.instance.pk is not None
            if option.kind == "list-multi" and not self.initial.get(option.column):
                self.initial[option.column] = [role for role, _ in ROLES]  # empty means all

    def clean_localpart(self) -> str:
        """As addresses are compared; a name in capitals is the same room."""
        text = self.cleaned_data["localpart"]
        try:
            return parse(f"{text}@{services.HOST}").local
        except InvalidJID as error:
            raise forms.ValidationError("This cannot be the address of a room.") from error

    def clean_presence_broadcast(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["presence_broadcast"])

    def clean_member_list_visible_to(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["member_list_visible_to"])

    def clean_owner(self) -> str:
        text = self.cleaned_data["owner"]
        with refusals_told():
            return services.bare(text) if text else ""


def _all_is_empty(roles: list[str]) -> list[str]:
    return [] if len(roles) == len(ROLES) else roles


def sections() -> list[tuple[str, dict[str, Any]]]:
    """The form's sections, as the options name them."""
    found: dict[str, list[str]] = {}
    for option in OPTIONS:
        found.setdefault(option.section, []).append(option.column)
    return [(section, {"fields": columns}) for section, columns in found.items()]


@admin.register(Room)
class RoomAdmin(AuditedModelAdmin):
    form = RoomForm
    list_display = ("localpart", "name", "inside", "today", "kind", "subject", "changed_at")
    list_filter = ("is_public", "is_members_only", "is_moderated", "is_persistent", "is_logged")
    search_fields = ("localpart", "name", "description", "subject", "affiliations__jid")
    search_help_text = "Address, name, description, subject, or somebody's address"
    panel_template = "rooms/room_panels.html"
    deeds: ClassVar[Mapping[str, Deed]] = {
        "role": Deed("rooms.moderate_room", "do_role"),
        "affiliation": Deed("rooms.moderate_room", "do_affiliation"),
        "subject": Deed("rooms.moderate_room", "do_subject"),
        "say": Deed("rooms.moderate_room", "do_say"),
        "destroy": Deed("rooms.delete_room", "do_destroy"),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        """With the number of today's messages, for the list."""
        found: QuerySet[Room] = super().get_queryset(request)
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        jid = Concat(OuterRef("localpart"), Value(f"@conference.{settings.CHATOPS_DOMAIN}"))
        entries = Entry.objects.filter(archive__jid=jid, message_id__gte=first_at(midnight))
        counted = entries.order_by().values("archive").annotate(count=Count("pk")).values("count")
        return found.annotate(said_today=Coalesce(Subquery(counted), 0))

    @admin.display(description="inside")
    def inside(self, room: Room) -> SafeString:
        count = rooms.count(room.localpart)
        kind = "co-badge co-good" if count else "co-muted"
        return format_html("<span class='{}'>{}</span>", kind, count or "nobody")

    @admin.display(description="messages today", ordering=F("said_today"))
    def today(self, room: Room) -> int:
        return int(getattr(room, "said_today", 0))

    @admin.display(description="kind")
    def kind(self, room: Room) -> SafeString:
        words = [
            "public" if room.is_public else "hidden",
            *(["members only"] if room.is_members_only else []),
            *(["moderated"] if room.is_moderated else []),
            *(["password"] if room.password else []),
            *([] if room.is_persistent else ["temporary"]),
            *(["locked"] if room.locked else []),
        ]
        return format_html("<span class='co-muted'>{}</span>", ", ".join(words))

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> Any:
        first = ("localpart", "owner") if obj is None else ("localpart",)
        return [(None, {"fields": first}), *sections()]

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        return () if obj is None else ("localpart",)

    def save_model(
        self, request: HttpRequest, obj: Room, form: forms.ModelForm[Room], change: bool
    ) -> None:
        by = Actor.of(request)
        if change:
            touched = COLUMNS & set(form.changed_data)
            changes = {column: form.cleaned_data[column] for column in touched}
            services.configure(obj, by=by, changes=changes)
            return
        columns = {column: form.cleaned_data[column] for column in COLUMNS}
        user = request.user
        owner = form.cleaned_data["owner"] or (user.jid if isinstance(user, User) else "")
        obj.pk = services.create(obj.localpart, by=by, owner=owner, **columns).pk

    def delete_model(self, request: HttpRequest, obj: Room) -> None:
        services.destroy(obj, by=Actor.of(request), reason="Removed by an administrator.")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        for room in queryset:
            self.delete_model(request, room)

    def panel_context(self, request: HttpRequest, item: Room) -> dict[str, Any]:
        ranked = Affiliation.objects.filter(room=item)
        ordered = sorted(ranked.order_by("jid")[:SHOWN], key=lambda each: -RANKS.index(each.rank))
        return {
            "occupants": inside_of(item.localpart),
            "affiliations": ordered,
            "affiliations_hidden": max(0, ranked.count() - SHOWN),
            "ranks": [rank for rank in reversed(RANKS) if rank != "none"],
            "roles": [role.value for role in Role if role != Role.NONE],
        }

    def do_role(self, request: HttpRequest, room: Room) -> str:
        nick, role = request.POST.get("nick", ""), request.POST.get("role", "")
        reason = request.POST.get("reason", "")
        person = next((each for each in inside_of(room.localpart) if each.nick == nick), None)
        if person is None:
            raise NotFound(f"Nobody in the room is called {nick}.")
        if person.rank in STAFF and role in (Role.VISITOR, Role.PARTICIPANT):
            raise AlwaysModerators
        services.give_role(room, nick=nick, role=role, by=Actor.of(request), reason=reason)
        return f"{nick} is out of the room." if role == "none" else f"{nick} is a {role} now."

    def do_affiliation(self, request: HttpRequest, room: Room) -> str:
        jid, rank = request.POST.get("jid", ""), request.POST.get("rank", "")
        reason = request.POST.get("reason", "")
        services.set_affiliation(room, jid=jid, rank=rank, by=Actor.of(request), reason=reason)
        return f"{jid} has no affiliation now." if rank == "none" else f"{jid} is {rank} now."

    def do_subject(self, request: HttpRequest, room: Room) -> str:
        services.set_subject(room, subject=request.POST.get("subject", ""), by=Actor.of(request))
        return "The subject is set."

    def do_say(self, request: HttpRequest, room: Room) -> str:
        services.say(room, body=request.POST.get("body", ""), by=Actor.of(request))
        return "Said."

    def do_destroy(self, request: HttpRequest, room: Room) -> str:
        if request.POST.get("confirm", "").strip().lower() not in (room.localpart, room.jid):
            raise NotAcceptable(f"To destroy the room, write its address: {room.localpart}.")
        name = str(room)
        services.destroy(
            room,
            by=Actor.of(request),
            reason=request.POST.get("reason", ""),
            alternate=request.POST.get("alternate", ""),
        )
        return f"{name} is gone; its archive stays."

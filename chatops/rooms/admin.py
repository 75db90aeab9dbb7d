"""Rooms in the browser: made, configured and run; who is inside sees it at once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from chatops.accounts.models import User
from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.rooms import services
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.occupants import Role
from chatops.rooms.options import OPTIONS, ROLES
from chatops.rooms.privileges import RANKS
from chatops.rooms.running import rooms
from chatops.xmpp.errors import Refused
from chatops.xmpp.jid import InvalidJID, parse


class RoomForm(forms.ModelForm[Room]):
    """The options with the same labels and rules as in the clients' form."""

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
        for option in OPTIONS:
            if option.column in self.fields:
                self.fields[option.column].label = option.label
                if option.kind == "list-multi" and not self.initial.get(option.column):
                    self.initial[option.column] = [role for role, _ in ROLES]  # empty means all

    def clean_localpart(self) -> str:
        """As addresses are compared; a name in capitals is the same room."""
        text = self.cleaned_data["localpart"]
        try:
            return str(parse(f"{text}@{services.HOST}").local)
        except InvalidJID as error:
            raise forms.ValidationError("This cannot be the address of a room.") from error

    def clean_presence_broadcast(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["presence_broadcast"])

    def clean_member_list_visible_to(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["member_list_visible_to"])

    def clean_owner(self) -> str:
        text = self.cleaned_data["owner"]
        try:
            return services.bare(text) if text else ""
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


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
    list_display = ("localpart", "name", "inside", "kind", "subject", "changed_at")
    list_filter = ("is_public", "is_members_only", "is_moderated", "is_persistent", "is_logged")
    search_fields = ("localpart", "name", "description", "affiliations__jid")
    panel_template = "rooms/room_panels.html"
    deeds: ClassVar[Mapping[str, Deed]] = {
        "role": Deed("rooms.moderate_room", "do_role"),
        "affiliation": Deed("rooms.moderate_room", "do_affiliation"),
        "subject": Deed("rooms.moderate_room", "do_subject"),
        "say": Deed("rooms.moderate_room", "do_say"),
        "destroy": Deed("rooms.delete_room", "do_destroy"),
    }

    @admin.display(description="inside")
    def inside(self, room: Room) -> SafeString:
        count = len(occupants_of(room))
        kind = "co-badge co-good" if count else "co-muted"
        return format_html("<span class='{}'>{}</span>", kind, count or "nobody")

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
        columns = {option.column: form.cleaned_data[option.column] for option in OPTIONS}
        by = Actor.of(request)
        if change:
            services.configure(obj, by=by, changes=columns)
            return
        user = request.user
        owner = form.cleaned_data["owner"] or (user.jid if isinstance(user, User) else "")
        obj.pk = services.create(obj.localpart, by=by, owner=owner, **columns).pk

    def delete_model(self, request: HttpRequest, obj: Room) -> None:
        services.destroy(obj, by=Actor.of(request), reason="Removed by an administrator.")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        for room in queryset:
            self.delete_model(request, room)

    def panel_context(self, request: HttpRequest, item: Room) -> dict[str, Any]:
        return {
            "occupants": occupants_of(item),
            "affiliations": Affiliation.objects.filter(room=item).order_by("rank", "jid"),
            "ranks": [rank for rank in reversed(RANKS) if rank != "none"],
            "roles": [role.value for role in Role if role != Role.NONE],
        }

    def do_role(self, request: HttpRequest, room: Room) -> str:
        nick, role = request.POST.get("nick", ""), request.POST.get("role", "")
        reason = request.POST.get("reason", "")
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
        name = str(room)
        services.destroy(
            room,
            by=Actor.of(request),
            reason=request.POST.get("reason", ""),
            alternate=request.POST.get("alternate", ""),
        )
        return f"{name} is gone; its archive stays."


def occupants_of(room: Room) -> list[dict[str, Any]]:
    """Who is inside, if the service runs in this process."""
    running = rooms.get(room.localpart)
    if running is None:
        return []
    return [
        {
            "nick": occupant.nick,
            "jid": occupant.bare,
            "role": occupant.role.value,
            "rank": occupant.rank,
            "devices": len(occupant.devices),
            "since": datetime.fromtimestamp(occupant.since, UTC),
            "last_active": datetime.fromtimestamp(occupant.last_active, UTC),
        }
        for occupant in running.occupants
    ]

"""What is done to one room from its page; clients see it at once."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.auth.models import Group
from django.http import HttpRequest

from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.core.forms import first_error
from chatops.rooms import services
from chatops.rooms.admin.forms import CloneForm
from chatops.rooms.models import Room
from chatops.rooms.occupants import Role
from chatops.rooms.privileges import STAFF, AlwaysModerators
from chatops.rooms.snapshots import inside_of
from chatops.xmpp.errors import NotAcceptable, NotFound

MODERATE = "rooms.moderate_room"
BAN = "ban"


class RoomDeeds(AuditedModelAdmin):
    """The buttons of a room's page."""

    deeds: ClassVar[Mapping[str, Deed]] = {
        "role": Deed(MODERATE, "do_role"),
        "affiliation": Deed(MODERATE, "do_affiliation"),
        "subject": Deed(MODERATE, "do_subject"),
        "say": Deed(MODERATE, "do_say"),
        "group": Deed("rooms.change_room", "do_group"),
        "clone": Deed("rooms.add_room", "do_clone"),
        "archive": Deed("rooms.change_room", "do_archive"),
        "reopen": Deed("rooms.change_room", "do_reopen"),
        "destroy": Deed("rooms.delete_room", "do_destroy"),
    }

    def do_role(self, request: HttpRequest, room: Room) -> str:
        """Who is meant is known by nickname and address: a nickname may be another's by now."""
        nick, role = request.POST.get("nick", ""), request.POST.get("role", "")
        reason, by = request.POST.get("reason", ""), Actor.of(request)
        person = next((each for each in inside_of(room.localpart) if each.nick == nick), None)
        if person is None:
            raise NotFound(f"Nobody in the room is called {nick}.")
        if person.jid != request.POST.get("jid", person.jid):
            raise NotFound(f"{nick} is somebody else now: {person.jid}. Nothing was done.")
        if role == BAN:
            services.set_affiliation(room, jid=person.jid, rank="outcast", by=by, reason=reason)
            return f"{person.jid} is banned."
        if person.rank in STAFF and role in (Role.VISITOR, Role.PARTICIPANT):
            raise AlwaysModerators
        services.give_role(room, nick=nick, role=role, by=by, reason=reason)
        return f"{nick} is out of the room." if role == "none" else f"{nick} is a {role} now."

    def do_affiliation(self, request: HttpRequest, room: Room) -> str:
        rank = request.POST.get("rank", "")
        jid = services.whom(request.POST.get("jid", ""), rank=rank)
        services.set_affiliation(
            room,
            jid=jid,
            rank=rank,
            by=Actor.of(request),
            reason=request.POST.get("reason", ""),
            seen=request.POST.get("seen"),
        )
        return f"{jid} has no affiliation now." if rank == "none" else f"{jid} is {rank} now."

    def do_subject(self, request: HttpRequest, room: Room) -> str:
        services.set_subject(room, subject=request.POST.get("subject", ""), by=Actor.of(request))
        return "The subject is set."

    def do_say(self, request: HttpRequest, room: Room) -> str:
        services.say(room, body=request.POST.get("body", ""), by=Actor.of(request))
        return "Said."

    def do_group(self, request: HttpRequest, room: Room) -> str:
        """Link a group with the room, or part them."""
        number, rank = request.POST.get("group", ""), request.POST.get("rank", "")
        group = Group.objects.filter(pk=number).first() if number.isdecimal() else None
        if group is None:
            raise NotFound("There is no such group.")
        if rank == "none":
            services.unlink_group(room, group=group, by=Actor.of(request))
            return f"The group {group} has nothing to do with the room any more."
        services.link_group(room, group=group, rank=rank, by=Actor.of(request))
        return f"The people of {group} are {rank} of the room, as long as they are in the group."

    def do_clone(self, request: HttpRequest, room: Room) -> str:
        form = CloneForm(request.POST)
        if not form.is_valid():
            raise NotAcceptable(first_error(form))
        given = form.cleaned_data
        made = services.clone(
            room,
            localpart=given["localpart"],
            name=given["name"],
            with_people=given["people"],
            by=Actor.of(request),
        )
        return f"{made.jid} is made, as {room} is."

    def do_archive(self, request: HttpRequest, room: Room) -> str:
        services.archive(room, by=Actor.of(request), reason=request.POST.get("reason", ""))
        return f"{room} is archived: nobody is inside, and nobody enters."

    def do_reopen(self, request: HttpRequest, room: Room) -> str:
        services.reopen(room, by=Actor.of(request), reason=request.POST.get("reason", ""))
        return f"People may enter {room} again."

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

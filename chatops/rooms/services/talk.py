"""What an administrator does in a room that is awake: subject, roles, and words of the service."""

from django.db import transaction
from django.utils import timezone

from chatops.audit.services import Actor, record
from chatops.core.live import ring
from chatops.rooms.models import Room
from chatops.rooms.news import RoleGiven, RoomMoved, RoomSaid, SubjectSet
from chatops.rooms.occupants import Role
from chatops.rooms.services.ground import LONGEST_REASON, NONE, locked, shown_name
from chatops.xmpp.errors import NotAcceptable
from chatops.xmpp.text import fit_for_xml


@transaction.atomic
def set_subject(room: Room, *, subject: str, by: Actor) -> None:
    """Set the subject from outside the room."""
    room, subject = locked(room), fit_for_xml(subject)
    room.subject, room.subject_set_by, room.subject_set_at = subject, room.jid, timezone.now()
    room.subject_occupant_id = ""
    room.save(update_fields=["subject", "subject_set_by", "subject_set_at", "subject_occupant_id"])
    record(by, "room.subject", room.jid, subject=subject)
    ring(SubjectSet(room.localpart))
    ring(RoomMoved(room.pk))


@transaction.atomic
def give_role(room: Room, *, nick: str, role: str, by: Actor, reason: str = "") -> None:
    """Change the role of somebody who is inside; "none" kicks. Raises NotAcceptable."""
    if role not in list(Role):
        raise NotAcceptable(f"There is no role {role!r}.")
    reason = fit_for_xml(reason)[:LONGEST_REASON]
    action = "room.kick" if role == NONE else "room.role"
    record(by, action, room.jid, nick=nick, role=role, reason=reason)
    ring(RoleGiven(room.localpart, nick, role, reason, shown_name(by)))


@transaction.atomic
def note_role(room: Room, *, nick: str, jid: str, role: str, by: Actor, reason: str = "") -> None:
    """Write down what a moderator inside has done to an occupant."""
    action = "room.kick" if role == NONE else "room.role"
    record(by, action, room.jid, nick=nick, jid=jid, role=role, reason=reason)


@transaction.atomic
def say(room: Room, *, body: str, by: Actor) -> None:
    """Let the service say something; the words are in the archive, not in the audit trail."""
    body = fit_for_xml(body)
    if not body.strip():
        raise NotAcceptable("There is nothing to say.")
    record(by, "room.say", room.jid)
    ring(RoomSaid(room.localpart, body))

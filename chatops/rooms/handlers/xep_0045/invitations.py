"""Invitations through the room, and their declines: XEP-0045 section 7.8.2."""

from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.inside import RunningRoom
from chatops.rooms.privileges import STAFF
from chatops.rooms.running import rooms
from chatops.rooms.services import NoSuchRoom, RankChange
from chatops.xmpp.elements import Element, add, parse, serialise, stanza
from chatops.xmpp.errors import BadRequest, Forbidden, NotAcceptable, NotFound, TooMuch
from chatops.xmpp.jid import JID
from chatops.xmpp.jid import parse as parse_jid
from chatops.xmpp.names import MUC_USER

MOST_AT_ONCE = 50
_USER = f"{{{MUC_USER}}}x"
_INVITE, _DECLINE = f"{{{MUC_USER}}}invite", f"{{{MUC_USER}}}decline"


class MayNotInvite(Forbidden):
    """You may not invite people to this room."""


class NotInvitedByThem(NotFound):
    """Nobody of that address is in the room."""


async def mediate(element: Element, sender: JID, to: JID, session: Session | None) -> None:
    """An invitation, several of them, or a decline."""
    room = await rooms.wake(to.local)
    if room is None:
        raise NoSuchRoom
    user = element.find(_USER)
    if user is None:
        return
    decline = user.find(_DECLINE)
    if decline is not None:
        _decline(room, decline, sender, element.get("id"))
        return
    invitations = user.findall(_INVITE)
    if not invitations:
        raise BadRequest("There is nobody to invite.")
    if len(invitations) > MOST_AT_ONCE:
        raise TooMuch(f"Invite {MOST_AT_ONCE} people at once, not more.")
    _must_invite(room, sender)
    guests = [services.bare(invitation.get("to", "")) for invitation in invitations]
    if room.room.is_members_only:
        await _make_members(room, guests, sender, session)
    for guest, invitation in zip(guests, invitations, strict=True):
        _pass_on(room, guest, invitation, sender.full, element.get("id"))


async def _make_members(
    room: RunningRoom, guests: list[str], sender: JID, session: Session | None
) -> None:
    """Where only members may enter, who is invited becomes one."""
    changes = [RankChange(guest, "member") for guest in guests if room.rank_of(guest) == "none"]
    if changes:
        by = Actor.client(sender.bare, session.user_id if session is not None else None)
        await in_db(services.set_affiliations, room.room, changes=changes, by=by)
    for change in changes:  # before the invitation arrives
        await rooms.restand(room.localpart, change.jid)


def _decline(room: RunningRoom, decline: Element, sender: JID, id_: str | None) -> None:
    """To somebody who is inside: rooms are no way to write to strangers."""
    address = parse_jid(services.bare(decline.get("to", "")))
    if str(address) == room.jid:  # to an occupant JID
        occupant = room.occupants.by_nick(decline.get("to", "").partition("/")[2])
        found = [occupant] if occupant is not None else []
    else:
        found = room.occupants.of(str(address))
    if not found:
        raise NotInvitedByThem
    _pass_on(room, found[0].bare, decline, sender.bare, id_)


def _must_invite(room: RunningRoom, sender: JID) -> None:
    if room.occupants.by_device(sender.full) is None:
        raise NotAcceptable("You are not in this room.")
    if not room.room.is_members_only or room.rank_of(sender.bare) in STAFF:
        return
    if not room.room.members_may_invite:
        raise MayNotInvite


def _pass_on(room: RunningRoom, to: str, part: Element, sender: str, id_: str | None) -> None:
    """From the room, naming who it is from; with the password, if the room has one."""
    message = stanza("message", from_=room.jid, to=to, id_=id_)
    x = add(message, _USER)
    copy = parse(serialise(part))
    copy.attrib.pop("to", None)
    copy.set("from", sender)
    x.append(copy)
    if room.room.password and part.tag == _INVITE:
        add(x, f"{{{MUC_USER}}}password", room.room.password)
    wire().route(message)

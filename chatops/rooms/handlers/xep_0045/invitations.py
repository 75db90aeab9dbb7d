"""Invitations through the room, and their declines: XEP-0045 section 7.8.2."""

from django.conf import settings

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.core.database import in_db
from chatops.core.ids import new_id
from chatops.core.wire import Session, wire
from chatops.rooms import services
from chatops.rooms.inside import RunningRoom
from chatops.rooms.privileges import STAFF
from chatops.rooms.running import rooms
from chatops.rooms.services import NoSuchRoom, RankChange
from chatops.xmpp.elements import Element, add, parse, serialise, stanza
from chatops.xmpp.errors import (
    BadRequest,
    Forbidden,
    Malformed,
    NotAcceptable,
    NotFound,
    TooMuch,
)
from chatops.xmpp.jid import JID, InvalidJID
from chatops.xmpp.jid import parse as parse_jid
from chatops.xmpp.names import MUC_USER

MOST_AT_ONCE = 50
_USER = f"{{{MUC_USER}}}x"
INVITE, _DECLINE = f"{{{MUC_USER}}}invite", f"{{{MUC_USER}}}decline"


class MayNotInvite(Forbidden):
    """You may not invite people to this room."""


class NobodyThere(NotFound):
    """There is nobody of that address."""


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
    invitations = user.findall(INVITE)
    if not invitations:
        raise BadRequest("There is nobody to invite.")
    if len(invitations) > MOST_AT_ONCE:
        raise TooMuch(f"Invite {MOST_AT_ONCE} people at once, not more.")
    _must_invite(room, sender)
    guests = [_guest(invitation) for invitation in invitations]
    await in_db(must_be_there, [guest.bare for guest in guests])
    if room.room.is_members_only:
        await _make_members(room, [guest.bare for guest in guests], sender, session)
    for guest, invitation in zip(guests, invitations, strict=True):
        # To one device, if that is what was named: the one that talks already (section 7.9).
        _pass_on(room, guest.full, invitation, sender.full, element.get("id"))


def _guest(invitation: Element) -> JID:
    """Raises Malformed."""
    try:
        return parse_jid(invitation.get("to", "").strip())
    except InvalidJID as error:
        raise Malformed("That is nobody's address.") from error


def must_be_there(guests: list[str]) -> None:
    """Those of this domain need an account. Raises NobodyThere."""
    locals_ = {
        local
        for local, _, domain in (guest.rpartition("@") for guest in guests)
        if domain == settings.CHATOPS_DOMAIN
    }
    if User.objects.filter(username__in=locals_).count() < len(locals_):
        raise NobodyThere


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
    """From the room, naming who it is from."""
    copy = parse(serialise(part))
    copy.attrib.pop("to", None)
    copy.set("from", sender)
    pass_invitation(room, to, copy, id_)


def pass_invitation(room: RunningRoom, to: str, part: Element, id_: str | None = None) -> None:
    """An invitation, with the password if the room has one; or a decline."""
    message = stanza("message", from_=room.jid, to=to, id_=id_ or f"invite{new_id()}")
    x = add(message, _USER)
    x.append(part)
    if room.room.password and part.tag == INVITE:
        add(x, f"{{{MUC_USER}}}password", room.room.password)
    wire().route(message)

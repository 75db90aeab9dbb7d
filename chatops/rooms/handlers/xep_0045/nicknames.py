"""What a nickname may be, XEP-0045 sections 7.10 and 17.1."""

from chatops.rooms.inside import RunningRoom
from chatops.rooms.occupants import NicknameTaken
from chatops.xmpp.errors import Malformed, NotAcceptable
from chatops.xmpp.jid import JID, InvalidJID, parse

LONGEST_NICK = 200


class NoNickname(Malformed):
    """Say which nickname you want: room@service/nickname."""


def nickname_of(to: JID) -> str:
    """The one in an occupant JID. Raises NoNickname."""
    nick = to.resource
    if not nick.strip():
        raise NoNickname
    if len(nick) > LONGEST_NICK:
        raise NoNickname(f"A nickname may have {LONGEST_NICK} characters at most.")
    return nick


def valid_nickname(room: RunningRoom, text: str, bare: str) -> str:
    """One to be registered: as addresses are compared, and nobody else's.

    Raises NotAcceptable or NicknameTaken.
    """
    try:
        nickname = parse(f"{room.jid}/{text}").resource
    except InvalidJID as error:
        raise NotAcceptable("This cannot be a nickname.") from error
    if not nickname.strip() or len(nickname) > LONGEST_NICK:
        raise NotAcceptable(f"A nickname has 1 to {LONGEST_NICK} characters.")
    holder = room.occupants.by_nick(nickname)
    if holder is not None and holder.bare != bare:
        raise NicknameTaken(f"Somebody in the room is called {nickname}.")
    room.must_not_be_reserved(nickname, bare)
    return nickname

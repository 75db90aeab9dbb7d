"""Who is inside a room (XEP-0045 section 5.1): nicknames, and the devices behind them. No I/O."""

import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from chatops.core.wire import Session
from chatops.xmpp.errors import Conflict
from chatops.xmpp.jid import JID
from chatops.xmpp.stanzas import Packed, attribute


class Role(StrEnum):
    """What somebody may do while inside, section 5.1."""

    NONE = "none"
    VISITOR = "visitor"
    PARTICIPANT = "participant"
    MODERATOR = "moderator"


class NicknameTaken(Conflict):
    """Somebody in the room has this nickname already."""


@dataclass(eq=False, slots=True)
class Device:
    """A client that has entered; `session` is None for one of a foreign domain."""

    jid: JID
    session: Session | None = None
    full: str = field(init=False)
    addressed: bytes = field(init=False)  # the `to` of all that is sent there

    def __post_init__(self) -> None:
        self.full = self.jid.full
        self.addressed = attribute("to", self.full)


@dataclass(eq=False)
class Occupant:
    """One nickname, with the devices that speak under it (section 7.2.8)."""

    nick: str
    bare: str  # the real bare JID
    rank: str
    role: Role
    id: str = ""  # the same at each visit, and under each nickname (XEP-0421)
    devices: dict[str, Device] = field(default_factory=dict)  # by full JID
    presence: bytes = b""  # what is inside its last presence
    seen: bool = False  # others have its presence
    packed: dict[bool, Packed] = field(default_factory=dict)  # made of all this, when needed
    left_from: str = ""  # the full JID of the last device, when there is none any more
    since: float = field(default_factory=time.time)
    last_active: float = field(default_factory=time.time)

    @property
    def address(self) -> str:
        """The full JID that is shown to those who may see it (section 17.3, rule 10)."""
        return next(iter(self.devices), self.left_from)


def occupant_id(key: str, bare: str) -> str:
    """Who it is, as everybody may know it: nothing leads back to the address (XEP-0421 §4.1)."""
    return hmac.digest(key.encode(), bare.encode(), "sha256").hex()


class Occupants:
    """The people in one room; `key` is what their ids are made with."""

    def __init__(self, key: str = "") -> None:
        self._key = key
        self._by_nick: dict[str, Occupant] = {}
        self._by_device: dict[str, Occupant] = {}

    def __len__(self) -> int:
        return len(self._by_nick)

    def __iter__(self) -> Iterator[Occupant]:
        return iter(list(self._by_nick.values()))

    def by_nick(self, nick: str) -> Occupant | None:
        return self._by_nick.get(nick)

    def by_device(self, full: str) -> Occupant | None:
        return self._by_device.get(full)

    def of(self, bare: str) -> list[Occupant]:
        """All nicknames of one person."""
        return [occupant for occupant in self._by_nick.values() if occupant.bare == bare]

    def must_be_free(self, nick: str, bare: str) -> None:
        """Somebody may come in under one nickname with several devices (section 7.2.8)."""
        holder = self._by_nick.get(nick)
        if holder is not None and holder.bare != bare:
            raise NicknameTaken(f"Somebody in the room is already called {nick}.")

    def enter(self, nick: str, device: Device, rank: str, role: Role) -> Occupant:
        """Add a device; raises NicknameTaken."""
        bare = device.jid.bare
        self.must_be_free(nick, bare)
        occupant = self._by_nick.get(nick)
        if occupant is None:
            who = occupant_id(self._key, bare)
            occupant = self._by_nick[nick] = Occupant(nick, bare, rank, role, who)
        occupant.devices[device.full] = device
        self._by_device[device.full] = occupant
        return occupant

    def leave(self, full: str) -> tuple[Occupant, Device, bool] | None:
        """Take a device out; the flag says whether its nickname is gone from the room, too."""
        occupant = self._by_device.pop(full, None)
        if occupant is None:
            return None
        device = occupant.devices.pop(full)
        if not occupant.devices:
            occupant.left_from = full
            del self._by_nick[occupant.nick]
        return occupant, device, not occupant.devices

    def remove(self, occupant: Occupant) -> None:
        """Take somebody out with all devices; they stay listed on the occupant."""
        self._by_nick.pop(occupant.nick, None)
        for full in occupant.devices:
            self._by_device.pop(full, None)

    def must_be_unused(self, nick: str, bare: str) -> None:
        """For a change of nickname: nobody has it, not even the same person's other device."""
        self.must_be_free(nick, bare)
        if nick in self._by_nick:
            raise NicknameTaken(f"You are here as {nick} already, with another device.")

    def rename(self, occupant: Occupant, nick: str) -> None:
        """Raises NicknameTaken."""
        self.must_be_unused(nick, occupant.bare)
        del self._by_nick[occupant.nick]
        occupant.nick = nick
        self._by_nick[nick] = occupant

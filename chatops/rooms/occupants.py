"""Who is inside a room, and who may do what to whom (XEP-0045 section 5). Pure: no I/O."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from chatops.xmpp.errors import Conflict, Forbidden, NotAllowed
from chatops.xmpp.jid import JID

RANKS = ("outcast", "none", "member", "admin", "owner")  # affiliations, from low to high


class Role(StrEnum):
    """What somebody may do while inside, section 5.1."""

    NONE = "none"
    VISITOR = "visitor"
    PARTICIPANT = "participant"
    MODERATOR = "moderator"


class NicknameTaken(Conflict):
    """Somebody in the room has this nickname already."""


class NotEnoughRank(NotAllowed):
    """That person's affiliation is as high as yours, or higher."""


class NeedsModerator(Forbidden):
    """Only moderators may do this."""


class NeedsAdmin(Forbidden):
    """Only the room's admins and owners may do this."""


class LastOwner(Conflict):
    """A room needs an owner; make somebody else one first."""


@dataclass
class Occupant:
    """One nickname, with the devices that speak under it."""

    nick: str
    bare: str  # the real bare JID
    rank: str
    role: Role
    devices: dict[str, JID] = field(default_factory=dict)  # by full JID
    presence: bytes = b""  # what is inside its last presence
    since: float = field(default_factory=time.time)
    last_active: float = field(default_factory=time.time)


class Occupants:
    """The people in one room."""

    def __init__(self) -> None:
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
        return [occupant for occupant in self._by_nick.values() if occupant.bare == bare]

    def must_be_free(self, nick: str, bare: str) -> None:
        """Somebody may come in twice under one nickname, with two devices (section 7.2.9)."""
        holder = self._by_nick.get(nick)
        if holder is not None and holder.bare != bare:
            raise NicknameTaken(f"Somebody in the room is already called {nick}.")

    def enter(self, nick: str, device: JID, rank: str, role: Role) -> Occupant:
        """Add a device; raises NicknameTaken."""
        self.must_be_free(nick, device.bare)
        occupant = self._by_nick.get(nick)
        if occupant is None:
            occupant = self._by_nick[nick] = Occupant(nick, str(device.bare), rank, role)
        occupant.devices[device.full] = device
        self._by_device[device.full] = occupant
        return occupant

    def leave(self, full: str) -> tuple[Occupant, bool] | None:
        """Take a device out; the flag says whether its nickname is gone from the room, too."""
        occupant = self._by_device.pop(full, None)
        if occupant is None:
            return None
        occupant.devices.pop(full, None)
        gone = not occupant.devices
        if gone:
            self._by_nick.pop(occupant.nick, None)
        return occupant, gone

    def remove(self, occupant: Occupant) -> None:
        """Take somebody out with all devices; they stay listed on the occupant."""
        self._by_nick.pop(occupant.nick, None)
        for full in occupant.devices:
            self._by_device.pop(full, None)

    def rename(self, occupant: Occupant, nick: str) -> None:
        """Raises NicknameTaken."""
        self.must_be_free(nick, occupant.bare)
        if nick in self._by_nick and self._by_nick[nick] is not occupant:
            raise NicknameTaken(f"You are here as {nick} already, with another device.")
        self._by_nick.pop(occupant.nick, None)
        occupant.nick = nick
        self._by_nick[nick] = occupant


def first_role(rank: str, *, moderated: bool) -> Role:
    """The role on entering, section 5.1.2."""
    if rank in ("owner", "admin"):
        return Role.MODERATOR
    if rank == "member" or not moderated:
        return Role.PARTICIPANT
    return Role.VISITOR


def may_change_role(actor: Occupant, target: Occupant, role: Role) -> None:
    """Sections 8.2 to 8.5, 9.6, 9.7. Raises a refusal."""
    if actor.role != Role.MODERATOR:
        raise NeedsModerator
    if Role.MODERATOR in (role, target.role) and actor.rank not in ("admin", "owner"):
        raise NeedsAdmin
    lowered = role != Role.MODERATOR
    if lowered and actor is not target:
        same = RANKS.index(target.rank) == RANKS.index(actor.rank)
        if RANKS.index(target.rank) > RANKS.index(actor.rank) or (
            same and target.rank in ("admin", "owner")
        ):
            raise NotEnoughRank


def may_change_rank(actor_rank: str, target_rank: str, rank: str, *, owners: int) -> None:
    """Sections 9.1 to 9.5, 10.3 to 10.8. `owners` is how many there are. Raises a refusal."""
    if actor_rank not in ("admin", "owner"):
        raise NeedsAdmin
    if actor_rank == "admin" and ("admin" in (target_rank, rank) or "owner" in (target_rank, rank)):
        raise NotEnoughRank if target_rank in ("admin", "owner") else NeedsAdmin
    if target_rank == "owner" and rank != "owner" and owners <= 1:
        raise LastOwner

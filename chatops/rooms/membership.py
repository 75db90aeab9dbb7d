"""Who is who in a room that is awake: affiliations, reserved nicknames, and who has voice."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from chatops.rooms.history import Said
from chatops.rooms.models import Room
from chatops.rooms.occupants import NicknameTaken, Occupant, Occupants, Role
from chatops.rooms.privileges import first_role
from chatops.rooms.services.decoration import HatShown

NONE, OUTCAST = "none", "outcast"
MOST_VOICES = 10_000  # remembered in one room


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's long-lived place in a room: an affiliation, and perhaps a reserved nickname."""

    rank: str
    nickname: str = ""
    reason: str = ""


@dataclass
class Loaded:
    """A room as the database has it."""

    room: Room
    standings: dict[str, Standing]  # by bare JID
    archive_id: int
    said: list[Said] = field(default_factory=list)
    hats: dict[str, list[HatShown]] = field(default_factory=dict)  # by bare JID


class Membership:
    """What the database has of people, and what moderators have done to them since."""

    def __init__(self, loaded: Loaded) -> None:
        self.occupants = Occupants(loaded.room.occupant_key)
        self.room = loaded.room
        self._voices: OrderedDict[str, Role] = OrderedDict()  # that moderators gave, or took
        self._opened = False
        self.refresh(loaded)

    def refresh(self, loaded: Loaded) -> None:
        """Take over what the database has now."""
        self._opened |= self.room.is_moderated and not loaded.room.is_moderated
        self.room, self.archive_id = loaded.room, loaded.archive_id
        self.standings, self.hats = loaded.standings, loaded.hats
        self._reserved = {
            standing.nickname: jid for jid, standing in self.standings.items() if standing.nickname
        }

    @property
    def ranks(self) -> Mapping[str, str]:
        return {jid: standing.rank for jid, standing in self.standings.items()}

    def rank_of(self, bare: str) -> str:
        """The affiliation; who has none shares the ban of the whole domain (section 9.2)."""
        standing = self.standings.get(bare)
        if standing is not None:
            return standing.rank
        domain = self.standings.get(bare.partition("@")[2])
        return OUTCAST if domain is not None and domain.rank == OUTCAST else NONE

    def meant_by(self, jid: str) -> list[Occupant]:
        """Those inside whom a change for a bare JID, or for a whole domain, concerns."""
        if "@" in jid:
            return self.occupants.of(jid)
        return [
            occupant
            for occupant in self.occupants
            if occupant.bare.endswith(f"@{jid}") and occupant.bare not in self.standings
        ]

    def nickname_of(self, bare: str) -> str:
        """The one that somebody has registered, or ''."""
        standing = self.standings.get(bare)
        return standing.nickname if standing is not None else ""

    def stand(self, bare: str, standing: Standing | None) -> None:
        """Somebody's place has changed."""
        self._voices.pop(bare, None)
        before = self.standings.pop(bare, None)
        if before is not None:
            self._reserved.pop(before.nickname, None)
        if standing is not None:
            self.standings[bare] = standing
            if standing.nickname:
                self._reserved[standing.nickname] = bare

    def must_not_be_reserved(self, nick: str, bare: str) -> None:
        """Section 7.12: a registered nickname is its owner's. Raises NicknameTaken."""
        if self._reserved.get(nick, bare) != bare:
            raise NicknameTaken(f"{nick} is the registered name of somebody else.")

    def reserved_for(self, bare: str) -> str:
        """The nickname that somebody must enter under, '' for any (section 7.10)."""
        return self.nickname_of(bare) if self.room.needs_registered_nickname else ""

    def role_of_newcomer(self, bare: str, rank: str) -> Role:
        """Section 5.1.2; voice that was given or taken outlasts a visit (section 5.1)."""
        role = first_role(rank, moderated=self.room.silences_newcomers)
        return role if role == Role.MODERATOR else self._voices.get(bare, role)

    def remember_voice(self, occupant: Occupant) -> None:
        """As a moderator wants it from now on."""
        self._voices.pop(occupant.bare, None)
        if occupant.role in (Role.VISITOR, Role.PARTICIPANT):
            self._voices[occupant.bare] = occupant.role
            while len(self._voices) > MOST_VOICES:
                self._voices.popitem(last=False)

    def give_voice_to_all(self) -> list[Occupant]:
        """Where the room was moderated and is not any more; returns who had none."""
        if not self._opened:
            return []
        self._opened = False
        self._voices.clear()
        silent = [each for each in self.occupants if each.role == Role.VISITOR]
        for occupant in silent:
            occupant.role = Role.PARTICIPANT
        return silent

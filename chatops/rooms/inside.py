"""A room that is awake: its settings, its people, and what is said to them. Lives on the loop."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

from chatops.core.wire import Tracked, wire
from chatops.rooms.history import History, Said
from chatops.rooms.models import Room, WhoSeesJids
from chatops.rooms.occupants import Device, NicknameTaken, Occupant, Occupants, Role
from chatops.rooms.privileges import first_role
from chatops.xmpp.elements import Element, add, make, parse, stanza
from chatops.xmpp.names import CLIENT, DELAY, MUC_USER, OCCUPANT_ID
from chatops.xmpp.stamps import stamp
from chatops.xmpp.stanzas import Packed, attribute

NONE, OUTCAST = "none", "outcast"
MOST_VOICES = 10_000  # remembered in one room
ROOMS = "rooms"  # noted on a session: those that it is in


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


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to somebody's presence: nothing special, or the reasons for a change."""

    codes: tuple[int, ...] = ()
    type: str | None = None
    nick: str = ""  # the new one (section 7.6)
    reason: str = ""
    by: str = ""  # the nickname, or the name, of who did it
    words: bytes = b""  # what somebody says while leaving
    destroyed: Element | None = None


PLAIN = Turn()


class RunningRoom:
    """One room, awake. `closed` when it is not, any more: who still holds it, asks for it anew."""

    def __init__(self, loaded: Loaded) -> None:
        self.localpart = loaded.room.localpart
        self.jid = loaded.room.jid
        self.occupants = Occupants(loaded.room.occupant_key)
        self._voices: OrderedDict[str, Role] = OrderedDict()  # that moderators gave, or took
        self.closed = self._opened = False
        self.room = loaded.room
        self.voice_asked: dict[str, float] = {}  # when (time.monotonic), by bare JID
        self.history = History(self.jid, loaded.room.history_length, loaded.said)
        self.refresh(loaded)

    def refresh(self, loaded: Loaded) -> None:
        """Take over what the database has now."""
        self._opened |= self.room.is_moderated and not loaded.room.is_moderated
        self.room, self.archive_id = loaded.room, loaded.archive_id
        self.standings = loaded.standings
        self._reserved = {
            standing.nickname: jid for jid, standing in self.standings.items() if standing.nickname
        }
        self.history.resize(self.room.history_length, usual=self.room.default_history)

    # Who is who

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

    def occupant_jid(self, occupant: Occupant) -> str:
        return f"{self.jid}/{occupant.nick}"

    def sees_jids(self, occupant: Occupant) -> bool:
        return self.room.who_sees_jids == WhoSeesJids.ANYONE or occupant.role == Role.MODERATOR

    def is_shown(self, role: Role) -> bool:
        """Whether the presence of that role is broadcast."""
        return not self.room.presence_broadcast or role.value in self.room.presence_broadcast

    def name_of(self, by: str) -> str:
        """Who did something, as people inside may know it: never by a real address."""
        if "@" not in by:
            return by
        inside = self.occupants.of(by)
        return inside[0].nick if inside else ""

    # Presence

    def show(
        self, occupant: Occupant, turn: Turn = PLAIN, *, own_codes: Iterable[int] = ()
    ) -> None:
        """Tell everybody how somebody is: three serialisations, however many listen.

        Who has a role that is not shown (`presencebroadcast`) is not seen, and vanishes for the
        others when the role becomes such a one.
        """
        occupant.packed.clear()
        if turn.type is not None:
            if occupant.seen:
                self._tell_others(occupant, lambda jid: self._presence(occupant, turn, jid=jid))
            occupant.seen = occupant.seen and bool(turn.nick)
        elif self.is_shown(occupant.role):
            if turn == PLAIN:
                self._tell_others(occupant, lambda jid: self.presence_of(occupant, jid=jid))
            else:
                self._tell_others(occupant, lambda jid: self._presence(occupant, turn, jid=jid))
            occupant.seen = True
        elif occupant.seen:
            gone = Turn(type="unavailable")
            self._tell_others(occupant, lambda jid: self._presence(occupant, gone, jid=jid))
            occupant.seen = False
        own = self._presence(occupant, turn, jid=True, own=(*own_codes, 110))
        self.send(occupant, own, self.occupant_jid(occupant))

    def show_itself(self, device: Device, occupant: Occupant, codes: Iterable[int]) -> None:
        """One's own presence once more, to one device."""
        own = self._presence(occupant, PLAIN, jid=True, own=(*codes, 110))
        self.deliver(device, own, self.occupant_jid(occupant))

    def show_departure(self, device: Device, occupant: Occupant, turn: Turn) -> None:
        """To the device that leaves, whether or not its nickname stays."""
        own = self._presence(occupant, turn, jid=True, own=(110,))
        self.deliver(device, own, self.occupant_jid(occupant))

    def presence_of(self, occupant: Occupant, *, jid: bool) -> Packed:
        """Somebody's presence as it is, made once for all who come in later."""
        packed = occupant.packed.get(jid)
        if packed is None:
            packed = occupant.packed[jid] = self._presence(occupant, PLAIN, jid=jid)
        return packed

    def _presence(
        self, occupant: Occupant, turn: Turn, *, jid: bool, own: Sequence[int] = ()
    ) -> Packed:
        """Section 7.2.2: with role and affiliation always, with the address where it may be."""
        element = stanza("presence", type_=turn.type)
        x = add(element, f"{{{MUC_USER}}}x")
        leaves = turn.type is not None and not turn.nick
        item = add(
            x,
            f"{{{MUC_USER}}}item",
            affiliation=occupant.rank,
            role=(Role.NONE if leaves else occupant.role).value,
            nick=turn.nick or None,
            jid=occupant.address if jid else None,
        )
        if turn.by:
            add(item, f"{{{MUC_USER}}}actor", nick=turn.by)
        if turn.reason:
            add(item, f"{{{MUC_USER}}}reason", turn.reason)
        for code in (*turn.codes, *own):
            add(x, f"{{{MUC_USER}}}status", code=str(code))
        if turn.destroyed is not None:
            x.append(copy(turn.destroyed))
        add(element, f"{{{OCCUPANT_ID}}}occupant-id", id=occupant.id)
        inner = turn.words if turn.type is not None else occupant.presence
        packed = Packed.pack(element)
        return packed.with_child(inner) if inner else packed

    def _tell_others(self, occupant: Occupant, variant: Callable[[bool], Packed]) -> None:
        sender = attribute("from", self.occupant_jid(occupant))
        open_to_all = self.room.who_sees_jids == WhoSeesJids.ANYONE
        parts: dict[bool, tuple[bytes, bytes]] = {}
        for other in self.occupants:
            if other is occupant:
                continue
            sees = open_to_all or other.role == Role.MODERATOR
            found = parts.get(sees)
            if found is None:
                packed = variant(sees)
                found = parts[sees] = (packed.head + sender, packed.tail)
            for device in other.devices.values():
                hand_over(device, b"".join((found[0], device.addressed, found[1])))

    # Messages

    def send(self, occupant: Occupant, packed: Packed, sender: str) -> None:
        """To all devices of one occupant."""
        for device in occupant.devices.values():
            self.deliver(device, packed, sender)

    def deliver(self, device: Device, packed: Packed, sender: str) -> None:
        hand_over(device, packed.addressed(to=device.full, sender=sender))

    def send_all(
        self, packed: Packed, sender: str, lines: Mapping[str, Tracked] | None = None
    ) -> None:
        """To everybody inside; `sender` is the room or an occupant of it.

        `lines`: what follows the message to each device, by its full JID.
        """
        head, tail = packed.head + attribute("from", sender), packed.tail
        for occupant in self.occupants:
            for device in occupant.devices.values():
                line = lines.get(device.full) if lines else None
                hand_over(device, b"".join((head, device.addressed, tail)), line)

    def announce(self, codes: Sequence[int]) -> None:
        """A change of the room's settings (section 10.2.1)."""
        message = stanza("message", type_="groupchat")
        x = add(message, f"{{{MUC_USER}}}x")
        for code in codes:
            add(x, f"{{{MUC_USER}}}status", code=str(code))
        self.send_all(Packed.pack(message), self.jid)

    def announce_rank(self, bare: str, rank: str) -> None:
        """Of somebody who is not inside, to those who see addresses (sections 9.3, 10.3, 10.6)."""
        message = stanza("message")
        x = add(message, f"{{{MUC_USER}}}x")
        add(x, f"{{{MUC_USER}}}item", affiliation=rank, jid=bare, role=Role.NONE.value)
        packed = Packed.pack(message)
        for occupant in self.occupants:
            if self.sees_jids(occupant):
                self.send(occupant, packed, self.jid)

    def send_subject(self, device: Device) -> None:
        """Always the last word of a join (section 7.2.15), also when there is none."""
        packed = self.subject_message(late=True)
        self.deliver(device, packed, self.room.subject_set_by or self.jid)

    def subject_message(self, *, late: bool = False) -> Packed:
        message = stanza("message", type_="groupchat")
        add(message, f"{{{CLIENT}}}subject", self.room.subject)
        if self.room.subject_occupant_id:
            add(message, f"{{{OCCUPANT_ID}}}occupant-id", id=self.room.subject_occupant_id)
        if late and self.room.subject_set_at:
            message.append(
                make(f"{{{DELAY}}}delay", from_=self.jid, stamp=stamp(self.room.subject_set_at))
            )
        return Packed.pack(message)


def hand_over(device: Device, data: bytes, line: Tracked | None = None) -> None:
    """To a session here, or over a link."""
    if device.session is not None:
        device.session.send(data, line)
    else:
        wire().route(parse(data))

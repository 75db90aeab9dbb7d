"""A room that is awake: its settings, its people, and what is said to them. Lives on the loop."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

from chatops.core.wire import Tracked, wire
from chatops.rooms.history import History
from chatops.rooms.membership import Loaded, Membership
from chatops.rooms.models import WhoSeesJids
from chatops.rooms.occupants import Device, Occupant, Role
from chatops.xmpp.elements import Element, add, make, parse, stanza
from chatops.xmpp.names import CLIENT, DELAY, HATS, MUC_USER, OCCUPANT_ID
from chatops.xmpp.stamps import stamp
from chatops.xmpp.stanzas import Packed, attribute

ROOMS = "rooms"  # noted on a session: those that it is in


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


class RunningRoom(Membership):
    """One room, awake. `closed` when it is not, any more: who still holds it, asks for it anew."""

    def __init__(self, loaded: Loaded) -> None:
        self.localpart = loaded.room.localpart
        self.jid = loaded.room.jid
        self.closed = False
        self.voice_asked: dict[str, float] = {}  # when (time.monotonic), by bare JID
        self.history = History(self.jid, loaded.room.history_length, loaded.said)
        super().__init__(loaded)

    def refresh(self, loaded: Loaded) -> None:
        """Take over what the database has now."""
        super().refresh(loaded)
        self.history.resize(self.room.history_length, usual=self.room.default_history)

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
        for device in occupant.devices.values():
            give(device, own)

    def show_itself(self, device: Device, occupant: Occupant, codes: Iterable[int]) -> None:
        """One's own presence once more, to one device."""
        give(device, self._presence(occupant, PLAIN, jid=True, own=(*codes, 110)))

    def show_departure(self, device: Device, occupant: Occupant, turn: Turn) -> None:
        """To the device that leaves, whether or not its nickname stays."""
        give(device, self._presence(occupant, turn, jid=True, own=(110,)))

    def show_the_others(self, newcomer: Occupant, device: Device) -> None:
        """Section 7.2.2: who is there already, before one's own presence."""
        sees = self.sees_jids(newcomer)
        for other in self.occupants:
            if other is not newcomer and other.seen:
                give(device, self.presence_of(other, jid=sees))

    def presence_of(self, occupant: Occupant, *, jid: bool) -> Packed:
        """Somebody's presence as it is, made once for all who come in later."""
        packed = occupant.packed.get(jid)
        if packed is None:
            packed = occupant.packed[jid] = self._presence(occupant, PLAIN, jid=jid)
        return packed

    def _presence(
        self, occupant: Occupant, turn: Turn, *, jid: bool, own: Sequence[int] = ()
    ) -> Packed:
        """Section 7.2.2: with role and affiliation always, with the address where it may be.

        It has its sender already, so that only the addressee is left to be said.
        """
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
        if hats := self.hats.get(occupant.bare):
            worn = add(element, f"{{{HATS}}}hats")
            for hat in hats:
                add(worn, f"{{{HATS}}}hat", uri=hat.uri, title=hat.title, hue=hat.hue or None)
        inner = turn.words if turn.type is not None else occupant.presence
        packed = Packed.pack(element)
        if inner:
            packed = packed.with_child(inner)
        return Packed(packed.head + attribute("from", self.occupant_jid(occupant)), packed.tail)

    def _tell_others(self, occupant: Occupant, variant: Callable[[bool], Packed]) -> None:
        open_to_all = self.room.who_sees_jids == WhoSeesJids.ANYONE
        variants: dict[bool, Packed] = {}
        for other in self.occupants:
            if other is occupant:
                continue
            sees = open_to_all or other.role == Role.MODERATOR
            packed = variants.get(sees)
            if packed is None:
                packed = variants[sees] = variant(sees)
            for device in other.devices.values():
                give(device, packed)

    # Messages

    def send(
        self,
        occupant: Occupant,
        packed: Packed,
        sender: str,
        lines: Mapping[str, Tracked] | None = None,
    ) -> None:
        """To all devices of one occupant; `lines` as in `send_all`."""
        for device in occupant.devices.values():
            self.deliver(device, packed, sender, lines.get(device.full) if lines else None)

    def deliver(
        self, device: Device, packed: Packed, sender: str, line: Tracked | None = None
    ) -> None:
        hand_over(device, packed.addressed(to=device.full, sender=sender), line)

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


def give(device: Device, packed: Packed) -> None:
    """What has its sender already; hot, as each newcomer costs two for everybody inside."""
    hand_over(device, b"".join((packed.head, device.addressed, packed.tail)))


def hand_over(device: Device, data: bytes, line: Tracked | None = None) -> None:
    """To a session here, or over a link."""
    if device.session is not None:
        device.session.send(data, line)
    else:
        wire().route(parse(data))

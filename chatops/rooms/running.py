"""The rooms that are awake: settings, people, and what is said to them. On the loop."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from chatops.archive import services as archive
from chatops.archive.services import ArchiveQuery, Kept
from chatops.core.database import in_db
from chatops.core.ids import moment_of
from chatops.core.wire import wire
from chatops.rooms.models import Affiliation, Room, WhoSeesJids
from chatops.rooms.occupants import Occupant, Occupants, Role
from chatops.xmpp.elements import add, make, parse, serialise, stanza
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, DELAY, MUC_USER
from chatops.xmpp.stamps import stamp
from chatops.xmpp.stanzas import Packed


@dataclass
class Loaded:
    """A room as the database has it."""

    room: Room
    ranks: dict[str, str]
    archive_id: int
    recent: list[Kept]


class RunningRoom:
    """One room, awake."""

    def __init__(self, loaded: Loaded) -> None:
        self.localpart = loaded.room.localpart
        self.jid = loaded.room.jid
        self.occupants = Occupants()
        self.destroyed = False
        # Id, stanza and occupant JID of the last things said.
        self.recent: deque[tuple[int, Packed, str]] = deque(
            (kept.id, Packed.from_bytes(kept.xml.encode()), parse(kept.xml).get("from", ""))
            for kept in loaded.recent
        )
        self.refresh(loaded)

    def refresh(self, loaded: Loaded) -> None:
        """Take over what the database has now."""
        self.room, self.ranks = loaded.room, loaded.ranks
        self.archive_id = loaded.archive_id
        self._trim()

    # Who is who

    def rank_of(self, bare: str) -> str:
        return self.ranks.get(bare, "none")

    def set_rank(self, bare: str, rank: str) -> None:
        if rank == "none":
            self.ranks.pop(bare, None)
        else:
            self.ranks[bare] = rank

    def occupant_jid(self, occupant: Occupant) -> str:
        return f"{self.jid}/{occupant.nick}"

    def sees_jids(self, occupant: Occupant) -> bool:
        return self.room.who_sees_jids == WhoSeesJids.ANYONE or occupant.role == Role.MODERATOR

    def is_shown(self, role: Role) -> bool:
        """Whether the presence of that role is broadcast."""
        return not self.room.presence_broadcast or role.value in self.room.presence_broadcast

    # What it says

    def presence(
        self,
        occupant: Occupant,
        *,
        with_jid: bool,
        codes: Iterable[int] = (),
        type_: str | None = None,
        nick: str = "",
        reason: str = "",
        by: str = "",
        role: Role | None = None,
    ) -> Packed:
        """An occupant's presence as others see it (section 7.2.3)."""
        element = stanza("presence", type_=type_)
        x = add(element, f"{{{MUC_USER}}}x")
        item = add(
            x,
            f"{{{MUC_USER}}}item",
            affiliation=occupant.rank,
            role=(role or occupant.role).value,
            nick=nick or None,
        )
        if with_jid:
            item.set("jid", next(iter(occupant.devices), occupant.bare))
        if by:
            add(item, f"{{{MUC_USER}}}actor", nick=by)
        if reason:
            add(item, f"{{{MUC_USER}}}reason", reason)
        for code in codes:
            add(x, f"{{{MUC_USER}}}status", code=str(code))
        packed = Packed.pack(element)
        if type_ is None and occupant.presence:
            packed = packed.with_child(occupant.presence)
        return packed

    def show(
        self,
        occupant: Occupant,
        *,
        codes: Sequence[int] = (),
        own_codes: Sequence[int] = (),
        type_: str | None = None,
        nick: str = "",
        reason: str = "",
        by: str = "",
        role: Role | None = None,
    ) -> None:
        """Tell everybody how somebody is: three serialisations, however many listen."""
        sender = self.occupant_jid(occupant)
        variants = {
            with_jid: self.presence(
                occupant,
                with_jid=with_jid,
                codes=codes,
                type_=type_,
                nick=nick,
                reason=reason,
                by=by,
                role=role,
            )
            for with_jid in (False, True)
        }
        if self.is_shown(role or occupant.role) or type_ is not None:
            for other in self.occupants:
                if other is not occupant:
                    self.send(other, variants[self.sees_jids(other)], sender)
        own = self.presence(
            occupant,
            with_jid=True,
            codes=[*codes, *own_codes, 110],
            type_=type_,
            nick=nick,
            reason=reason,
            by=by,
            role=role,
        )
        self.send(occupant, own, sender)

    def send(self, occupant: Occupant, packed: Packed, sender: str) -> None:
        """To all devices of one occupant."""
        for device in occupant.devices.values():
            send_to(device, packed, sender)

    def send_all(self, packed: Packed, sender: str) -> None:
        """To everybody inside."""
        for occupant in self.occupants:
            for device in occupant.devices.values():
                send_to(device, packed, sender)

    def announce(self, codes: Sequence[int]) -> None:
        """A change of the room's settings (section 10.2.1)."""
        message = stanza("message", type_="groupchat")
        x = add(message, f"{{{MUC_USER}}}x")
        for code in codes:
            add(x, f"{{{MUC_USER}}}status", code=str(code))
        self.send_all(Packed.pack(message), self.jid)

    # History

    def remember(self, message_id: int, packed: Packed, sender: str) -> None:
        self.recent.append((message_id, packed, sender))
        self._trim()

    def send_history(
        self, device: JID, *, most: int | None, since_id: int, characters: int | None
    ) -> None:
        """What the newcomer wants to hear of what was said (section 7.2.13)."""
        chosen: list[bytes] = []
        left = characters
        for message_id, packed, sender in reversed(self.recent):
            if message_id < since_id or (most is not None and len(chosen) >= most):
                break
            late = make(f"{{{DELAY}}}delay", from_=self.jid, stamp=stamp(moment_of(message_id)))
            data = packed.with_child(serialise(late)).addressed(to=device.full, sender=sender)
            if left is not None:
                left -= len(data)
                if left < 0:
                    break
            chosen.append(data)
        for data in reversed(chosen):
            send_bytes(device, data)

    def send_subject(self, device: JID) -> None:
        """Always the last word of a join (section 7.2.15), also when there is none."""
        message = stanza("message", type_="groupchat")
        add(message, f"{{{CLIENT}}}subject", self.room.subject)
        if self.room.subject_set_at:
            add(message, f"{{{DELAY}}}delay", from_=self.jid, stamp=stamp(self.room.subject_set_at))
        send_to(device, Packed.pack(message), self.room.subject_set_by or self.jid)

    def _trim(self) -> None:
        while len(self.recent) > self.room.history_length:
            self.recent.popleft()


class Rooms:
    """The rooms that are awake, by local part."""

    def __init__(self) -> None:
        self._awake: dict[str, RunningRoom] = {}

    def get(self, localpart: str) -> RunningRoom | None:
        return self._awake.get(localpart)

    async def wake(self, localpart: str) -> RunningRoom | None:
        """The room, from memory or from the database; None where there is none."""
        known = self._awake.get(localpart)
        if known is not None:
            return known
        loaded = await in_db(load, localpart)
        if loaded is None:
            return None
        return self._awake.setdefault(localpart, RunningRoom(loaded))

    def forget(self, room: RunningRoom) -> None:
        if self._awake.get(room.localpart) is room:
            del self._awake[room.localpart]

    def awake(self) -> list[RunningRoom]:
        return list(self._awake.values())


rooms = Rooms()


def load(localpart: str) -> Loaded | None:
    """Read a room with what it needs to run."""
    room = Room.objects.filter(localpart=localpart).first()
    if room is None:
        return None
    ranks = dict(Affiliation.objects.filter(room=room).values_list("jid", "rank"))
    recent: list[Kept] = []
    if room.history_length:
        page = archive.page(
            owner=room.jid, query=ArchiveQuery(), most=room.history_length, backwards=True
        )
        recent = page.messages
    return Loaded(room, ranks, archive.archive_id(room.jid), recent)


def send_to(device: JID, packed: Packed, sender: str) -> None:
    send_bytes(device, packed.addressed(to=device.full, sender=sender))


def send_bytes(device: JID, data: bytes) -> None:
    """To a session here, or over a link."""
    session = wire().session(device)
    if session is not None:
        session.send(data)
    elif device.domain != settings.CHATOPS_DOMAIN:
        wire().route(parse(data))

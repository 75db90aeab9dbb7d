"""What was said last in a room, for those who enter it (XEP-0045 section 7.2.12 to 7.2.13)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from chatops.core.ids import first_at, moment_of
from chatops.xmpp.elements import Element, make, serialise
from chatops.xmpp.names import DELAY, MUC
from chatops.xmpp.stamps import read_stamp, stamp
from chatops.xmpp.stanzas import Packed

LONGEST_PAST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class HistoryWanted:
    """How much a newcomer wants to hear."""

    most: int | None = None
    characters: int | None = None
    since: datetime | None = None

    @classmethod
    def read(cls, join: Element) -> "HistoryWanted":
        """From the ``<x/>`` of a join; what cannot be read is not asked for."""
        element = join.find(f"{{{MUC}}}history")
        if element is None:
            return cls()
        since = _moment(element.get("since"))
        seconds = _number(element.get("seconds"))
        if seconds is not None:
            moment = datetime.now(UTC) - min(timedelta(seconds=seconds), LONGEST_PAST)
            moment += timedelta(milliseconds=1)  # ids tell milliseconds; 0 s means nothing at all
            since = max(since, moment) if since else moment
        return cls(_number(element.get("maxstanzas")), _number(element.get("maxchars")), since)


@dataclass(slots=True)
class Said:
    """One message; `late` is it with its delay stamp, made when somebody first needs it."""

    id: int
    packed: Packed
    sender: str  # an occupant JID
    late: Packed | None = None

    @property
    def size(self) -> int:
        """Twice, as it will be kept with its stamp, too."""
        return 2 * (len(self.packed.head) + len(self.packed.tail))


class History:
    """The last `length` messages of a room, or fewer where they are long."""

    def __init__(self, room: str, length: int, said: Iterable[Said] = ()) -> None:
        self._room = room
        self._said: deque[Said] = deque()
        self._length = self._usual = length
        self._bytes = 0
        for each in said:
            self.remember(each)

    def resize(self, length: int, *, usual: int) -> None:
        """Older ones that a longer history would hold come with the room's next awakening.

        So many as are `usual` go to those who do not say how many they want.
        """
        self._length, self._usual = length, usual
        self._shorten()

    def remember(self, said: Said) -> None:
        self._said.append(said)
        self._bytes += said.size
        self._shorten()

    def _shorten(self) -> None:
        while len(self._said) > self._length or (
            self._bytes > settings.CHATOPS_ROOM_HISTORY_BYTES and self._said
        ):
            self._bytes -= self._said.popleft().size

    def forget(self, message_id: int) -> None:
        """It was retracted."""
        kept = [said for said in self._said if said.id != message_id]
        self._said = deque(kept)
        self._bytes = sum(said.size for said in kept)

    def chosen(self, wanted: HistoryWanted, to: str) -> list[bytes]:
        """What a newcomer hears, oldest first, addressed to it."""
        first = first_at(wanted.since) if wanted.since else 0
        left = wanted.characters
        most = wanted.most
        if most is None:
            most = len(self._said) if wanted.since else self._usual
        found: list[bytes] = []
        for said in reversed(self._said):
            if said.id < first or len(found) >= most:
                break
            data = self._late(said).addressed(to=to, sender=said.sender)
            if left is not None:
                left -= len(data.decode())
                if left < 0:
                    break
            found.append(data)
        found.reverse()
        return found

    def _late(self, said: Said) -> Packed:
        if said.late is None:
            delay = make(f"{{{DELAY}}}delay", from_=self._room, stamp=stamp(moment_of(said.id)))
            said.late = said.packed.with_child(serialise(delay))
        return said.late


def _moment(text: str | None) -> datetime | None:
    try:
        return read_stamp(text) if text else None
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None

"""Requests of a BOSH session and their answers, XEP-0124 sections 9 and 14."""

import asyncio
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from django.conf import settings

from chatops.bridge.doors.bosh.terms import XML
from chatops.xmpp.wrapper import Body

REPEATS = 30  # times that one answer is given again; a client that needs more is broken


@dataclass(frozen=True, slots=True)
class Answer:
    """What one HTTP response says."""

    data: bytes
    content: str = XML
    status: int = 200


@dataclass(eq=False, slots=True)
class Request:
    """One HTTP request of a session, until it is answered."""

    body: Body
    answer: "asyncio.Future[Answer]"
    arrived: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None

    @property
    def live(self) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.answer.done()

    def respond(self, answer: Answer) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.answer.done():
            self.answer.set_result(answer)


@dataclass(slots=True)
class _Given:
    data: bytes
    at: float
    repeats: int = 0


class Answers:
    """The last answers, to be given again; and up to which request the client has its own.

    A client has at most so many requests under way as it was told. So whoever sends number r has
    the answer to r minus that many; more is known only from what it says (`ack`), or when it asks
    with an empty request, which clients do as soon as none of theirs is held.
    """

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._given: OrderedDict[int, _Given] = OrderedDict()
        self._proven = 0  # the client has the answers up to this number
        self._filled = 0  # the last number whose answer had payloads
        self.last = 0  # the last number that was answered

    @property
    def unproven(self) -> bool:
        """Whether payloads are out of which nothing says that the client has them."""
        return self._filled > self._proven

    def add(self, rid: int, data: bytes, *, filled: bool) -> None:
        self._given[rid] = _Given(data, time.monotonic())
        self.last = rid
        if filled:
            self._filled = rid
        while len(self._given) > self._requests:
            self._given.popitem(last=False)

    def prove(self, rid: int) -> None:
        self._proven = max(self._proven, min(rid, self.last))

    def again(self, rid: int) -> bytes | None:
        """That answer; None where it is not kept any more. Raises LookupError where it was asked
        for too often.
        """
        given = self._given.get(rid)
        if given is None:
            return None
        given.repeats += 1
        if given.repeats > REPEATS:
            raise LookupError(rid)
        return given.data

    def age(self, rid: int) -> float | None:
        """Seconds since that answer was given, if it is remembered."""
        given = self._given.get(rid)
        return None if given is None else time.monotonic() - given.at


class Outbox:
    """What is to be sent and waits for a request."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self.bytes = 0
        self.empty = asyncio.Event()
        self.empty.set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, data: bytes) -> None:
        self._waiting.append(data)
        self.bytes += len(data)
        self.empty.clear()

    def take(self) -> bytes:
        """As much as one answer may hold, and one element at least."""
        taken: list[bytes] = []
        room = settings.CHATOPS_BOSH_MAX_BODY_BYTES
        while self._waiting and (not taken or len(self._waiting[0]) <= room):
            data = self._waiting.popleft()
            taken.append(data)
            room -= len(data)
            self.bytes -= len(data)
        if not self._waiting:
            self.empty.set()
        return b"".join(taken)

    def take_all(self) -> bytes:
        data = b"".join(self._waiting)
        self.clear()
        return data

    def clear(self) -> None:
        self._waiting.clear()
        self.bytes = 0
        self.empty.set()

"""The counters of stream management where they begin again, XEP-0198 section 4."""

import asyncio
from dataclasses import dataclass, field

import pytest

from chatops.bridge.sessions import LiveSession
from chatops.core.wire import Session
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.jid import parse

LAST = 2**32 - 1

pytestmark = pytest.mark.spec("XEP-0198 §4")


@dataclass
class Line:
    """A Link that keeps what is written."""

    door: str = "tcp"
    address: str = ""
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def ask_for_life(self) -> None: ...
    def fault(self, fault: StreamFault) -> None: ...
    def is_drained(self) -> bool:
        return True

    async def drained(self) -> None: ...
    def pump(self) -> None: ...


@dataclass
class Letter:
    """A Tracked that says what has become of it."""

    state: str = ""
    owed: bool = True
    insists: bool = False

    def sent(self, session: Session) -> None:
        self.state = "sent"

    def confirmed(self, session: Session) -> None:
        self.state = "confirmed"

    def settled(self, session: Session) -> None:
        self.state = "settled"

    def lost(self, session: Session) -> None:
        self.state = "lost"


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def session(line: Line) -> LiveSession:
    live = LiveSession(parse("bob@localhost/phone"), 1, 1, lambda _: None)
    live.attach(line)
    live.manage(resumable=True)
    return live


async def test_the_clients_count_begins_again_after_its_last(session: LiveSession) -> None:
    session.acknowledged = LAST
    letters = [Letter() for _ in range(3)]
    for letter in letters:
        session.send(b"<message/>", letter)
    session.acknowledge(1)  # 2**32 - 1, 0, 1
    assert [letter.state for letter in letters] == ["confirmed", "confirmed", "sent"]
    with pytest.raises(StreamFault, match="More than was sent"):
        session.acknowledge(LAST)
    session.finish_session()
    assert letters[2].state == "lost"


async def test_our_own_count_begins_again_after_its_last(session: LiveSession, line: Line) -> None:
    session.handled = LAST
    for _ in range(3):
        session.begin()
    session.asked()
    assert not line.written
    for _ in range(3):
        session.finish()
    assert session.handled == 2
    (answer,) = line.written
    assert b'h="2"' in answer or b"h='2'" in answer


async def test_what_is_refused_counts_behind_what_is_under_way(
    session: LiveSession, line: Line
) -> None:
    session.begin()
    session.count()  # refused at once, after the message that is under way
    session.begin()
    session.asked()
    assert session.handled == 0
    session.finish()
    assert session.handled == 2
    assert not line.written
    session.finish()
    assert session.handled == 3
    assert len(line.written) == 1


async def test_who_waits_for_quiet_waits_for_requests_and_messages(session: LiveSession) -> None:
    going = asyncio.Event()

    async def request() -> None:
        await going.wait()

    session.begin()
    answering = asyncio.create_task(session.attend(request()))
    quiet = asyncio.create_task(session.quiet())
    await asyncio.sleep(0)
    session.finish()
    await asyncio.sleep(0)
    assert not quiet.done()
    going.set()
    await answering
    await quiet
    assert session.handled == 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [("CHATOPS_MAX_UNACKNOWLEDGED", 3), ("CHATOPS_SEND_BUFFER_BYTES", 300)],
)
async def test_what_waits_for_one_session_is_bounded_while_it_is_cut_off_too(
    session: LiveSession, line: Line, monkeypatch: pytest.MonkeyPatch, setting: str, value: int
) -> None:
    monkeypatch.setattr(f"django.conf.settings.{setting}", value)
    session.detach(line, clean=False)
    letters = [Letter() for _ in range(4)]
    for letter in letters:
        session.send(
            b"<message xmlns='jabber:client'><body>" + b"x" * 60 + b"</body></message>", letter
        )
    assert session.ended
    assert [letter.state for letter in letters] == ["lost"] * 4
    assert not session.queue

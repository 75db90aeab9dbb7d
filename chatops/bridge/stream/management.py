"""Stream management, XEP-0198: what a stream does with its elements."""

from typing import Protocol

from django.conf import settings

from chatops.bridge.handling import COUNTER
from chatops.bridge.session_table import SessionTable
from chatops.bridge.sessions import LiveSession
from chatops.core.features import Feature
from chatops.xmpp.elements import Element, add, local_name, make
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import SM, STANZA_ERRORS

sm = Feature("XEP-0198", (), at=())


class Carrier(Protocol):
    """The stream."""

    session: LiveSession | None
    sessions: SessionTable
    closed: bool

    def answer(self, element: Element) -> None: ...
    def take_over(self, session: LiveSession) -> None: ...


def announce() -> Element:
    """The stream feature."""
    return make(f"{{{SM}}}sm")


def enable(stream: Carrier, element: Element) -> None:
    """Section 3: only after binding, and once."""
    session = stream.session
    if session is None or session.managed:
        stream.answer(failed("unexpected-request", "Bind a resource first; enable only once."))
        return
    stream.answer(enabled(stream, session, element))


def enabled(stream: Carrier, session: LiveSession, element: Element) -> Element:
    """From here on the session's stanzas are counted; what the client is told."""
    resumable = element.get("resume") in ("true", "1") and settings.CHATOPS_RESUME_SECONDS > 0
    session.manage(resumable=resumable)
    if resumable:
        stream.sessions.let_resume(session)
    return make(
        f"{{{SM}}}enabled",
        resume="true" if resumable else None,
        id=session.resumption_id or None,
        max=str(settings.CHATOPS_RESUME_SECONDS) if resumable else None,
    )


async def resume(stream: Carrier, element: Element, user_id: int) -> None:
    """Section 5, on a stream that is authenticated and has no resource."""
    if stream.session is not None:
        stream.answer(failed("unexpected-request", "A resource is bound already."))
        return
    session, answer = await take_up(stream, element, user_id)
    if not stream.closed:
        stream.answer(answer)
    if session is not None:
        session.resend()


async def take_up(
    stream: Carrier, element: Element, user_id: int
) -> tuple[LiveSession | None, Element]:
    """Take up a session that lost its connection, or still has another one; and the answer.

    What the client has not acknowledged is then for `LiveSession.resend`, behind the answer.
    """
    previd = element.get("previd", "")
    session = stream.sessions.resumable(previd)
    if session is not None and session.user_id == user_id:
        session.acknowledge(read_count(element))
        session.cut()
        # What the client sent last may still be on its way into the journal. Were it not counted,
        # the client would send it again.
        await session.quiet()
    if session is None or session.user_id != user_id or not session.blocked_until_resumed:
        refusal = failed("item-not-found", "There is no such session any more.")
        handled = stream.sessions.handled_before_end(previd, user_id)
        if handled is not None:
            refusal.set("h", str(handled))
        return None, refusal
    if stream.closed:
        return None, failed("item-not-found", "The connection broke.")
    stream.take_over(session)
    return session, make(f"{{{SM}}}resumed", previd=session.resumption_id, h=str(session.handled))


def handle(session: LiveSession, element: Element) -> None:
    """``<r/>`` and ``<a/>`` of a session that is managed."""
    kind = local_name(element)
    if kind == "r":
        session.asked()
    elif kind == "a":
        session.acknowledge(read_count(element))
    else:
        raise StreamFault("unsupported-stanza-type", "XEP-0198 has no such element.")


def read_count(element: Element) -> int:
    text = element.get("h", "")
    digits = text.lstrip("0") or "0"
    if not text.isascii() or not text.isdecimal() or len(digits) > 10 or int(digits) >= COUNTER:
        raise StreamFault("bad-format", "h is a number of 32 bits.")
    return int(digits)


def failed(condition: str, text: str) -> Element:
    """``<failed/>`` with a stanza error's condition."""
    element = make(f"{{{SM}}}failed")
    add(element, f"{{{STANZA_ERRORS}}}{condition}")
    add(element, f"{{{STANZA_ERRORS}}}text", text)
    return element

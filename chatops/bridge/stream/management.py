"""Stream management, XEP-0198: what a stream does with its elements."""

from typing import Protocol

from django.conf import settings

from chatops.bridge.sessions import LiveSession, SessionTable
from chatops.core.features import Feature
from chatops.xmpp.elements import Element, add, local_name, make
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.names import SM, STANZA_ERRORS

sm = Feature("XEP-0198", (), at=())


class Carrier(Protocol):
    """The stream."""

    session: LiveSession | None
    sessions: SessionTable

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
    resumable = element.get("resume") in ("true", "1") and settings.CHATOPS_RESUME_SECONDS > 0
    session.manage(resumable=resumable)
    if resumable:
        stream.sessions.let_resume(session)
    stream.answer(
        make(
            f"{{{SM}}}enabled",
            resume="true" if resumable else None,
            id=session.resumption_id or None,
            max=str(settings.CHATOPS_RESUME_SECONDS) if resumable else None,
        )
    )


def resume(stream: Carrier, element: Element, user_id: int) -> None:
    """Section 5: take up a session that lost its connection, or still has another one."""
    session = stream.sessions.resumable(element.get("previd", ""))
    if stream.session is not None:
        stream.answer(failed("unexpected-request", "A resource is bound already."))
        return
    if session is None or session.user_id != user_id:
        stream.answer(failed("item-not-found", "There is no such session any more."))
        return
    handled = read_count(element)
    old, session.link = session.link, None
    if old is not None:
        old.fault(StreamFault("conflict", "The session was resumed elsewhere."))
    session.acknowledge(handled)
    stream.take_over(session)
    stream.answer(make(f"{{{SM}}}resumed", previd=session.resumption_id, h=str(session.handled)))
    session.resend()


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
    if not text.isascii() or not text.isdecimal() or int(text) >= 2**32:
        raise StreamFault("bad-format", "h is a number of 32 bits.")
    return int(text)


def failed(condition: str, text: str) -> Element:
    """``<failed/>`` with a stanza error's condition."""
    element = make(f"{{{SM}}}failed")
    add(element, f"{{{STANZA_ERRORS}}}{condition}")
    add(element, f"{{{STANZA_ERRORS}}}text", text)
    return element

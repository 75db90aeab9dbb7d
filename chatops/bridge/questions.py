"""Questions that the service asks clients: an IQ of its own, and who waits for the answer.

Open questions lie on the session that they were put to, so an answer counts only where it comes
from there, under the id that was given, and nothing is left when the session ends.
"""

import asyncio
import secrets

from django.conf import settings

from chatops.core.wire import Session
from chatops.xmpp.elements import Element, stanza

PATIENCE_SECONDS = 30
MOST_OPEN = 10  # questions at a time that one client has not answered

_NOTE = "questions"


class Unanswered(Exception):
    """The client does not know, is gone, or takes too long."""


async def ask(
    session: Session, payload: Element, *, type_: str = "get", patience: float = PATIENCE_SECONDS
) -> Element | None:
    """Put a question to a client; returns the payload of its result. Raises Unanswered."""
    waiting: dict[str, asyncio.Future[Element]] = session.notes.setdefault(_NOTE, {})
    if len(waiting) >= MOST_OPEN or session.blocked_until_resumed:
        raise Unanswered
    id_ = secrets.token_urlsafe(9)
    question = stanza(
        "iq", type_=type_, id_=id_, from_=settings.CHATOPS_DOMAIN, to=session.jid.full
    )
    question.append(payload)
    waiting[id_] = asyncio.get_running_loop().create_future()
    try:
        session.send(question)
        answer = await asyncio.wait_for(waiting[id_], patience)
    except TimeoutError as error:
        raise Unanswered from error
    finally:
        del waiting[id_]
    if answer.get("type") == "error":
        raise Unanswered
    return answer[0] if len(answer) else None


def take_answer(session: Session, element: Element) -> None:
    """A result or an error came from the client; what was not asked is nobody's."""
    waiting: dict[str, asyncio.Future[Element]] = session.notes.get(_NOTE, {})
    future = waiting.get(element.get("id", ""))
    if future is not None and not future.done():
        future.set_result(element)


def give_up(session: Session) -> None:
    """The session is over: nobody will answer."""
    for future in session.notes.get(_NOTE, {}).values():
        if not future.done():
            future.set_exception(Unanswered())

"""Questions that the service asks: an IQ of its own, and who waits for the answer.

An answer counts only where it comes from who was asked, under the id that was given. Open questions
to clients lie on their sessions, so nothing is left of them when these end.
"""

import asyncio
import secrets

from django.conf import settings

from chatops.core.wire import Session, Unanswered, wire
from chatops.xmpp.elements import Element, local_name, namespace_of, stanza, text_of
from chatops.xmpp.jid import JID
from chatops.xmpp.names import CLIENT, STANZA_ERRORS

PATIENCE_SECONDS = 30
MOST_OPEN = 50  # questions at a time that one client has not answered

_NOTE = "questions"

# To who is no client of ours, by address and id.
_elsewhere: dict[tuple[str, str], asyncio.Future[Element]] = {}


async def ask(
    session: Session, payload: Element, *, type_: str = "get", patience: float = PATIENCE_SECONDS
) -> Element | None:
    """Put a question to a client; returns the payload of its result. Raises Unanswered."""
    waiting: dict[str, asyncio.Future[Element]] = session.notes.setdefault(_NOTE, {})
    if session.blocked_until_resumed:
        raise Unanswered("recipient-unavailable", text="Its connection is lost.")
    if len(waiting) >= MOST_OPEN:
        raise Unanswered("resource-constraint", text="It has too many questions to answer.")
    question = _question(session.jid, payload, type_)
    id_ = question.get("id", "")
    waiting[id_] = asyncio.get_running_loop().create_future()
    try:
        session.send(question)
        answer = await asyncio.wait_for(waiting[id_], patience)
    except TimeoutError as error:
        raise Unanswered from error
    finally:
        del waiting[id_]
    return _read(answer)


async def ask_address(
    to: JID, payload: Element, *, type_: str = "get", patience: float = PATIENCE_SECONDS
) -> Element | None:
    """The same to any address that stanzas reach; one of our devices has to be connected."""
    session = wire().session(to) if to.resource else None
    if session is not None:
        return await ask(session, payload, type_=type_, patience=patience)
    if to.resource and to.domain == settings.CHATOPS_DOMAIN:
        raise Unanswered("recipient-unavailable", text="That device is not connected.")
    question = _question(to, payload, type_)
    key = (to.full, question.get("id", ""))
    future = _elsewhere[key] = asyncio.get_running_loop().create_future()
    try:
        wire().route(question)
        answer = await asyncio.wait_for(future, patience)
    except TimeoutError as error:
        raise Unanswered from error
    finally:
        del _elsewhere[key]
    return _read(answer)


def take_answer(session: Session | None, sender: JID, element: Element) -> None:
    """A result or an error came, from a client or from elsewhere; others nobody has asked for."""
    id_ = element.get("id", "")
    if session is None:
        future = _elsewhere.get((sender.full, id_))
    else:
        future = session.notes.get(_NOTE, {}).get(id_)
    if future is not None and not future.done():
        future.set_result(element)


def give_up(session: Session) -> None:
    """The session is over: nobody will answer."""
    for future in session.notes.get(_NOTE, {}).values():
        if not future.done():
            gone = Unanswered("recipient-unavailable", text="It left without an answer.")
            future.set_exception(gone)


def _question(to: JID, payload: Element, type_: str) -> Element:
    question = stanza(
        "iq",
        type_=type_,
        id_=secrets.token_urlsafe(9),
        from_=settings.CHATOPS_DOMAIN,
        to=to.full,
    )
    question.append(payload)
    return question


def _read(answer: Element) -> Element | None:
    """The payload of a result; of an error, what RFC 6120 section 8.3 has it say."""
    if answer.get("type") != "error":
        return answer[0] if len(answer) else None
    error = answer.find(f"{{{CLIENT}}}error")
    if error is None:
        raise Unanswered("undefined-condition", "cancel", "An error that says nothing.")
    condition = next(
        (
            local_name(each)
            for each in error
            if namespace_of(each) == STANZA_ERRORS and local_name(each) != "text"
        ),
        "undefined-condition",
    )
    text = text_of(error, "text", STANZA_ERRORS) or ""
    raise Unanswered(condition, error.get("type", "cancel"), text)

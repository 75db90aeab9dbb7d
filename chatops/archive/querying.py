"""Queries to an archive, XEP-0313 sections 4 and 5, whosever it is: an account's or a room's."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from chatops.archive import services
from chatops.archive.services import ArchiveQuery, Kept, NoSuchMessage
from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.ids import moment_of, read_id
from chatops.core.wire import settled
from chatops.xmpp.elements import Element, add, make, serialise, stanza
from chatops.xmpp.errors import BadRequest, NotImplementedHere
from chatops.xmpp.forms import FormField, Submission, X, build, read_boolean
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import DELAY, FORWARD, MAM
from chatops.xmpp.paging import PageWanted, page_info
from chatops.xmpp.stamps import read_stamp, stamp

EXTENDED = f"{MAM}#extended"
USUAL_PAGE, LARGEST_PAGE = 50, 250
FIELDS = (
    FormField("with", "jid-single"),
    FormField("start"),
    FormField("end"),
    FormField("before-id"),
    FormField("after-id"),
    FormField("ids", "list-multi", open=True),
    # Rooms keep what is said in them; people's archives have none of it, wanted or not.
    FormField("include-groupchat", "boolean"),
)
_KNOWN = {field.var for field in FIELDS}


class UnknownField(NotImplementedHere):
    """The form has a field that this archive does not know."""


class NoPagesByIndex(NotImplementedHere):
    """Pages are found by the ids of messages, not by their number."""


def form() -> Element:
    """Section 4.1.1: what can be asked for."""
    query = make(f"{{{MAM}}}query")
    query.append(build("form", MAM, FIELDS))
    return query


async def answer(
    request: IqRequest,
    query: ArchiveQuery,
    *,
    owner: str,
    send: Callable[[bytes], Awaitable[None]],
    xml_of: Callable[[Kept], bytes] | None = None,
) -> Element:
    """Section 4: sends the page's messages, and returns what closes it.

    `owner` is the archive's address; `xml_of` what the asker is shown of each message.
    """
    wanted = PageWanted.read(request.payload)
    if wanted.index is not None:
        raise NoPagesByIndex
    backwards = wanted.before is not None
    most = USUAL_PAGE if wanted.most is None else min(wanted.most, LARGEST_PAGE)
    await settled()  # what the asker has just sent is in it, too
    page = await in_db(
        services.page,
        owner=owner,
        query=query,
        most=most,
        after=_id(wanted.after) if wanted.after else None,
        before=_id(wanted.before) if wanted.before else None,
        backwards=backwards,
    )
    messages = page.messages
    if request.payload.find(f"{{{MAM}}}flip-page") is not None:
        messages = messages[::-1]
    forward = Forwarder(owner, request.sender.full, request.payload.get("queryid"))
    for message in messages:
        xml = xml_of(message) if xml_of is not None else message.xml.encode()
        await send(forward.result(message.id, xml))
    fin = make(f"{{{MAM}}}fin", complete="true" if page.complete else None)
    first, last = (str(page.messages[i].id) if page.messages else None for i in (0, -1))
    from_start = not (backwards or wanted.after)
    fin.append(page_info(first, last, count=page.count, index=0 if from_start else None))
    return fin


async def ends_of(owner: str, since: datetime | None = None) -> Element:
    """Section 5: the archive's ends; nothing from before a moment."""
    metadata = make(f"{{{MAM}}}metadata")
    found = await in_db(services.ends, owner=owner, since=since)
    for tag, identifier in zip(("start", "end"), found or (), strict=False):
        moment = stamp(moment_of(identifier))
        add(metadata, f"{{{MAM}}}{tag}", id_=str(identifier), timestamp=moment)
    return metadata


class Forwarder:
    """Wraps archived messages for one query: built once, the message's own bytes spliced in."""

    def __init__(self, owner: str, to: str, query_id: str | None) -> None:
        mark = "message"
        wrapper = stanza("message", to=to, from_=owner)
        result = add(wrapper, f"{{{MAM}}}result", queryid=query_id, id_="ID")
        forwarded = add(result, f"{{{FORWARD}}}forwarded")
        add(forwarded, f"{{{DELAY}}}delay", stamp="STAMP").tail = mark
        before, _, self._after = serialise(wrapper).rpartition(mark.encode() + b"</forwarded")
        self._after = b"</forwarded" + self._after
        self._head, _, rest = before.rpartition(b'"ID"')
        self._middle, _, self._rest = rest.rpartition(b'"STAMP"')

    def result(self, message_id: int, xml: bytes) -> bytes:
        identifier, moment = str(message_id).encode(), stamp(moment_of(message_id)).encode()
        return b"".join(
            (
                self._head,
                b'"%b"' % identifier,
                self._middle,
                b'"%b"' % moment,
                self._rest,
                xml,
                self._after,
            )
        )


def read_query(payload: Element) -> ArchiveQuery:
    """The form of a query. Raises BadRequest for values that mean nothing."""
    element = payload.find(X)
    if element is None:
        return ArchiveQuery()
    submission = Submission.read(element)
    if submission.form_type != MAM:
        raise BadRequest("The form is not one for archives.")
    if not submission.values.keys() <= _KNOWN:
        raise UnknownField
    read_boolean(submission.text("include-groupchat") or "")
    text = submission.text
    try:
        peer = parse(text("with")).full if text("with") else ""
        start, end = (
            read_stamp(value) if (value := text(var)) else None for var in ("start", "end")
        )
    except (InvalidJID, ValueError) as error:
        raise BadRequest("A field of the query is not what it should be.") from error
    wanted = submission.values.get("ids")
    return ArchiveQuery(
        peer=peer,
        start=start,
        end=end,
        after_id=_id(value) if (value := text("after-id")) else None,
        before_id=_id(value) if (value := text("before-id")) else None,
        ids=None if wanted is None else tuple(_id(each) for each in wanted),
    )


def from_moment(query: ArchiveQuery, moment: datetime | None) -> ArchiveQuery:
    """The same query, of nothing that was said before."""
    if moment is None or (query.start is not None and query.start >= moment):
        return query
    return replace(query, start=moment)


def _id(text: str) -> int:
    identifier = read_id(text)
    if identifier is None:
        raise NoSuchMessage
    return identifier

"""Message archive management, XEP-0313, of accounts, and unique stanza ids, XEP-0359."""

from chatops.accounts.habits import learn
from chatops.archive import services
from chatops.archive.services import ArchiveQuery, Kept, NoSuchMessage
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, Feature, IqRequest
from chatops.core.ids import moment_of, read_id
from chatops.core.queueing import Outflow
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, add, make, serialise, stanza
from chatops.xmpp.errors import BadRequest, Forbidden, NotImplementedHere
from chatops.xmpp.forms import FormField, Submission, X, build, read_boolean
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import DELAY, FORWARD, MAM, STANZA_ID
from chatops.xmpp.paging import PageWanted, page_info
from chatops.xmpp.stamps import read_stamp, stamp

EXTENDED = f"{MAM}#extended"
GROUPCHAT_FIELD = f"{MAM}#groupchat-field"
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

mam = Feature(
    "XEP-0313",
    (MAM, EXTENDED, GROUPCHAT_FIELD),
    at=(ACCOUNT,),
    level="partial",
    note="Version 2 for people's archives. Rooms' archives and preferences follow.",
)
ids = Feature("XEP-0359", (STANZA_ID,), at=(ACCOUNT,))


@mam.on_session("bound")
async def know_archive(session: Session) -> None:
    """Have the archive's key in memory before the first message asks for it."""
    if services.cached_archive_id(session.bare) is None:
        await in_db(services.archive_id, session.bare)


class NotYours(Forbidden):
    """An archive is its owner's alone."""


class UnknownField(NotImplementedHere):
    """The form has a field that this archive does not know."""


class NoPagesByIndex(NotImplementedHere):
    """Pages are found by the ids of messages, not by their number."""


class EverythingIsKept(NotImplementedHere):
    """This service keeps all messages; a single one is left out by its hints (XEP-0334)."""


@mam.iq("get", f"{{{MAM}}}query")
async def show_form(request: IqRequest) -> Element:
    """Section 4.1.1: what can be asked for."""
    request.own_session(NotYours)
    query = make(f"{{{MAM}}}query")
    query.append(build("form", MAM, FIELDS))
    return query


@mam.iq("set", f"{{{MAM}}}query")
async def send_page(request: IqRequest) -> Element:
    """Section 4: the page's messages, and then the answer that closes it."""
    session = request.own_session(NotYours)
    learn(session, reads_archive=True)
    query, wanted = read_query(request.payload), PageWanted.read(request.payload)
    if wanted.index is not None:
        raise NoPagesByIndex
    backwards = wanted.before is not None
    most = USUAL_PAGE if wanted.most is None else min(wanted.most, LARGEST_PAGE)
    page = await in_db(
        services.page,
        owner=session.bare,
        query=query,
        most=most,
        after=_id(wanted.after) if wanted.after else None,
        before=_id(wanted.before) if wanted.before else None,
        backwards=backwards,
    )
    messages = page.messages
    if request.payload.find(f"{{{MAM}}}flip-page") is not None:
        messages = messages[::-1]
    forward, out = Forwarder(session, request.payload.get("queryid")), Outflow(session)
    for message in messages:
        await out.send(forward.result(message))
    fin = make(f"{{{MAM}}}fin", complete="true" if page.complete else None)
    first, last = (str(page.messages[i].id) if page.messages else None for i in (0, -1))
    from_start = not (backwards or wanted.after)
    fin.append(page_info(first, last, count=page.count, index=0 if from_start else None))
    return fin


@mam.iq("get", f"{{{MAM}}}metadata")
async def describe(request: IqRequest) -> Element:
    """Section 5: the archive's ends."""
    return await tell_ends(request.own_session(NotYours))


@mam.told_when_bound
async def tell_ends(session: Session) -> Element:
    """The same where Bind 2 asks for it (XEP-0386 section 3.2)."""
    metadata = make(f"{{{MAM}}}metadata")
    found = await in_db(services.ends, owner=session.bare)
    for tag, identifier in zip(("start", "end"), found or (), strict=False):
        moment = stamp(moment_of(identifier))
        add(metadata, f"{{{MAM}}}{tag}", id_=str(identifier), timestamp=moment)
    return metadata


@mam.iq("get", f"{{{MAM}}}prefs")
async def show_preferences(request: IqRequest) -> Element:
    """Section 6: everything is archived."""
    request.own_session(NotYours)
    prefs = make(f"{{{MAM}}}prefs", default="always")
    add(prefs, f"{{{MAM}}}always")
    add(prefs, f"{{{MAM}}}never")
    return prefs


@mam.iq("set", f"{{{MAM}}}prefs")
async def refuse_preferences(request: IqRequest) -> None:
    """Whoever is told that something is not kept must be able to rely on it."""
    request.own_session(NotYours)
    raise EverythingIsKept


class Forwarder:
    """Wraps archived messages for one query: built once, the message's own bytes spliced in."""

    def __init__(self, session: Session, query_id: str | None) -> None:
        mark = "message"
        wrapper = stanza("message", to=session.jid.full, from_=session.bare)
        result = add(wrapper, f"{{{MAM}}}result", queryid=query_id, id_="ID")
        forwarded = add(result, f"{{{FORWARD}}}forwarded")
        add(forwarded, f"{{{DELAY}}}delay", stamp="STAMP").tail = mark
        before, _, self._after = serialise(wrapper).rpartition(mark.encode() + b"</forwarded")
        self._after = b"</forwarded" + self._after
        self._head, _, rest = before.rpartition(b'"ID"')
        self._middle, _, self._rest = rest.rpartition(b'"STAMP"')

    def result(self, message: Kept) -> bytes:
        identifier, moment = str(message.id).encode(), stamp(moment_of(message.id)).encode()
        return b"".join(
            (
                self._head,
                b'"%b"' % identifier,
                self._middle,
                b'"%b"' % moment,
                self._rest,
                message.xml.encode(),
                self._after,
            )
        )


def read_query(payload: Element) -> ArchiveQuery:
    """The form of a query. Raises BadRequest for values that mean nothing."""
    form = payload.find(X)
    if form is None:
        return ArchiveQuery()
    submission = Submission.read(form)
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


def _id(text: str) -> int:
    identifier = read_id(text)
    if identifier is None:
        raise NoSuchMessage
    return identifier

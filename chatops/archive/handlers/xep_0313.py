"""Message archive management, XEP-0313, of accounts, and unique stanza ids, XEP-0359."""

from chatops.archive import services
from chatops.archive.querying import EXTENDED, answer, ends_of, form, read_query
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, Feature, IqRequest
from chatops.core.queueing import Outflow
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import Forbidden, NotImplementedHere
from chatops.xmpp.names import MAM, STANZA_ID

GROUPCHAT_FIELD = f"{MAM}#groupchat-field"

mam = Feature(
    "XEP-0313",
    (MAM, EXTENDED, GROUPCHAT_FIELD),
    at=(ACCOUNT,),
    level="partial",
    note="Version 2, of accounts and rooms. Preferences are told and cannot be changed.",
)
ids = Feature("XEP-0359", (STANZA_ID,), at=(ACCOUNT,))


@mam.on_session("bound")
async def know_archive(session: Session) -> None:
    """Have the archive's key in memory before the first message asks for it."""
    if services.cached_archive_id(session.bare) is None:
        await in_db(services.archive_id, session.bare)


class NotYours(Forbidden):
    """An archive is its owner's alone."""


class EverythingIsKept(NotImplementedHere):
    """This service keeps all messages; a single one is left out by its hints (XEP-0334)."""


@mam.iq("get", f"{{{MAM}}}query")
async def show_form(request: IqRequest) -> Element:
    """Section 4.1.1: what can be asked for."""
    request.own_session(NotYours)
    return form()


@mam.iq("set", f"{{{MAM}}}query")
async def send_page(request: IqRequest) -> Element:
    """Section 4: the page's messages, and then the answer that closes it."""
    session = request.own_session(NotYours)
    query, out = read_query(request.payload), Outflow(session)
    return await answer(request, query, owner=session.bare, send=out.send)


@mam.iq("get", f"{{{MAM}}}metadata")
async def describe(request: IqRequest) -> Element:
    """Section 5: the archive's ends."""
    return await tell_ends(request.own_session(NotYours))


@mam.told_when_bound
async def tell_ends(session: Session) -> Element:
    """The same where Bind 2 asks for it (XEP-0386 section 3.2)."""
    return await ends_of(session.bare)


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

"""Message carbons, XEP-0280: a session says whether it wants copies; the pipeline makes them."""

from chatops.accounts.habits import learn
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.core.wire import Session
from chatops.xmpp.elements import Element
from chatops.xmpp.errors import Forbidden
from chatops.xmpp.names import CARBONS

carbons = Feature("XEP-0280", (CARBONS,), at=(DOMAIN, ACCOUNT))


@carbons.iq("set", f"{{{CARBONS}}}enable")
async def enable(request: IqRequest) -> None:
    """Section 4: this session gets copies from now on."""
    session = _own_session(request)
    session.carbons = True
    learn(session, wants_copies=True)


@carbons.iq("set", f"{{{CARBONS}}}disable")
async def disable(request: IqRequest) -> None:
    """Section 5."""
    session = _own_session(request)
    session.carbons = False
    learn(session, wants_copies=False)


@carbons.with_bind(f"{{{CARBONS}}}enable", CARBONS)
def enable_at_once(session: Session, element: Element) -> None:
    """XEP-0386 section 3.2."""
    session.carbons = True
    learn(session, wants_copies=True)


def _own_session(request: IqRequest) -> Session:
    session = request.session
    if session is None or request.to.bare not in (session.bare, session.jid.domain):
        raise Forbidden("One's own account alone.")
    return session

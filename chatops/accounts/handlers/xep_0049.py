"""Private XML storage, XEP-0049: whatever a client wants to find again at its next login."""

from chatops.accounts.services import private
from chatops.accounts.services.private import Kept
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.xmpp.elements import Element, local_name, make, namespace_of, parse, serialise
from chatops.xmpp.errors import BadRequest, Forbidden, NotAcceptable
from chatops.xmpp.names import CLIENT, PRIVATE

QUERY = f"{{{PRIVATE}}}query"

storage = Feature("XEP-0049", (PRIVATE,), at=(DOMAIN,))


class NotYours(Forbidden):
    """Private storage is its owner's alone."""


class Reserved(NotAcceptable):
    """An element that is kept has a namespace of its own."""


@storage.iq("get", QUERY, at=(ACCOUNT,))
async def fetch(request: IqRequest) -> Element:
    """Section 3.2: one element at a time; an empty one where nothing is kept."""
    user_id = request.own_session(NotYours).user_id
    wanted = list(request.payload)
    if len(wanted) != 1:
        raise BadRequest("One element at a time is asked for.")
    namespace, tag = _name(wanted[0])
    found = await in_db(private.private_data, user_id=user_id, namespace=namespace, tag=tag)
    answer = make(QUERY)
    answer.append(parse(found) if found is not None else make(f"{{{namespace}}}{tag}"))
    return answer


@storage.iq("set", QUERY, at=(ACCOUNT,))
async def store(request: IqRequest) -> None:
    """Section 3.1: one or more elements, each in the place of the former one of its name."""
    user_id = request.own_session(NotYours).user_id
    if not len(request.payload):
        raise Reserved("There is nothing to keep.")
    elements = [
        Kept(*_name(each), serialise(parse(serialise(each))).decode()) for each in request.payload
    ]
    await in_db(private.keep_private, user_id=user_id, elements=elements)


def _name(element: Element) -> tuple[str, str]:
    namespace = namespace_of(element)
    if namespace in ("", CLIENT, PRIVATE):
        raise Reserved
    return namespace, local_name(element)

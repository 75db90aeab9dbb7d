"""Last activity, XEP-0012: since when somebody is gone, and since when the service is there."""

import time

from slixmpp.plugins.xep_0012.stanza import LastActivity

from chatops.accounts import services
from chatops.accounts.visibility import sees_presence
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.core.wire import wire
from chatops.xmpp.errors import Forbidden
from chatops.xmpp.jid import JID
from chatops.xmpp.names import LAST

QUERY = f"{{{LAST}}}query"

activity = Feature("XEP-0012", (LAST,), at=(DOMAIN, ACCOUNT))
_started = time.monotonic()


class NotShown(Forbidden):
    """You may not see when this person is there."""


@activity.when_started
async def begin() -> None:
    """From now on it is there."""
    global _started
    _started = time.monotonic()


@activity.iq("get", QUERY, at=(DOMAIN,))
async def tell_uptime(request: IqRequest) -> LastActivity:
    """Section 5."""
    return _answer(int(time.monotonic() - _started))


@activity.iq("get", QUERY, at=(ACCOUNT,))
async def tell_absence(request: IqRequest) -> LastActivity:
    """Section 3: 0 where a device is connected, else since the last one went, with its words."""
    await must_be_shown(request.sender, request.to)
    if wire().sessions_of(request.to.bare):
        return _answer(0)
    seconds, status = await in_db(services.absence_of, username=request.to.local)
    return _answer(seconds, status)


@activity.iq_to_device(QUERY)
async def must_be_shown(sender: JID, to: JID) -> None:
    """Section 4: the same rule where a device is asked."""
    if not await sees_presence(sender.bare, to.bare):
        raise NotShown


def _answer(seconds: int, status: str = "") -> LastActivity:
    answer = LastActivity()
    answer["seconds"] = seconds
    if status:
        answer["status"] = status
    return answer

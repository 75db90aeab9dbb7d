"""XMPP ping, XEP-0199."""

from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.names import PING

ping = Feature("XEP-0199", (PING,), at=(DOMAIN, ACCOUNT))


@ping.iq("get", f"{{{PING}}}ping")
async def answer_ping(request: IqRequest) -> None:
    """The empty result is the answer; accounts answer their owner alone."""
    if request.to.local and request.to.bare != request.sender.bare:
        raise Unavailable("Nothing here answers that request.")

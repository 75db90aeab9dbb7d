"""Advanced message processing, XEP-0079: what is announced, and rules that fall due in the queue.

The rules themselves are in `delivery.amp`; the pipeline follows them (`delivery.policies`).
"""

from datetime import UTC, datetime

from django.conf import settings

from chatops.core.database import in_db
from chatops.core.features import DOMAIN, Feature, Identity, Info, IqRequest
from chatops.core.wire import wire
from chatops.delivery import amp, services
from chatops.delivery.models import EventKind, State
from chatops.delivery.services import Owed
from chatops.xmpp.elements import Element, make, parse
from chatops.xmpp.jid import parse as parse_jid
from chatops.xmpp.names import AMP

FEATURE = "http://jabber.org/features/amp"

processing = Feature("XEP-0079", (AMP,), at=(DOMAIN,))


@processing.stream_feature
def announce() -> Element:
    """The stream feature that is registered for it (section 11.2)."""
    return make(f"{{{FEATURE}}}amp")


@processing.info(DOMAIN, node=AMP)
async def list_rules(request: IqRequest, info: Info) -> None:
    """Section 2.1.1: each action and condition by itself."""
    info.identities.append(Identity("server", "im", "Advanced message processing"))
    info.features.add(AMP)
    info.features |= {f"{AMP}?action={action}" for action in amp.ACTIONS}
    info.features |= {f"{AMP}?condition={condition}" for condition in amp.CONDITIONS}


async def is_over(message: Owed) -> bool:
    """Whether a queued message's time is over, so that nobody gets it (section 3.3.2).

    Then the ledger says so, and the sender too where the rule wants it.
    """
    if AMP not in message.xml:
        return False
    element = parse(message.xml.encode())
    carried = element.find(amp.AMP_TAG)
    if carried is None or carried.get("status"):
        return False
    rules = [rule for rule in map(amp.Rule.read, carried) if rule.condition == "expire-at"]
    fate = amp.Fate("direct", (), "", datetime.now(UTC))
    for rule in amp.decide(rules, fate):
        reply = amp.answer(
            element,
            rule,
            sender=parse_jid(message.sender),
            to=parse_jid(carried.get("to", "")),
            by=settings.CHATOPS_DOMAIN,
        )
        if reply is not None:
            wire().route(reply)
        if rule.action != "notify":
            await in_db(
                services.close,
                delivery_ids=[message.delivery_id],
                state=State.EXPIRED,
                kind=EventKind.EXPIRED,
                detail=f"a rule of its sender: not after {rule.value}",
            )
            return True
    return False

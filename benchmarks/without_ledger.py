"""Settings for `benchmarks/ledger`: the same service, which forgets what it was sent at once."""

from chatops.settings import *  # noqa: F403
from chatops.settings import MESSAGE_POLICY as WHOLE

OF_THE_LEDGER = "chatops.delivery."
KEPT = {  # which are about something else
    "chatops.delivery.crs.policies.take_confirmation",
    "chatops.delivery.policies.apply_amp_rules",
    "chatops.delivery.policies.answer_event_requests",
    "chatops.delivery.queues.limit",
}
MESSAGE_POLICY = [each for each in WHOLE if not each.startswith(OF_THE_LEDGER) or each in KEPT]

"""The ledger in the browser: the delivery log, timelines, dead letters, proof."""

from chatops.delivery.admin.letters import DeadLetterAdmin
from chatops.delivery.admin.log import DeliveryAdmin
from chatops.delivery.admin.proof import VerificationAdmin

__all__ = ["DeadLetterAdmin", "DeliveryAdmin", "VerificationAdmin"]

"""The ledger in the browser: the delivery log, timelines, dead letters."""

from chatops.delivery.admin.letters import DeadLetterAdmin
from chatops.delivery.admin.log import DeliveryAdmin

__all__ = ["DeadLetterAdmin", "DeliveryAdmin"]

"""The ledger in the browser: the log, timelines, devices, figures, exports, dead letters, proof."""

from chatops.delivery.admin.devices import DeviceAdmin
from chatops.delivery.admin.exports import ExportJobAdmin
from chatops.delivery.admin.letters import DeadLetterAdmin
from chatops.delivery.admin.log import DeliveryAdmin
from chatops.delivery.admin.proof import VerificationAdmin

__all__ = [
    "DeadLetterAdmin",
    "DeliveryAdmin",
    "DeviceAdmin",
    "ExportJobAdmin",
    "VerificationAdmin",
]

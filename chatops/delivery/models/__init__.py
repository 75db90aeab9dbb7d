"""The ledger's tables."""

from chatops.delivery.models.deliveries import (
    CopiesGot,
    DeadLetter,
    Delivery,
    DeliveryQuerySet,
    State,
)
from chatops.delivery.models.events import NODE, Event, EventKind, EventQuerySet
from chatops.delivery.models.proof import Anchor, Seal, Verification
from chatops.delivery.models.reports import ExportJob, ExportJobQuerySet, HourFigures

__all__ = [
    "NODE",
    "Anchor",
    "CopiesGot",
    "DeadLetter",
    "Delivery",
    "DeliveryQuerySet",
    "Event",
    "EventKind",
    "EventQuerySet",
    "ExportJob",
    "ExportJobQuerySet",
    "HourFigures",
    "Seal",
    "State",
    "Verification",
]

"""The rows of who knows whom, and of who keeps whom away."""

from chatops.contacts.models.privacy import BLOCKED, Blocked, PrivacyList, PrivacyRule, Report
from chatops.contacts.models.rosters import Roster, RosterItem, Subscription, SubscriptionRequest

__all__ = [
    "BLOCKED",
    "Blocked",
    "PrivacyList",
    "PrivacyRule",
    "Report",
    "Roster",
    "RosterItem",
    "Subscription",
    "SubscriptionRequest",
]

"""Contacts, requests, and whom people keep away, in the browser."""

from chatops.contacts.admin import privacy, reports, rosters

__all__ = ["privacy", "reports", "rosters"]

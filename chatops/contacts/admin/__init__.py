"""Contacts, requests, and whom people keep away, in the browser."""

from chatops.contacts.admin import privacy, rosters

__all__ = ["privacy", "rosters"]

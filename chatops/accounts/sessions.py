"""Who is online, as the pages show it: copies of what the running service knows."""

from datetime import UTC, datetime
from typing import Any

from chatops.accounts.models import User
from chatops.core import wire
from chatops.xmpp.elements import text_of


def online_keys() -> set[int]:
    """Whoever has a session of the service that runs in this process."""
    if not wire.running():
        return set()
    return {session.user_id for session in list(wire.wire().all_sessions())}


def online_devices() -> dict[int, float]:
    """The devices of those sessions, and when each began (time.time())."""
    if not wire.running():
        return {}
    return {session.device_id: session.since for session in list(wire.wire().all_sessions())}


def sessions_of(user: User) -> list[dict[str, Any]]:
    """The account's sessions, if the service runs in this process."""
    if not wire.running():
        return []
    return [
        {
            "device_id": session.device_id,
            "resource": session.jid.resource,
            "door": session.door,
            "address": session.address,
            "client": session.client,
            "since": datetime.fromtimestamp(session.since, UTC),
            "last_active": datetime.fromtimestamp(session.last_active, UTC),
            "available": session.presence is not None,
            "show": _child(session, "show"),
            "status": _child(session, "status"),
            "priority": session.priority,
            "managed": session.managed,
            "waiting": session.blocked_until_resumed,
        }
        for session in list(wire.wire().sessions_of(user.jid))
    ]


def _child(session: wire.Session, name: str) -> str:
    """What a session's presence says of itself (RFC 6121 section 4.7.2)."""
    presence = session.presence
    return text_of(presence, name) or "" if presence is not None else ""

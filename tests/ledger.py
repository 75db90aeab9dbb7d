"""What the ledger of a running service says, read from beside it."""

import asyncio
import sqlite3
from contextlib import closing

import psycopg

from tests.service import ServiceProcess

EVENTS = """
SELECT e.id, e.sent, e.kind, d.resource FROM delivery_event e
LEFT JOIN accounts_device d ON d.id = e.device_id
JOIN archive_message m ON m.id = e.message_id
WHERE m.sender_bare = ? AND m.stanza_id = ? ORDER BY e.id
"""
STATES = """
SELECT r.state, r.owed, d.resource FROM delivery_delivery r
LEFT JOIN accounts_device d ON d.id = r.device_id
JOIN archive_message m ON m.id = r.message_id
WHERE m.sender_bare = ? AND m.stanza_id = ? ORDER BY r.id
"""
SENT = 30
KINDS = {
    5: "accepted", 10: "stored", 15: "missed", 20: "queued", 25: "notified", 27: "offered",
    30: "sent", 40: "confirmed", 50: "displayed", 55: "requeued", 56: "missed", 57: "retried",
    60: "failed", 70: "expired", 80: "discarded",
}  # fmt: skip


def timeline(service: ServiceProcess, sender: str, stanza_id: str) -> list[str]:
    """Its events, as "sent phone"; without a device alone. That it was stored its rows say."""
    found = _rows(service, EVENTS, sender, stanza_id)
    lines = [(number, kind, device) for number, _, kind, device in found]
    lines += [(sent, SENT, device) for _, sent, _, device in found if sent]
    stored = ["stored"] if lines or states(service, sender, stanza_id) else []
    return stored + [f"{KINDS[kind]} {device or ''}".strip() for _, kind, device in sorted(lines)]


def states(service: ServiceProcess, sender: str, stanza_id: str) -> list[str]:
    """Where it stands, as "confirmed phone"; with "owed" where it is still to be offered."""
    return [
        f"{KINDS[state]} {device or ''}".strip() + (" owed" if owed else "")
        for state, owed, device in _rows(service, STATES, sender, stanza_id)
    ]


async def becomes(
    service: ServiceProcess, sender: str, stanza_id: str, events: str, outcome: str
) -> None:
    """Until the ledger says exactly that; lines with commas between."""
    wanted = (
        [each.strip() for each in events.split(",") if each.strip()],
        [each.strip() for each in outcome.split(",") if each.strip()],
    )
    found: tuple[list[str], list[str]] = ([], [])
    try:
        async with asyncio.timeout(15):
            while found != wanted:
                await asyncio.sleep(0.05)
                found = timeline(service, sender, stanza_id), states(service, sender, stanza_id)
    except TimeoutError:
        raise AssertionError(f"expected {wanted}\nbut found {found}") from None


def _rows(service: ServiceProcess, query: str, sender: str, stanza_id: str) -> list[tuple]:  # type: ignore[type-arg]
    if "DATABASE_URL" in service.settings:
        with psycopg.connect(service.settings["DATABASE_URL"]) as server:
            return server.execute(query.replace("?", "%s"), (sender, stanza_id)).fetchall()
    path = service.data / "chatops.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query, (sender, stanza_id)).fetchall()

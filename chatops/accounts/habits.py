"""What devices do is remembered with them: once, not each time that they do it."""

from dataclasses import replace
from typing import cast

from chatops.accounts import services
from chatops.accounts.services import KnownDevice
from chatops.core.database import in_db
from chatops.core.wire import Session, wire

DEVICE = "device"  # noted on a session: a KnownDevice


def device_of(session: Session) -> KnownDevice:
    """What is known of the session's device."""
    known = session.notes.get(DEVICE)
    return KnownDevice(session.device_id) if known is None else cast(KnownDevice, known)


def learn(session: Session, **habits: bool) -> None:
    """The session's device does, or does not: reads_archive, wants_copies."""
    known = device_of(session)
    now = replace(known, **habits)
    if now != known:
        session.notes[DEVICE] = now
        wire().spawn(in_db(services.note_habit, device_id=known.id, **habits))

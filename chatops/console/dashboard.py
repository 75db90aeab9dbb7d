"""The start page's figures: cheap enough to be asked every few seconds."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from chatops.accounts.models import User
from chatops.accounts.pages.clients import ports
from chatops.archive.models import Message
from chatops.audit.models import Entry
from chatops.bridge.counters import counters, messages_a_minute
from chatops.core import wire
from chatops.core.ids import first_at, moment_of
from chatops.delivery import watching
from chatops.delivery.models import Delivery, State
from chatops.notices.models import Notice
from chatops.notices.services import progress
from chatops.rooms.inside import RunningRoom
from chatops.rooms.models import Room
from chatops.rooms.running import rooms

BARS = 30  # minutes in the chart
MOST_COUNTED = 20_000


def _link(request: HttpRequest, permission: str, address: str, query: str = "") -> str:
    """Where a figure leads whoever may go there."""
    return address + query if request.user.has_perm(permission) else ""


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's dashboard callback."""
    sessions = list(wire.wire().all_sessions()) if wire.running() else []
    awake = [room for room in rooms.awake() if len(room.occupants)]
    may_see_rooms = request.user.has_perm("rooms.view_room")
    may_see_notices = request.user.has_perm("notices.view_notice")
    queued = Delivery.objects.filter(state=State.QUEUED, owed=True)[:MOST_COUNTED].count()
    dead = Delivery.objects.dead()[:MOST_COUNTED].count()
    log = "delivery.view_delivery", reverse("admin:delivery_delivery_changelist")
    letters = "delivery.view_deadletter", reverse("admin:delivery_deadletter_changelist")
    context |= {
        "title": "Overview",
        "figures": [
            (len(sessions), "devices online", ""),
            (round(messages_a_minute.per_minute()), "messages a minute", ""),
            (queued, "waiting for a login", _link(request, *log, "?state__exact=20")),
            (dead, "dead letters", _link(request, *letters)),
            (len(awake), "rooms with people", ""),
        ],
        "doors": Counter(session.door for session in sessions).most_common(),
        "busiest": busiest(awake) if may_see_rooms else [],
        "bars": _bars(),
        "notices": [
            (notice, progress(notice)) for notice in Notice.objects.exclude(state="draft")[:5]
        ]
        if may_see_notices
        else [],
        "may_see_rooms": may_see_rooms,
        "may_see_notices": may_see_notices,
        "entries": Entry.objects.all()[:8] if request.user.has_perm("audit.view_entry") else [],
        "warnings": _warnings(),
        "fresh": not Room.objects.exists() and User.objects.count() <= 1,
        "domain": settings.CHATOPS_DOMAIN,
        "c2s": settings.CHATOPS_C2S,
        "websocket": ports()["websocket"],
    }
    return context


def busiest(awake: list[RunningRoom]) -> list[RunningRoom]:
    """The rooms with most people, the fullest first."""
    return sorted(awake, key=lambda room: -len(room.occupants))[:8]


def _bars() -> list[dict[str, Any]]:
    """Messages in each of the last minutes, for a chart of bars."""
    now = timezone.now()
    start = now - timedelta(minutes=BARS)
    ids = Message.objects.filter(pk__gte=first_at(start)).values_list("pk", flat=True)
    minutes = Counter(
        int((moment_of(pk) - start).total_seconds() // 60) for pk in ids[:MOST_COUNTED]
    )
    highest = max(minutes.values(), default=0) or 1
    heights = [round(1 + 48 * minutes[number] / highest, 1) for number in range(BARS)]
    return [
        {"x": number * 10, "y": 50 - height, "height": height, "count": minutes[number]}
        for number, height in enumerate(heights)
    ]


def _warnings() -> list[str]:
    found = []
    if not wire.running():
        found.append("The service does not run in this process: start it with manage.py serve.")
    if not settings.CHATOPS_TLS_CERTIFICATE and settings.CHATOPS_DOMAIN != "localhost":
        found.append("Clients see a self-signed certificate: set CHATOPS_TLS_CERTIFICATE and _KEY.")
    ledger = watching.condition()
    if ledger.last and moment_of(ledger.last.pk) < timezone.now() - timedelta(days=1):
        since = f"{moment_of(ledger.last.pk):%d %B, %H:%M} UTC"
        found.append(f"The delivery ledger has not been verified since {since}: do the jobs run?")
    if wrong := ledger.wrong:
        found.append(
            f"The delivery ledger is not what was written: {wrong.found} events or seals are wrong."
            " See Proof of the ledger."
        )
    if counters["authentication failures"] > 100:
        count = counters["authentication failures"]
        found.append(f"{count} logins have failed since the start: somebody may be guessing.")
    return found

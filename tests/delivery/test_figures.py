"""Figures by the hour: what the job counts, and what the page draws of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import Device, User
from chatops.core.ids import first_at
from chatops.delivery import figures
from chatops.delivery.figures import Figures, bucket, by_hour, roll_up
from chatops.delivery.models import Delivery, EventKind, HourFigures, State
from tests.factories import a_person, add_event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = reverse("figures")


@pytest.fixture
def bob() -> User:
    return a_person("bob")


def accepted(
    bob: User, at: datetime, state: State, *, owed: bool = False, after: list[float] | None = None
) -> Delivery:
    """A delivery, and its confirmations so many milliseconds after."""
    device, _ = Device.objects.get_or_create(user=bob, resource="desk")
    number = first_at(at) + Delivery.objects.count()
    for milliseconds in after or []:
        add_event(
            id=first_at(at + timedelta(milliseconds=milliseconds)) + number % 1_000_000,
            message_id=number,
            recipient=bob,
            device=device,
            kind=EventKind.CONFIRMED,
        )
    return Delivery.objects.create(
        id=number, message_id=number, recipient=bob, device=device, state=state, owed=owed,
        changed=number,
    )  # fmt: skip


def the_hour(hour: datetime) -> Figures:
    return dict(by_hour(168, NOW))[hour.replace(minute=0)]


def test_an_hour_is_counted_by_what_became_of_its_messages(bob: User) -> None:
    for state, owed in [
        (State.CONFIRMED, False),
        (State.DISPLAYED, False),
        (State.SENT, False),
        (State.SENT, True),
        (State.QUEUED, True),
        (State.FAILED, False),
        (State.EXPIRED, False),
        (State.DISCARDED, False),
    ]:
        accepted(bob, NOW, state, owed=owed)
    accepted(bob, NOW - HOUR, State.CONFIRMED)
    roll_up(NOW)
    hour = the_hour(NOW)
    assert (hour.delivered, hour.waiting, hour.failed) == (3, 2, 3)
    assert hour.success == 0.5
    assert the_hour(NOW - HOUR).total == 1


def test_the_first_confirmation_of_each_device_counts(bob: User) -> None:
    for milliseconds in range(1, 101):
        accepted(bob, NOW, State.CONFIRMED, after=[milliseconds * 10, 60_000])
    roll_up(NOW)
    hour = the_hour(NOW)
    assert hour.latencies.total() == 100
    for share, wanted in ((0.5, 500), (0.95, 950), (0.99, 990)):
        found = hour.percentile(share)
        assert found is not None
        assert abs(found - wanted) / wanted < 0.1
    assert the_hour(NOW - HOUR).percentile(0.5) is None


def test_an_old_hour_is_counted_again_when_what_waited_arrives(bob: User) -> None:
    old = NOW - 30 * HOUR
    waiting = accepted(bob, old, State.QUEUED, owed=True)
    assert roll_up(NOW) == figures.KEPT_FRESH + 1
    assert (the_hour(old).waiting, the_hour(old).delivered) == (1, 0)
    Delivery.objects.filter(pk=waiting.pk).update(state=State.CONFIRMED, owed=False)
    assert roll_up(NOW + timedelta(minutes=1)) == 2
    roll_up(NOW + timedelta(minutes=20) + figures.AGAIN)
    assert (the_hour(old).waiting, the_hour(old).delivered) == (0, 1)
    assert HourFigures.objects.filter(hour=old.replace(minute=0)).count() == 1


def test_a_run_ends_in_time_and_the_next_goes_on(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "SECONDS_AT_ONCE", -1.0)
    seen = set()
    for _ in range(5):
        assert roll_up(NOW) == 3
        seen = set(HourFigures.objects.values_list("hour", flat=True))
    assert len(seen) == 7


def test_buckets_grow_by_steps() -> None:
    assert [bucket(ms) for ms in (-5, 0, 1, 2, 4)] == [0, 0, 1, 5, 9]
    assert bucket(10**12) < 200


def test_the_page_draws_hours_and_says_what_it_has_not(bob: User) -> None:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    assert (
        "Nothing was delivered in this time, or it is not counted yet."
        in client.get(URL).content.decode()
    )
    now = datetime.now(UTC)
    accepted(bob, now - timedelta(minutes=1), State.CONFIRMED, after=[20])
    accepted(bob, now - timedelta(days=3), State.FAILED)
    roll_up(now)
    day, week = (client.get(URL, {"span": span}).content.decode() for span in ("24h", "7d"))
    assert "100%" in day
    assert "50.00%" in week
    assert 'class="is-failed" x=' in week
    assert 'class="is-failed" x=' not in day
    assert client.get(URL, {"span": "for ever"}).status_code == 200
    clerk = Client()
    clerk.force_login(a_person("clerk", is_staff=True))
    assert clerk.get(URL).status_code == 403

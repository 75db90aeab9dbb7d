"""The timeline's drawing, its sentences for what has not arrived, and what is decided there."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import Device, User
from chatops.archive.models import Message
from chatops.audit.models import Entry
from chatops.core.ids import first_at, new_id
from chatops.delivery.drawing import Axis
from chatops.delivery.models import Delivery, EventKind, State
from chatops.delivery.retries import GIVEN_UP
from chatops.delivery.timeline import Lane, Line, timeline_of
from tests.factories import a_message, a_person, add_event

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob", name="Bob")


@pytest.fixture
def message(bob: User) -> Message:
    return a_message(a_person("alice"), bob)


def lane_of(
    message: Message, bob: User, state: State, *events: tuple[EventKind, str], **fields: int | None
) -> Lane:
    """Bob's phone, after those events."""
    phone, _ = Device.objects.get_or_create(user=bob, resource="Phone")
    last = new_id()
    for kind, detail in events:
        last = add_event(
            id=new_id(),
            message_id=message.pk,
            recipient=bob,
            device=phone,
            kind=kind,
            detail=detail,
        ).pk
    Delivery.objects.create(
        id=new_id(), message=message, recipient=bob, device=phone, state=state, changed=last,
        owed=state < State.CONFIRMED, **fields,
    )  # fmt: skip
    found = timeline_of(message.pk)
    assert found is not None
    return next(lane for lane in found.lanes if lane.device == "Phone")


@pytest.mark.parametrize(
    ("state", "events", "fields", "words"),
    [
        (
            State.FAILED,
            [(EventKind.FAILED, f"{GIVEN_UP}the connection was lost")],
            {"attempts": 50},
            "50 times a device of Bob was sent it and did not confirm it, the last time because the"
            " connection was lost: it was given up. Nobody tries again until an administrator"
            " decides.",
        ),
        (
            State.FAILED,
            [(EventKind.FAILED, "service-unavailable: Not now.")],
            {},
            "could not be delivered to Bob's Phone: it came back with service-unavailable",
        ),
        (State.EXPIRED, [(EventKind.EXPIRED, "x")], {"attempts": 2}, "it was sent twice, and no"),
        (State.QUEUED, [(EventKind.REQUEUED, "x")], {"attempts": 1}, "Once a device was sent it"),
        (State.QUEUED, [(EventKind.NOTIFIED, "push.example")], {}, "a push notification told of"),
        (State.QUEUED, [], {"due": first_at(datetime(2080, 1, 1, tzinfo=UTC))}, "offered again"),
        (State.QUEUED, [], {"expires": first_at(START)}, "given up on 20 November 2026, 12:00:00"),
        (
            State.SENT,
            [(EventKind.RETRIED, "attempt 3")],
            {},
            "(attempt 3), which has not",
        ),
        (State.DISCARDED, [(EventKind.DISCARDED, "root: old")], {}, "arrived (root: old)."),
    ],
)
def test_why_it_has_not_arrived_is_told_in_plain_words(
    message: Message,
    bob: User,
    state: State,
    events: list[tuple[EventKind, str]],
    fields: dict[str, int],
    words: str,
) -> None:
    lane = lane_of(message, bob, state, *events, **fields)
    assert words in lane.sentence
    assert bool(lane.dead_letter) is (state in (State.FAILED, State.EXPIRED))


def line(seconds: float, tone: str = "") -> Line:
    return Line(START + timedelta(seconds=seconds), "sent", "", "", "", "", "", tone)


def test_milliseconds_and_days_are_on_one_axis() -> None:
    lines = [line(0.02), line(1, "co-warn"), line(86_400 * 3, "co-good")]
    axis = Axis.over(START, [each.at for each in lines])
    track = axis.track(lines)
    places = [dot.x for dot in track.dots]
    assert places == sorted(places)
    assert places[0] > 10
    assert places[-1] == 100
    assert [(each.tone, each.is_open) for each in track.stretches] == [
        ("", False),
        ("", False),
        ("co-warn", False),
    ]
    marks = [x for x, _ in axis.marks]
    assert marks == sorted(marks)
    assert all(after - before >= 9 for before, after in pairwise(marks))


def test_what_still_waits_is_drawn_until_now() -> None:
    axis = Axis.over(START, [START + timedelta(hours=1)])
    track = axis.track([line(1, "co-warn")], until=START + timedelta(hours=1))
    assert (track.stretches[-1].is_open, track.stretches[-1].end) == (True, 100)
    assert Axis.over(START, []).track([]).dots == []


def test_a_dead_letter_is_decided_on_its_timeline(message: Message, bob: User) -> None:
    lane_of(message, bob, State.FAILED, (EventKind.FAILED, f"{GIVEN_UP}x"))
    url = reverse("admin:delivery_timeline", args=[message.pk])
    decide = reverse("admin:delivery_decide", args=[message.pk])
    letter = Delivery.objects.get(state=State.FAILED)
    answer = {"delivery": letter.pk, "decision": "offer", "reason": "He is back"}

    clerk = a_person("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    browser = Client()
    browser.force_login(clerk)
    assert "Offer again" not in browser.get(url).content.decode()
    assert browser.post(decide, answer).status_code == 403

    clerk.user_permissions.add(Permission.objects.get(codename="decide_deadletter"))
    browser = Client()
    browser.force_login(clerk)
    assert "Offer again" in browser.get(url).content.decode()
    for wrong in ({"delivery": 7}, {"decision": "eat"}, {"delivery": "x"}):
        assert browser.post(decide, answer | wrong).status_code == 404
    other = a_message(a_person("dora"), bob)
    elsewhere = reverse("admin:delivery_decide", args=[other.pk])
    assert browser.post(elsewhere, answer).status_code == 404
    shown = browser.post(decide, answer | {"reason": " "}, follow=True).content.decode()
    assert "Say why" in shown
    assert "is offered again" in browser.post(decide, answer, follow=True).content.decode()
    letter.refresh_from_db()
    assert (letter.state, letter.owed) == (State.QUEUED, True)
    assert Entry.objects.filter(action="delivery.requeue").count() == 1
    again = browser.post(decide, answer | {"decision": "discard"}, follow=True).content.decode()
    assert "has decided already" in again

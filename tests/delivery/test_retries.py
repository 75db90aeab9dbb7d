"""What is offered again, how often and for how long; dead letters, and what becomes of them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.test import Client, override_settings
from django.urls import reverse

from chatops.accounts.models import Device, User
from chatops.archive.models import Message
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.ids import later
from chatops.core.models import Ring
from chatops.delivery import retries, returns, services
from chatops.delivery.models import Delivery, Event, State
from chatops.xmpp.errors import Refused
from tests.factories import written

pytestmark = pytest.mark.django_db

BY = Actor.command("test")
LETTERS = reverse("admin:delivery_deadletter_changelist")


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


@pytest.fixture
def phone(bob: User) -> Device:
    return Device.objects.create(user=bob, resource="phone")


def queued(bob: User, stanza_id: str = "m1") -> Message:
    message = written(stanza_id)
    services.queue(message.pk, user_ids=[bob.pk])
    return message


def waiting_rings() -> QuerySet[Ring]:
    """What the service was told of messages that wait."""
    return Ring.objects.filter(kind__endswith=".Waiting")


def fails(phone: Device) -> bool:
    """The device is sent what there is and does not confirm it; False where there is nothing."""
    owed = services.take(user_id=phone.user_id, device_id=phone.pk, limit=10)
    numbers = [each.delivery_id for each in owed]
    Delivery.objects.filter(pk__in=numbers).update(state=State.SENT)
    returns.requeue(delivery_ids=numbers)
    return bool(numbers)


def pass_time(by: timedelta) -> None:
    """As if the queue were older."""
    for row in Delivery.objects.all():
        row.due = max(0, later(row.due, -by)) if row.due else 0
        row.expires = later(row.expires, -by) if row.expires else None
        row.save()


def kinds() -> list[str]:
    return [event.get_kind_display() for event in Event.objects.order_by("pk")]


@override_settings(CHATOPS_RETRY_SECONDS=30, CHATOPS_RETRY_LONGEST_SECONDS=100)
def test_pauses_grow_after_the_first_attempts() -> None:
    seconds = [retries.pause(attempts).total_seconds() for attempts in range(8)]
    assert seconds == [0, 0, 0, 0, 30, 60, 100, 100]


@override_settings(CHATOPS_RETRY_SECONDS=30)
def test_what_was_not_confirmed_waits_before_it_is_offered_again(bob: User, phone: Device) -> None:
    queued(bob)
    assert [fails(phone) for _ in range(5)] == [True, True, True, True, False]
    retries.sweep()
    assert not fails(phone)
    pass_time(timedelta(seconds=31))
    Ring.objects.all().delete()
    retries.sweep()
    assert [ring.payload["user_ids"] for ring in waiting_rings()] == [[bob.pk]]
    retries.sweep()  # once is enough
    assert waiting_rings().count() == 1
    assert fails(phone)
    assert Delivery.objects.get().attempts == 5
    assert kinds() == [
        "queued offline", *["back in the queue", "retried"] * 4, "back in the queue",
    ]  # fmt: skip


@override_settings(CHATOPS_DELIVERY_ATTEMPTS=2)
def test_after_the_last_attempt_it_is_a_dead_letter(bob: User, phone: Device) -> None:
    queued(bob)
    assert [fails(phone) for _ in range(3)] == [True, True, False]
    row = Delivery.objects.get()
    assert (row.state, row.owed, row.device) == (State.FAILED, False, phone)
    last = Event.objects.get(pk=row.changed)
    assert last.detail == "given up after too many attempts: the connection was lost"


@override_settings(CHATOPS_DELIVERY_ATTEMPTS=1)
def test_what_no_device_was_sent_is_no_attempt(bob: User, phone: Device) -> None:
    queued(bob)
    (owed,) = services.take(user_id=bob.pk, device_id=phone.pk, limit=1)
    returns.requeue(delivery_ids=[owed.delivery_id])
    (owed,) = services.take(user_id=bob.pk, device_id=phone.pk, limit=1)
    Delivery.objects.update(state=State.SENT)
    returns.recover()  # a restart is nobody's failure
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (State.QUEUED, 0)


def test_a_lifetime_ends_what_nobody_fetches(bob: User, phone: Device) -> None:
    with override_settings(CHATOPS_MESSAGE_LIFETIME_DAYS=2):
        queued(bob, "short")
    queued(bob, "for ever")
    retries.sweep()
    pass_time(timedelta(days=3))
    retries.sweep()
    retries.sweep()
    rows = Delivery.objects.order_by("message_id")
    assert [(row.state, row.owed) for row in rows] == [
        (State.EXPIRED, False),
        (State.QUEUED, True),
    ]
    assert kinds() == ["queued offline", "queued offline", "expired"]


def test_a_dead_letter_is_offered_again(bob: User, phone: Device) -> None:
    message = queued(bob)
    Delivery.objects.update(state=State.FAILED, owed=False, attempts=50, device=phone)
    (number,) = Delivery.objects.values_list("pk", flat=True)
    Ring.objects.all().delete()
    assert retries.revive([number], by=BY, reason="the phone was repaired") == 1
    assert retries.revive([number], by=BY, reason="twice") == 0
    assert waiting_rings().get().payload == {"user_ids": [bob.pk]}
    row = Delivery.objects.get()
    assert (row.state, row.owed, row.attempts, row.device) == (State.QUEUED, True, 0, None)
    (owed,) = services.take(user_id=bob.pk, device_id=phone.pk, limit=1)
    assert owed.message_id == message.pk
    entry = Entry.objects.get(action="delivery.requeue")
    assert entry.details == {"reason": "the phone was repaired"}


def test_a_dead_letter_is_discarded_for_a_reason(bob: User) -> None:
    queued(bob)
    Delivery.objects.update(state=State.EXPIRED, owed=False)
    (number,) = Delivery.objects.values_list("pk", flat=True)
    with pytest.raises(Refused):
        retries.discard([number], by=BY, reason=" ")
    assert retries.discard([number], by=BY, reason="an old test") == 1
    assert Delivery.objects.get().state == State.DISCARDED
    assert Event.objects.latest("pk").detail == f"{BY.name}: an old test"
    assert Entry.objects.filter(action="delivery.discard").count() == 1


def test_what_is_under_way_is_no_dead_letter(bob: User) -> None:
    queued(bob)
    (number,) = Delivery.objects.values_list("pk", flat=True)
    assert retries.discard([number], by=BY, reason="no") == 0
    assert Delivery.objects.get().state == State.QUEUED


def browser_of(*permissions: str) -> Client:
    user = User.objects.create(username="clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_letters_are_worked_through_in_the_browser(bob: User, phone: Device) -> None:
    for number in range(3):
        queued(bob, f"m{number}")
    with override_settings(CHATOPS_DELIVERY_ATTEMPTS=1):
        fails(phone)
    queued(bob, "alive")
    browser = browser_of("view_deadletter", "decide_deadletter", "view_delivery")
    page = browser.get(LETTERS).content.decode()
    assert page.count("given up after too many attempts: the connection was lost") == 3
    numbers = list(Delivery.objects.dead().order_by("pk").values_list("pk", flat=True))
    answer = browser.post(
        LETTERS, {"action": "discard", "_selected_action": numbers[:1]}, follow=True
    )
    assert "Say why, for the audit trail." in answer.content.decode()
    answer = browser.post(
        LETTERS,
        {"action": "discard", "_selected_action": numbers[:1], "reason": "a test"},
        follow=True,
    )
    assert "1 letter is discarded." in answer.content.decode()
    answer = browser.post(
        LETTERS,
        {
            "action": "offer_again",
            "_selected_action": numbers[1:2],
            "select_across": "1",
            "reason": "the phone works now",
        },
        follow=True,
    )
    assert "2 letters are offered again." in answer.content.decode()
    assert not Delivery.objects.dead().exists()
    assert (
        Entry.objects.filter(action="delivery.requeue", actor_name="clerk@localhost").count() == 2
    )
    empty = browser.get(LETTERS).content.decode()
    assert "given up" not in empty


def test_who_may_only_look_decides_nothing(bob: User) -> None:
    queued(bob)
    Delivery.objects.update(state=State.FAILED, owed=False)
    (number,) = Delivery.objects.values_list("pk", flat=True)
    browser = browser_of("view_deadletter", "view_delivery")
    browser.post(LETTERS, {"action": "discard", "_selected_action": [number], "reason": "x"})
    assert Delivery.objects.get().state == State.FAILED
    moved = browser.get(reverse("admin:delivery_deadletter_change", args=[number]))
    assert moved.status_code == 302
    assert "/message/" in moved.headers["Location"]

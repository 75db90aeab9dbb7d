"""Push registrations: who is told, for whom, and what of it."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from chatops.accounts import services as accounts
from chatops.accounts.models import Device, User
from chatops.audit.models import Entry as AuditEntry
from chatops.core.ids import new_id
from chatops.delivery import services as delivery
from chatops.delivery.models import EventKind
from chatops.push import services
from chatops.push.models import Health, Registration
from chatops.push.news import News
from chatops.push.sending import pause_after
from chatops.push.summary import publication
from chatops.xmpp.elements import serialise
from tests.factories import BY, a_message, a_person, add_event

pytestmark = [pytest.mark.django_db, pytest.mark.spec("XEP-0357")]

APP = "push.example"


@pytest.fixture
def alice() -> User:
    return a_person("alice")


@pytest.fixture
def bob() -> User:
    return a_person("bob")


def enable(user: User, node: str = "n1", **more: object) -> Registration:
    services.enable(user_id=user.pk, jid=APP, node=node, **more)  # type: ignore[arg-type]
    return Registration.objects.get(user=user, node=node)


@pytest.mark.spec("XEP-0357 §5")
def test_the_last_request_counts(bob: User) -> None:
    phone = Device.objects.create(user=bob, resource="phone")
    first = enable(bob, options={"secret": ["x"]}, device_id=phone.pk)
    Registration.objects.filter(pk=first.pk).update(broken=True, failures=3, error="gone")
    again = enable(bob)
    assert (again.pk, again.options, again.device) == (first.pk, {}, None)
    assert (again.broken, again.failures, again.error) == (False, 0, "")
    assert again.enabled_at > first.enabled_at


def test_broken_ones_make_room(bob: User, settings: Settings) -> None:
    settings.CHATOPS_MAX_PUSH_REGISTRATIONS = 2
    broken, _ = enable(bob, "n1"), enable(bob, "n2")
    with pytest.raises(services.TooManyRegistrations):
        enable(bob, "n3")
    Registration.objects.filter(pk=broken.pk).update(broken=True)
    enable(bob, "n3")
    nodes = Registration.objects.filter(user=bob).values_list("node", flat=True)
    assert sorted(nodes) == ["n2", "n3"]


@pytest.mark.parametrize(
    ("node", "options"),
    [("n" * 2_000, {}), ("ä" * 1_000, {}), ("n", {"x": ["y" * 4_096]}), ("n", {"x" * 5_000: []})],
)
def test_nothing_is_kept_that_is_too_long(
    bob: User, node: str, options: dict[str, list[str]]
) -> None:
    with pytest.raises(services.TooLong):
        enable(bob, node, options=options)


@pytest.mark.spec("XEP-0357 §6")
def test_one_node_or_all_are_disabled(alice: User, bob: User) -> None:
    for user in (alice, bob):
        for node in ("", "n1", "n2"):
            enable(user, node)
    assert services.disable(user_id=bob.pk, jid=APP, node="n1") == 1
    assert services.disable(user_id=bob.pk, jid=APP, node="n1") == 0
    assert services.disable(user_id=bob.pk, jid=APP) == 2
    assert Registration.objects.filter(user=alice).count() == 3


def test_they_go_with_the_account(bob: User) -> None:
    enable(bob)
    services.set_discreet(bob, discreet=True, by=BY)
    accounts.remove_account(bob, by=BY)
    assert not Registration.objects.exists()


def test_suspended_people_are_told_nothing(bob: User) -> None:
    enable(bob)
    accounts.suspend(bob, reason="x", by=BY)
    assert list(services.enabled(user_id=bob.pk)) == []
    accounts.resume(bob, by=BY)
    assert len(list(services.enabled(user_id=bob.pk))) == 1


def test_a_device_that_goes_leaves_its_registration(bob: User) -> None:
    phone = Device.objects.create(user=bob, resource="phone")
    enable(bob, device_id=phone.pk)
    phone.delete()
    (left,) = services.enabled(user_id=bob.pk)
    assert left.device_id is None


@pytest.mark.parametrize(
    ("fields", "health"),
    [
        ({}, Health.UNUSED),
        ({"sent": 1}, Health.WORKING),
        ({"sent": 1, "failures": 2}, Health.FAILING),
        ({"sent": 1, "failures": 2, "broken": True}, Health.BROKEN),
    ],
)
def test_how_it_fares(bob: User, fields: dict[str, object], health: Health) -> None:
    Registration.objects.filter(pk=enable(bob).pk).update(**fields)
    row = Registration.objects.get()
    assert row.health == health
    found = [each for each in Health.values if row in Registration.objects.faring(each)]
    assert found == [health]


def test_what_an_administrator_does_is_in_the_trail(bob: User) -> None:
    row = enable(bob)
    with pytest.raises(services.NotBroken):
        services.use_again(row, by=BY)
    Registration.objects.update(broken=True, failures=16, error="remote-server-not-found")
    services.use_again(row, by=BY)
    row.refresh_from_db()
    assert row.health == Health.UNUSED
    services.remove(row, by=BY)
    services.set_discreet(bob, discreet=True, by=BY)
    services.set_discreet(bob, discreet=True, by=BY)
    actions = AuditEntry.objects.filter(target=bob.jid).order_by("pk")
    assert [each.action for each in actions] == ["push.again", "push.remove", "push.discreet"]


def test_what_waits_and_who_knows_of_it(alice: User, bob: User) -> None:
    phone = Device.objects.create(user=bob, resource="phone")
    enable(bob, device_id=phone.pk)
    assert services.waiting_people() == []
    told, untold = a_message(alice, bob), a_message(alice, bob)
    for message in (told, untold):
        delivery.queue(message.pk, user_ids=[bob.pk])
    add_event(id=new_id(), message_id=told.pk, recipient=bob, device=phone, kind=EventKind.NOTIFIED)
    assert services.waiting_people() == [bob.pk]
    found = services.missed(user_ids=[alice.pk, bob.pk])
    assert [(each.message_id, each.notified) for each in found] == [
        (told.pk, frozenset({phone.pk})),
        (untold.pk, frozenset()),
    ]


@pytest.mark.spec("XEP-0357 §9")
@pytest.mark.parametrize(
    ("sender", "body", "discreet", "told"),
    [
        (False, False, False, set()),
        (True, False, False, {"alice@localhost"}),
        (True, True, False, {"alice@localhost", "Tea?"}),
        (True, True, True, set()),
    ],
)
def test_what_is_private_is_told_only_where_it_may_be(
    bob: User,
    settings: Settings,
    sender: bool,
    body: bool,
    discreet: bool,
    told: set[str],
) -> None:
    settings.CHATOPS_PUSH_SENDER, settings.CHATOPS_PUSH_BODY = sender, body
    services.set_discreet(bob, discreet=discreet, by=BY)
    enable(bob)
    (registration,) = services.enabled()
    news = News(new_id(), "alice@localhost", "Tea?")
    text = serialise(publication(registration, messages=3, requests=0, latest=news)).decode()
    assert "message-count" in text
    assert {each for each in ("alice@localhost", "Tea?") if each in text} == told


@pytest.mark.spec("XEP-0357 §7.1")
def test_pauses_grow_up_to_an_hour(settings: Settings) -> None:
    settings.CHATOPS_PUSH_RETRY_SECONDS = 10
    assert [pause_after(number) for number in (1, 2, 3, 16)] == [10, 20, 40, 3600]
    assert timedelta(seconds=pause_after(1_000)) == timedelta(hours=1)

"""The offline queue: owed, taken, given back, confirmed."""

import pytest
from django.test import override_settings

from chatops.accounts.models import Device, User
from chatops.archive.models import Message, Passing
from chatops.core.ids import new_id
from chatops.core.models import Ring
from chatops.delivery import confirmations, retries, returns, services
from chatops.delivery.models import Delivery, Event, EventKind, State
from tests.factories import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


@pytest.fixture
def phone(bob: User) -> Device:
    return Device.objects.create(user=bob, resource="phone")


@pytest.fixture
def laptop(bob: User) -> Device:
    return Device.objects.create(user=bob, resource="laptop")


def take(device: Device, limit: int = 10) -> list[services.Owed]:
    return services.take(user_id=device.user_id, device_id=device.pk, limit=limit)


@pytest.mark.spec("XEP-0160 §2")
def test_what_is_queued_is_taken_once_in_the_order_of_acceptance(
    bob: User, phone: Device, laptop: Device
) -> None:
    kept = [written(f"m{n}") for n in range(3)]
    for each in reversed(kept):
        services.queue(each.pk, user_ids=[bob.pk])
    assert [owed.message_id for owed in take(phone, limit=2)] == [kept[0].pk, kept[1].pk]
    assert [owed.message_id for owed in take(laptop)] == [kept[2].pk]
    assert take(phone) == []


def test_queueing_twice_owes_once_and_tells_the_service(bob: User) -> None:
    sent = written()
    services.queue(sent.pk, user_ids=[bob.pk])
    services.queue(sent.pk, user_ids=[bob.pk])
    assert Delivery.objects.count() == 1
    news = Ring.objects.filter(kind__endswith=".Waiting").order_by("id").first()
    assert news is not None
    assert news.payload == {"user_ids": [bob.pk]}


@pytest.mark.spec("XEP-0198 §4")
def test_what_a_lost_connection_did_not_confirm_waits_again(bob: User, phone: Device) -> None:
    services.queue(written().pk, user_ids=[bob.pk])
    (owed,) = take(phone)
    returns.requeue(delivery_ids=[owed.delivery_id])
    row = Delivery.objects.get()
    assert (row.state, row.device, row.owed) == (State.QUEUED, None, True)
    assert [event.kind for event in Event.objects.all()] == [EventKind.QUEUED, EventKind.REQUEUED]
    assert [again.message_id for again in take(phone)] == [owed.message_id]


def test_what_another_device_confirmed_is_not_owed_again(
    bob: User, phone: Device, laptop: Device
) -> None:
    sent = written()
    lost = copy(sent, phone)
    copy(sent, laptop, State.CONFIRMED)
    returns.requeue(delivery_ids=[lost.pk])
    assert lines() == {("missed", "phone", False), ("confirmed", "laptop", False)}


def copy(sent: Message, device: Device, state: State = State.SENT) -> Delivery:
    """What a device has of a message; owed until it is confirmed."""
    return Delivery.objects.create(
        id=new_id(),
        message=sent,
        recipient_id=device.user_id,
        device=device,
        state=state,
        owed=state < State.CONFIRMED,
        changed=0,
    )


def lines() -> set[tuple[str, str, bool]]:
    """Where it stands: state, device, owed."""
    return {
        (row.get_state_display(), row.device.resource if row.device else "", row.owed)
        for row in Delivery.objects.select_related("device")
    }


def test_two_devices_that_both_lost_it_owe_it_once(
    bob: User, phone: Device, laptop: Device
) -> None:
    sent = written()
    returns.requeue(delivery_ids=[copy(sent, device).pk for device in (phone, laptop)])
    assert lines() == {("queued", "", True)}
    (owed,) = take(phone)
    returns.requeue(delivery_ids=[owed.delivery_id])  # and it is not taken for delivered then
    assert len(take(laptop)) == 1


def test_a_device_that_may_still_confirm_it_is_not_offered_it_again(
    bob: User, phone: Device, laptop: Device
) -> None:
    sent = written()
    lost, left = copy(sent, phone), copy(sent, laptop)
    returns.requeue(delivery_ids=[lost.pk])
    assert take(laptop) == []
    news = Ring.objects.get(kind__endswith=".Beside")
    assert news.payload == {"copies": [[sent.pk, bob.pk]]}
    Delivery.objects.filter(pk=left.pk).update(state=State.CONFIRMED, owed=False)
    assert take(laptop) == []
    returns.settle_answered([(sent.pk, bob.pk)])
    assert lines() == {("missed", "phone", False), ("confirmed", "laptop", False)}


def test_a_device_that_may_still_confirm_it_keeps_it_from_the_dead_letters(
    bob: User, phone: Device, laptop: Device
) -> None:
    sent = written()
    lost, left = copy(sent, phone), copy(sent, laptop)
    with override_settings(CHATOPS_DELIVERY_ATTEMPTS=1):
        returns.requeue(delivery_ids=[lost.pk])
        assert lines() == {("queued", "", True), ("sent", "laptop", True)}
        Delivery.objects.update(expires=1)
        retries.sweep()
        assert lines() == {("queued", "", True), ("sent", "laptop", True)}
        returns.requeue(delivery_ids=[left.pk])
        assert lines() == {("queued", "", True)}
        retries.sweep()
    assert lines() == {("expired", "", False)}


def test_the_sweep_finds_what_was_confirmed_and_not_heard_of(
    bob: User, phone: Device, laptop: Device
) -> None:
    sent = written()
    lost, left = copy(sent, phone), copy(sent, laptop)
    returns.requeue(delivery_ids=[lost.pk])
    retries.sweep()
    retries.sweep()
    assert lines() == {("queued", "", True), ("sent", "laptop", True)}
    Delivery.objects.filter(pk=left.pk).update(state=State.CONFIRMED, owed=False)
    retries.sweep()
    assert lines() == {("missed", "phone", False), ("confirmed", "laptop", False)}


def test_a_restart_takes_up_what_was_on_its_way(bob: User, phone: Device) -> None:
    for state, owed in ((State.STORED, True), (State.SENT, True), (State.SENT, False)):
        Delivery.objects.create(
            id=new_id(),
            message=written(),
            recipient=bob,
            device=phone,
            state=state,
            owed=owed,
            changed=0,
        )
    assert returns.recover() == 2
    assert len(take(phone)) == 2


@pytest.mark.parametrize(
    ("kind", "state"),
    [(EventKind.CONFIRMED, State.CONFIRMED), (EventKind.DISPLAYED, State.DISPLAYED)],
)
@pytest.mark.spec("XEP-0184", "XEP-0333")
def test_a_receipt_finds_its_message_and_ends_the_debt(
    bob: User, phone: Device, kind: EventKind, state: State
) -> None:
    sent = written("m7")
    services.queue(sent.pk, user_ids=[bob.pk])
    take(phone)
    found = confirm(bob, phone, "m7", kind)
    row = Delivery.objects.get()
    assert (found, row.state, row.owed, row.device) == (sent.pk, state, False, phone)


def test_a_receipt_from_a_device_without_a_row_makes_one(
    bob: User, phone: Device, laptop: Device
) -> None:
    services.queue(written("m8").pk, user_ids=[bob.pk])
    take(phone)
    confirm(bob, laptop, "m8", EventKind.CONFIRMED)
    assert {(row.device, row.state) for row in Delivery.objects.all()} == {
        (phone, State.STORED),
        (laptop, State.CONFIRMED),
    }


@pytest.mark.spec("XEP-0184")
def test_a_receipt_for_nothing_is_nobodys_error(bob: User, phone: Device) -> None:
    assert confirm(bob, phone, "never", EventKind.CONFIRMED) is None
    assert not Event.objects.exists()


@pytest.mark.spec("XEP-0184")
def test_a_stranger_cannot_confirm_what_he_was_not_sent(phone: Device) -> None:
    written("m9")
    charlie = User.objects.create(username="charlie")
    device = Device.objects.create(user=charlie, resource="pad")
    assert confirm(charlie, device, "m9", EventKind.CONFIRMED) is None


@pytest.mark.spec("XEP-0333 §4.3")
def test_a_marker_in_a_room_is_for_who_was_sent_the_message_there(bob: User, phone: Device) -> None:
    room = "tea@conference.localhost"
    said, elsewhere, unseen = (written() for _ in range(3))
    Message.objects.filter(pk__in=(said.pk, unseen.pk)).update(recipient_bare=room)
    for each in (said, elsewhere):
        copy(each, phone)
    ids = [str(each.pk) for each in (said, elsewhere, unseen)]
    found = [
        confirm(bob, phone, name, EventKind.DISPLAYED, sender=room, in_room=True)
        for name in (*ids, "m1", "9" * 30)
    ]
    assert found == [said.pk, None, None, None, None]
    assert {each.message_id: each.state for each in Delivery.objects.all()} == {
        said.pk: State.DISPLAYED,
        elsewhere.pk: State.SENT,
    }


def confirm(
    user: User,
    device: Device,
    stanza_id: str,
    kind: EventKind,
    *,
    sender: str = "alice@localhost",
    in_room: bool = False,
) -> int | None:
    return confirmations.confirm(
        sender=sender,
        in_room=in_room,
        recipient_id=user.pk,
        recipient=user.jid,
        device_id=device.pk,
        stanza_id=stanza_id,
        kind=kind,
        door="tcp",
        detail="receipt",
    )


@pytest.mark.spec("XEP-0334 §4.1")
def test_what_was_to_be_kept_no_longer_goes_when_it_has_arrived(bob: User, phone: Device) -> None:
    kept, passing, waiting = written("m1"), written("m2"), written("m3")
    for each in (passing, waiting):
        Passing.objects.create(message=each)
    for each in (kept, passing, waiting):
        services.queue(each.pk, user_ids=[bob.pk])
    first, second, _ = take(phone)
    services.close(
        delivery_ids=[first.delivery_id, second.delivery_id],
        state=State.CONFIRMED,
        kind=EventKind.CONFIRMED,
        detail="a test",
        device_id=phone.pk,
    )
    assert services.empty_passing() == 1
    texts = {each.stanza_id: each.body for each in Message.objects.all()}
    assert texts == {"m1": "hello", "m2": "", "m3": "hello"}
    assert services.empty_passing() == 0

"""What a device has not got: what it is offered, what pages show of it, and how it is forgotten."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from chatops.accounts import services as accounts
from chatops.accounts.models import Device, User
from chatops.archive.models import Message
from chatops.audit.models import Entry
from chatops.core.ids import first_at, new_id
from chatops.delivery import lacking, missing, returns
from chatops.delivery.catching_up import claim
from chatops.delivery.models import CopiesGot, Delivery, Event, EventKind, State
from chatops.push.models import Registration
from tests.factories import BY, a_message, a_person

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/device/"
DAY = timedelta(days=1)


@pytest.fixture
def alice() -> User:
    return a_person("alice")


@pytest.fixture
def bob() -> User:
    return a_person("bob")


@pytest.fixture
def phone(bob: User) -> Device:
    return a_device(bob, "phone")


@pytest.fixture
def tablet(bob: User) -> Device:
    return a_device(bob, "tablet")


def a_device(user: User, resource: str, **fields: object) -> Device:
    known = timezone.now() - 30 * DAY
    return Device.objects.create(
        user=user, resource=resource, first_seen=known, last_seen=known, **fields
    )


def gets(device: Device, message: Message, state: State = State.CONFIRMED, **fields: object) -> int:
    row = Delivery.objects.create(
        id=new_id(),
        message=message,
        recipient=device.user,
        device=device,
        state=state,
        owed=state < State.CONFIRMED,
        changed=new_id(),
        **fields,
    )
    return row.pk


def offered(device: Device) -> list[int]:
    """To a device that comes now."""
    now = timezone.now().timestamp()
    return [each.message_id for each in missing.missed_by(device_id=device.pk, online_since=now)]


def test_a_device_is_offered_what_another_got_and_it_did_not(
    alice: User, phone: Device, tablet: Device
) -> None:
    first, second = a_message(alice, phone.user), a_message(alice, phone.user)
    for message in (first, second):
        gets(tablet, message)
    gets(phone, first)
    assert offered(phone) == [second.pk]
    assert offered(tablet) == []
    now = timezone.now().timestamp()
    taken = missing.offer(device_id=phone.pk, online_since=now, message_ids=[first.pk, second.pk])
    assert [each.message_id for each in taken] == [second.pk]
    row = Delivery.objects.get(pk=taken[0].delivery_id)
    assert (row.device, row.state, row.owed) == (phone, State.STORED, True)
    assert offered(phone) == []  # it is on its way
    returns.requeue(delivery_ids=[row.pk])
    row.refresh_from_db()
    assert (row.state, row.owed) == (State.MISSED, False)
    again = missing.offer(device_id=phone.pk, online_since=now, message_ids=offered(phone))
    assert [each.delivery_id for each in again] == [row.pk]


def test_a_device_that_cannot_take_it_is_not_offered_it_for_ever(
    alice: User, phone: Device, tablet: Device, settings: Settings
) -> None:
    settings.CHATOPS_DELIVERY_ATTEMPTS = 2
    message = a_message(alice, phone.user)
    gets(tablet, message)
    for _ in range(2):
        now = timezone.now().timestamp()
        taken = missing.offer(device_id=phone.pk, online_since=now, message_ids=offered(phone))
        Delivery.objects.filter(pk=taken[0].delivery_id).update(state=State.SENT)
        returns.requeue(delivery_ids=[taken[0].delivery_id])
    assert offered(phone) == []
    assert [each.why for each in lacking.page_of(phone).lacks] == [lacking.GIVEN_UP]


def test_neither_what_is_older_than_the_device_or_the_window_nor_what_is_over(
    alice: User, phone: Device, tablet: Device
) -> None:
    message = a_message(alice, phone.user)
    message.entries.all().delete()
    row = gets(tablet, message)
    assert offered(a_device(phone.user, "pad")) == [message.pk]
    new = Device.objects.create(user=phone.user, resource="new", first_seen=timezone.now() + DAY)
    assert offered(new) == []
    Delivery.objects.filter(pk=row).update(expires=1)
    assert offered(phone) == []
    Delivery.objects.filter(pk=row).update(expires=None, state=State.EXPIRED)
    assert offered(phone) == []
    Delivery.objects.filter(pk=row).update(state=State.CONFIRMED)
    old = first_at(timezone.now() - 4 * DAY)
    Message.objects.filter(pk=message.pk).update(id=old)
    Delivery.objects.filter(pk=row).update(message=old)
    assert offered(phone) == []


def test_what_waits_for_all_is_the_queues(alice: User, phone: Device) -> None:
    message = a_message(alice, phone.user)
    Delivery.objects.create(
        id=new_id(), message=message, recipient=phone.user, state=State.QUEUED, changed=new_id()
    )
    assert offered(phone) == []
    assert [each.why for each in lacking.page_of(phone).lacks] == [lacking.QUEUED]


def test_who_reads_the_archive_is_offered_what_is_not_in_it(
    alice: User, phone: Device, tablet: Device
) -> None:
    phone.reads_archive = True
    phone.save()
    kept, notice = a_message(alice, phone.user), a_message(alice, phone.user)
    notice.entries.all().delete()
    for message in (kept, notice):
        gets(tablet, message)
    assert offered(phone) == [notice.pk]
    whys = [each.why for each in lacking.page_of(phone).lacks]
    assert whys == [lacking.OFFERED, lacking.READ]  # it has not been here since


async def test_nothing_is_claimed_where_catching_up_is_off(settings: Settings) -> None:
    settings.CHATOPS_CATCH_UP_HOURS = 0
    assert await claim(object(), first=0) == []  # type: ignore[arg-type]  # nobody looks at the session


def test_pages_tell_where_catching_up_is_off(
    alice: User, phone: Device, tablet: Device, settings: Settings
) -> None:
    gets(tablet, a_message(alice, phone.user))
    settings.CHATOPS_CATCH_UP_HOURS = 0
    assert [each.why for each in lacking.page_of(phone).lacks] == [lacking.OFF]


def test_copies_are_had(alice: User, phone: Device, tablet: Device) -> None:
    messages = [a_message(alice, phone.user) for _ in range(3)]
    for message in messages:
        gets(tablet, message)
    packed = missing.pack([messages[0].pk, messages[2].pk])
    CopiesGot.objects.create(id=new_id(), device=phone, messages=packed)
    assert offered(phone) == [messages[1].pk]
    CopiesGot.objects.create(id=1, device=phone, messages=packed)
    assert missing.forget_copies() == 1


def test_the_newest_are_offered_where_they_are_too_many(
    alice: User, phone: Device, tablet: Device, settings: Settings
) -> None:
    settings.CHATOPS_MAX_CATCH_UP = 2
    messages = [a_message(alice, phone.user) for _ in range(3)]
    for message in messages:
        gets(tablet, message)
    hits = missing.MOST.hits
    assert offered(phone) == [message.pk for message in messages[1:]]
    assert missing.MOST.hits == hits + 1


# In the browser


def signed_in(*permissions: str) -> Client:
    """An auditor with these permissions."""
    user = a_person("auditor", is_staff=True)
    for each in permissions:
        app, _, name = each.partition(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=name)
        )
    client = Client()
    client.force_login(user)
    return client


def page_of(device: Device) -> str:
    return f"{LIST}{device.pk}/change/"


def test_the_page_lists_what_is_lacking_a_page_at_a_time(
    alice: User, phone: Device, tablet: Device
) -> None:
    messages = [a_message(alice, phone.user) for _ in range(lacking.PAGE + 2)]
    for message in messages:
        gets(tablet, message)
    browser = signed_in("accounts.view_device", "delivery.view_delivery")
    text = browser.get(page_of(phone)).content.decode()
    assert "27 messages" in text
    assert f"/message/{messages[-1].pk}/" in text
    assert f"/message/{messages[1].pk}/" not in text
    older = f"?older={messages[2].pk}"
    assert older in text
    text = browser.get(page_of(phone) + older).content.decode()
    assert f"/message/{messages[1].pk}/" in text
    assert f"/message/{messages[2].pk}/" not in text
    text = browser.get(f"{LIST}?user__id__exact={phone.user.pk}").content.decode()
    assert "27 messages" in text
    assert "nothing" in text


def test_what_is_lacking_is_for_those_who_see_the_log(
    alice: User, phone: Device, tablet: Device
) -> None:
    gets(tablet, a_message(alice, phone.user))
    browser = signed_in("accounts.view_device")
    for address in (LIST, page_of(phone)):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "1 message" not in answer.content.decode()
        assert "not got" not in answer.content.decode()
    assert browser.post(f"{LIST}{phone.pk}/do/forget/", {"reason": "x"}).status_code == 403
    assert Device.objects.known().count() == 2


def test_forgetting_wants_a_reason_and_keeps_what_was_got(
    alice: User, phone: Device, tablet: Device
) -> None:
    message = a_message(alice, phone.user)
    row = gets(phone, message)
    Registration.objects.create(user=phone.user, jid="push.example", device=phone)
    browser = signed_in("accounts.view_device", "accounts.forget_device", "delivery.view_delivery")
    do = f"{LIST}{phone.pk}/do/forget/"
    browser.post(do, {"reason": " "})
    assert Device.objects.known().filter(pk=phone.pk).exists()
    browser.post(do, {"reason": "lost in a taxi"})
    assert not Device.objects.known().filter(pk=phone.pk).exists()
    assert Delivery.objects.get(pk=row).device_id == phone.pk
    assert not Registration.objects.exists()
    entry = Entry.objects.get(action="device.forget")
    assert (entry.target, entry.details["reason"]) == (str(phone), "lost in a taxi")
    assert "forgotten" in browser.get(page_of(phone)).content.decode()
    listed = browser.get(LIST).content.decode()
    assert str(page_of(tablet)) in listed
    assert str(page_of(phone)) not in listed
    assert str(page_of(phone)) in browser.get(f"{LIST}?forgotten=yes").content.decode()


def test_the_devices_of_who_uses_the_console_are_for_administrators(phone: Device) -> None:
    phone.user.is_staff = True
    phone.user.save()
    browser = signed_in("accounts.view_device", "accounts.forget_device")
    assert "Why" not in browser.get(page_of(phone)).content.decode()
    do = f"{LIST}{phone.pk}/do/forget/"
    assert browser.post(do, {"reason": "spite"}).status_code == 403
    assert Device.objects.known().exists()


def test_ones_own_device_is_forgotten_on_ones_own_page(alice: User, phone: Device) -> None:
    mine, others = Client(), Client()
    mine.force_login(phone.user)
    others.force_login(alice)
    address = f"/account/device/{phone.pk}/"
    assert others.get(address).status_code == others.post(address).status_code == 404
    assert "phone" in mine.get("/account/").content.decode()
    assert "Forget this device" in mine.get(address).content.decode()
    assert mine.post(address).status_code == 302
    assert not Device.objects.known().exists()
    assert mine.get(address).status_code == 404
    assert "phone" not in mine.get("/account/").content.decode().partition("password")[0]


def test_a_forgotten_device_is_not_kept_a_message_for(
    alice: User, phone: Device, tablet: Device
) -> None:
    message = a_message(alice, phone.user)
    for device in (phone, tablet):
        gets(device, message, State.SENT)
    accounts.forget_device(phone, by=BY, reason="lost")
    lost = Delivery.objects.get(device=phone)
    returns.requeue(delivery_ids=[lost.pk])  # as the end of its session does
    lost.refresh_from_db()
    assert (lost.device, lost.state, lost.owed) == (None, State.QUEUED, True)
    event = Event.objects.get(message_id=message.pk, device=phone)
    assert event.kind == EventKind.REQUEUED

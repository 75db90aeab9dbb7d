"""Devices: what makes one the same, and how one is forgotten."""

import pytest

from chatops.accounts import services
from chatops.accounts.models import Device, User
from chatops.accounts.services import UserAgent
from chatops.audit.models import Entry
from chatops.audit.services import Actor

BY = Actor.command("a test")
PHONE = UserAgent("d4565fa7-4d72-4749-b3d3-740edbf87770", "Tea 1", "Alice's phone")


@pytest.fixture
def alice(db: None) -> User:
    return services.add_account("alice", password="a good one", by=BY)


@pytest.fixture
def bob(db: None) -> User:
    return services.add_account("bob", password="a good one", by=BY)


def login(user: User, resource: str, agent: UserAgent = UserAgent()) -> int:  # noqa: B008
    return services.note_login(user_id=user.pk, resource=resource, door="tcp", agent=agent).id


@pytest.mark.spec("XEP-0388 §2.3")
def test_an_installation_stays_the_same_device_whatever_its_resource(alice: User) -> None:
    first = login(alice, "Tea.1", PHONE)
    assert login(alice, "Coffee.1", UserAgent(PHONE.id)) == first
    device = Device.objects.get()
    assert (device.resource, device.name, device.client) == ("Coffee.1", PHONE.device, "Tea 1")
    assert PHONE.id not in device.installation


def test_an_installation_that_serves_two_accounts_is_a_device_of_each(
    alice: User, bob: User
) -> None:
    assert login(alice, "Tea.1", PHONE) != login(bob, "Tea.1", PHONE)
    assert len(set(Device.objects.values_list("installation", flat=True))) == 2


def test_who_gives_no_id_is_known_by_the_resource(alice: User) -> None:
    phone = login(alice, "phone", PHONE)
    other = login(alice, "phone")
    assert other != phone
    assert login(alice, "phone") == other
    assert login(alice, "desk") not in (phone, other)


def test_a_forgotten_device_comes_back_as_a_new_one(alice: User) -> None:
    for agent in (PHONE, UserAgent()):
        first = login(alice, "phone", agent)
        device = Device.objects.get(pk=first)
        assert services.forget_device(device, by=BY, reason="lost in a taxi")
        assert not services.forget_device(device, by=BY, reason="twice")
        again = login(alice, "phone", agent)
        assert again != first
        assert list(Device.objects.of(alice).values_list("pk", flat=True)) == [again]
        services.forget_device(Device.objects.get(pk=again), by=BY, reason="again")
    entries = Entry.objects.filter(action="device.forget")
    assert entries.count() == 4
    assert entries.filter(details__reason="lost in a taxi").count() == 2


def test_forgetting_is_for_the_owner_or_has_a_reason(alice: User, bob: User) -> None:
    device = Device.objects.get(pk=login(alice, "phone"))
    with pytest.raises(services.NoReason):
        services.forget_device(device, by=Actor("bob", "browser", bob.pk), reason=" ")
    alice.is_staff = True
    alice.save()
    device.refresh_from_db()
    with pytest.raises(services.Outranked):
        services.forget_device(device, by=Actor("bob", "browser", bob.pk), reason="spite")
    assert services.forget_device(device, by=Actor("alice", "browser", alice.pk))


def test_what_a_device_does_is_remembered_with_it(alice: User) -> None:
    device = login(alice, "phone")
    services.note_habit(device_id=device, reads_archive=True)
    known = services.note_login(user_id=alice.pk, resource="phone", door="tcp")
    assert (known.reads_archive, known.wants_copies) == (True, False)

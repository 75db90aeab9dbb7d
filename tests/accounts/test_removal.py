"""What goes with an account, what stays, and that the next one of its name is somebody else."""

import pytest
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.models import Challenge, Device, Invitation, InvitationUse, User, VCard
from chatops.archive import services as archive
from chatops.archive.models import Archive, Message
from chatops.audit.services import Actor
from chatops.contacts import services as contacts
from chatops.contacts.models import RosterItem, SubscriptionRequest
from chatops.core.models import Ring
from chatops.delivery.models import Delivery, State
from chatops.rooms import services as rooms
from chatops.rooms.models import Affiliation
from tests.factories import a_message, a_person

pytestmark = [pytest.mark.django_db, pytest.mark.spec("XEP-0077 §3.2")]
BY = Actor.command("a test")


def test_everything_that_belongs_to_an_account_goes_with_it() -> None:
    alice, bob = a_person("alice"), a_person("bob")
    contacts.befriend(alice, bob, by=BY)
    SubscriptionRequest.objects.create(user=alice, sender="x@example.org", stanza="<presence/>")
    services.note_login(user_id=alice.pk, resource="desk", door="tcp")
    message = a_message(bob, alice)
    Delivery.objects.create(
        id=message.pk,
        message=message,
        recipient=alice,
        state=State.QUEUED,
        changed=message.pk,
    )
    VCard.objects.create(user=alice)
    room = rooms.create("tea", by=BY, owner=bob.jid, name="Tea")
    rooms.register(room, jid=alice.jid, nickname="Al", by=BY)
    services.invite(by=BY, contact=alice)
    kept = services.invite(by=BY, made_by=alice, contact=bob)

    services.remove_account(alice, by=BY)

    assert list(User.objects.values_list("username", flat=True)) == ["bob"]
    for model in (Device, VCard, SubscriptionRequest, Delivery, InvitationUse, Challenge):
        assert not model.objects.exists(), model
    assert list(Affiliation.objects.values_list("jid", flat=True)) == [bob.jid]
    assert list(Invitation.objects.all()) == [kept]  # what others may still use, made by nobody
    assert list(RosterItem.objects.values_list("user", flat=True)) == [bob.pk]
    told = [ring.kind.rpartition(".")[2] for ring in Ring.objects.order_by("id")][-2:]
    assert told == ["SessionsEnd", "AccountRemoved"]

    # The bell makes the contacts forget, wherever it is heard.
    contacts.forget_contact(jid=alice.jid)
    assert RosterItem.objects.get().subscription == "none"


def test_the_archive_stays_under_a_name_that_nobody_gets() -> None:
    alice, bob = a_person("alice"), a_person("bob")
    message = a_message(alice, bob)
    services.remove_account(alice, by=BY)
    assert list(Message.objects.all()) == [message]
    names = set(Archive.objects.values_list("jid", flat=True)) - {bob.jid}
    assert len(names) == 1
    assert names.pop().startswith("alice@localhost until 20")
    again = services.add_account("alice", password="kettle-and-cup-7", by=BY)
    a_message(again, bob)
    services.remove_account(again, by=BY)
    assert Archive.objects.count() == 3


def test_the_longest_address_has_an_archive_that_can_be_closed() -> None:
    longest = f"{'x' * 1023}@{'y' * 1023}"
    Archive.objects.create(jid=longest)
    archive.close(longest, at=timezone.now())
    Archive.objects.get().full_clean()

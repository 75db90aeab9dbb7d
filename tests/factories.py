"""One of each kind of row, as the service itself would leave it, for tests that look at pages."""

from typing import Any

from django.db.models import Model
from django.utils import timezone

from chatops.accounts import services as invitations
from chatops.accounts.models import Device, FailedLogin, PrivateData, User
from chatops.archive.models import Archive, Entry, Kind, Message
from chatops.audit.models import Entry as AuditEntry
from chatops.audit.services import Actor, record
from chatops.contacts import services as contacts
from chatops.contacts.models import Blocked, PrivacyList, Report, RosterItem, SubscriptionRequest
from chatops.core.ids import new_id
from chatops.delivery.events import append
from chatops.delivery.models import (
    DeadLetter,
    Delivery,
    Event,
    EventKind,
    ExportJob,
    State,
    Verification,
)
from chatops.notices.models import Notice
from chatops.push.models import Registration
from chatops.rooms import services as rooms
from chatops.rooms.models import Hat, Room, RoomCard, RoomPolicy, Template, Tombstone

BY = Actor.command("a test")


def a_person(username: str, *, is_staff: bool = False, is_superuser: bool = False) -> User:
    return User.objects.create(username=username, is_staff=is_staff, is_superuser=is_superuser)


def a_message(sender: User, recipient: User, words: str = "Tea?") -> Message:
    """It lies in both archives, and waits for the recipient."""
    message = Message.objects.create(
        id=new_id(),
        kind=Kind.CHAT,
        sender=f"{sender.jid}/desk",
        recipient=recipient.jid,
        sender_bare=sender.jid,
        recipient_bare=recipient.jid,
        stanza_id="m1",
        body=words,
        wants_receipt=True,
        xml=f"<message xmlns='jabber:client'><body>{words}</body></message>",
    )
    for owner, peer in ((sender, recipient), (recipient, sender)):
        archive, _ = Archive.objects.get_or_create(jid=owner.jid)
        Entry.objects.create(archive=archive, message=message, peer=peer.jid)
    for kind in (EventKind.ACCEPTED, EventKind.STORED, EventKind.QUEUED):
        add_event(id=new_id(), message_id=message.pk, recipient=recipient, kind=kind, door="tcp")
    return message


def written(stanza_id: str = "m1") -> Message:
    """From alice to bob, and nobody has it yet."""
    return Message.objects.create(
        id=new_id(),
        kind=Kind.CHAT,
        sender="alice@localhost/desk",
        recipient="bob@localhost",
        sender_bare="alice@localhost",
        recipient_bare="bob@localhost",
        stanza_id=stanza_id,
        body="hello",
        xml="<message xmlns='jabber:client'/>",
    )


def add_event(**fields: Any) -> Event:
    """A line of a message's timeline."""
    return append([Event(**fields)])[0]


def kept_away(by: User) -> list[Model]:
    """A blocked address, with the list that it is in, and a report about it."""
    contacts.block(by, jids=["spammer@y.example"])
    contacts.report(by, jid="spammer@y.example", reason="urn:xmpp:reporting:spam", text="Hourly.")
    return [Blocked.objects.get(), PrivacyList.objects.get(), Report.objects.get()]


def one_of_each() -> dict[str, Model]:
    """By "app_model", for all models of ours that have pages."""
    alice, bob = a_person("alice"), a_person("bob")
    message = a_message(alice, bob)
    device = Device.objects.create(user=bob, resource="desk", client="Some client", door="tcp")
    record(BY, "room.create", "tea@conference.localhost")
    made: list[Model] = [
        alice,
        message,
        device,
        invitations.invite(by=BY, contact=alice),
        Delivery.objects.create(
            id=new_id(), message=message, recipient=bob, state=State.QUEUED, changed=new_id()
        ),
        RosterItem.objects.create(user=alice, jid=bob.jid, name="Bob", groups=["Friends"]),
        SubscriptionRequest.objects.create(
            user=alice, sender="charlie@localhost", stanza="<presence xmlns='jabber:client'/>"
        ),
        rooms.create("tea", by=BY, owner=alice.jid, name="Tea kitchen"),
        Notice.objects.create(subject="Fire drill", body="At noon.", created_by=alice),
        AuditEntry.objects.latest("pk"),
        *kept_away(alice),
        Registration.objects.create(user=bob, jid="push.example", node="n1", device=device),
        PrivateData.objects.create(
            user=alice, namespace="urn:x", tag="prefs", document="<prefs/>", size_bytes=8
        ),
        DeadLetter.objects.create(
            id=(number := new_id()),
            message=message,
            recipient=alice,
            state=State.EXPIRED,
            owed=False,
            changed=number,
        ),
        Verification.objects.create(
            id=(begun := new_id()),
            finished=begun,
            since=0,
            by=BY.name,
            events=3,
            seals=1,
            anchors=0,
            heads={"1": [1, "00"]},
            found=0,
            findings=[],
        ),
        ExportJob.objects.create(owner=alice, format="csv", before=number, oldest=0),
        FailedLogin.objects.create(
            user=bob, address="192.0.2.1", door="tcp", hour=timezone.now(), count=3
        ),
        Template.objects.get(is_default=True),
        RoomPolicy.objects.get(),
        Tombstone.objects.create(localpart="cellar", by=BY.name, reason="Flooded."),
    ]
    room = made[7]
    assert isinstance(room, Room)
    made.append(Hat.objects.create(room=room, uri="urn:example:hats:host", title="Host"))
    photo = {"photo": b"picture", "photo_hash": "0" * 40, "image_type": "image/png"}
    made.append(RoomCard.objects.create(room=room, document="<vCard xmlns='vcard-temp'/>", **photo))
    return {f"{item._meta.app_label}_{item._meta.model_name}": item for item in made}

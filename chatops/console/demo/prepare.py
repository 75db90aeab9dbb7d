"""The demo's data: people, rooms, and a week of history, made through the services."""

import json
import random
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chatops.accounts import services as accounts
from chatops.accounts.models import User
from chatops.archive.models import Entry, Kind, Message
from chatops.archive.services import archive_id
from chatops.audit.services import Actor
from chatops.console.demo.cast import LINES, PEOPLE, ROOMS
from chatops.core.ids import first_at
from chatops.rooms import services as rooms
from chatops.rooms.models import Affiliation, Room
from chatops.xmpp.elements import add, serialise, stanza
from chatops.xmpp.names import CLIENT

BY = Actor.command("manage.py demo")
ADMIN = "admin"
DAYS, A_DAY = 7, 40


def passwords_file() -> Path:
    """Where the demo clients find their passwords; for the owner of the folder alone."""
    return Path(settings.CHATOPS_DATA) / "demo-passwords.json"


def prepare() -> str:
    """Make what is missing; returns the administrator's password if it was made now."""
    password = ""
    if not User.objects.filter(username=ADMIN).exists():
        password = secrets.token_urlsafe(12)
        accounts.add_account(ADMIN, password=password, by=BY, is_admin=True, name="Administrator")
    if not passwords_file().exists():
        _make_people()
        _make_rooms()
        _make_history()
    return password


def _make_people() -> None:
    made = {name: secrets.token_urlsafe(12) for name in PEOPLE}
    for username, name in PEOPLE.items():
        user = User.objects.filter(username=username).first()
        if user is None:
            accounts.add_account(username, password=made[username], by=BY, name=name)
        else:
            accounts.set_password(user, password=made[username], by=BY)
    file = passwords_file()
    file.touch(mode=0o600)
    file.write_text(json.dumps(made))


def _make_rooms() -> None:
    for localpart, (name, description) in ROOMS.items():
        if Room.objects.filter(localpart=localpart).exists():
            continue
        room = rooms.create(
            localpart,
            by=BY,
            owner=f"{ADMIN}@{settings.CHATOPS_DOMAIN}",
            name=name,
            description=description,
        )
        for username in PEOPLE:
            jid = f"{username}@{settings.CHATOPS_DOMAIN}"
            rooms.set_affiliation(room, jid=jid, rank=Affiliation.Rank.MEMBER, by=BY)


@transaction.atomic
def _make_history() -> None:
    """A week of small talk in the rooms, with ids of its time."""
    chance = random.Random(7)  # noqa: S311 - small talk needs no secrets
    start = timezone.now() - timedelta(days=DAYS)
    for room in Room.objects.filter(localpart__in=ROOMS):
        archive = archive_id(room.jid)
        for day in range(DAYS):
            for number in range(A_DAY):
                moment = start + timedelta(days=day, minutes=10 * number, seconds=room.pk)
                _said(room, archive, chance.choice(list(PEOPLE)), chance.choice(LINES), moment)


def _said(room: Room, archive: int, username: str, words: str, moment: datetime) -> None:
    jid = f"{username}@{settings.CHATOPS_DOMAIN}"
    number = first_at(moment) + room.pk
    element = stanza(
        "message", type_="groupchat", id_=f"demo{number}", from_=f"{room.jid}/{username}"
    )
    add(element, f"{{{CLIENT}}}body", words)
    message = Message.objects.create(
        id=number,
        kind=Kind.GROUPCHAT,
        sender=f"{jid}/desk",
        recipient=room.jid,
        sender_bare=jid,
        recipient_bare=room.jid,
        stanza_id=f"demo{number}",
        body=words,
        xml=serialise(element).decode(),
    )
    Entry.objects.create(archive_id=archive, message=message, peer=jid)

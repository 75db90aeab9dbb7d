"""The archive in the browser: found, read, and each reading noted."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import User
from chatops.archive import admin as archive_admin
from chatops.archive.models import Archive, Entry, Kind, Message
from chatops.audit.models import Entry as AuditEntry
from chatops.core.ids import first_at

pytestmark = pytest.mark.django_db

LIST = reverse("admin:archive_message_changelist")
CONVERSATION = reverse("admin:archive_conversation")
ALICE, BOB, ROOM = "alice@localhost", "bob@localhost", "tea@conference.localhost"
START = datetime(2026, 11, 19, 23, tzinfo=UTC)


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def kept() -> list[int]:
    """Eight messages between alice and bob, one every half an hour."""
    return [
        keep(number, f"number {number}.", *((ALICE, BOB) if number % 2 else (BOB, ALICE)))
        for number in range(8)
    ]


def keep(number: int, body: str, sender: str, recipient: str, kind: Kind = Kind.CHAT) -> int:
    message = Message.objects.create(
        id=first_at(START + timedelta(minutes=30 * number)),
        kind=kind,
        sender=f"{sender}/desk",
        recipient=recipient,
        sender_bare=sender,
        recipient_bare=recipient,
        stanza_id=f"client-{number}",
        body=body,
        xml="<message/>",
    )
    places = [(recipient, sender)]
    if kind != Kind.GROUPCHAT:
        places.append((sender, recipient))
    for owner, peer in places:
        archive, _ = Archive.objects.get_or_create(jid=owner)
        Entry.objects.create(archive=archive, message=message, peer=peer)
    return message.pk


def page(browser: Client, url: str) -> str:
    response = browser.get(url)
    assert response.status_code == 200
    return response.content.decode()


def said(shown: str) -> list[int]:
    return [int(number) for number in re.findall(r"number (\d+)\.", shown)]


def turned(shown: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', shown)
    return CONVERSATION + found[1].replace("&amp;", "&") if found else None


def test_a_conversation_reads_in_order_by_days_and_is_turned_both_ways(
    browser: Client, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_admin, "PAGE", 3)
    newest = page(browser, f"{CONVERSATION}?one={ALICE}&other={BOB}")
    assert said(newest) == [5, 6, 7]
    assert turned(newest, "next") is None
    older = turned(newest, "prev")
    assert older is not None
    middle = page(browser, older)
    assert said(middle) == [2, 3, 4]
    assert "Friday, 20 November 2026" in middle
    oldest = page(browser, turned(middle, "prev") or "")
    assert said(oldest) == [0, 1]
    assert turned(oldest, "prev") is None
    newer = turned(oldest, "next")
    assert newer is not None
    assert said(page(browser, newer)) == [2, 3, 4]
    assert said(page(browser, f"{CONVERSATION}?one={BOB}&other={ALICE}")) == [5, 6, 7]


def test_a_permalink_shows_what_was_said_around_it(
    browser: Client, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_admin, "PAGE", 4)
    shown = page(browser, f"{CONVERSATION}?one={ALICE}&other={BOB}&at={kept[3]}")
    assert said(shown) == [2, 3, 4, 5]
    assert re.search(rf'id="m{kept[3]}" class="[^"]*ch-at', shown)
    assert turned(shown, "prev")
    assert turned(shown, "next")


def test_a_room_is_read_by_its_address(browser: Client, kept: list[int]) -> None:
    keep(20, "number 20.", ROOM, ROOM, Kind.GROUPCHAT)
    assert said(page(browser, f"{CONVERSATION}?other={ROOM}")) == [20]


def test_what_no_archive_has_is_found_by_its_addresses(browser: Client) -> None:
    keep(1, "number 1.", ALICE, BOB)
    Entry.objects.all().delete()
    assert said(page(browser, f"{CONVERSATION}?one={ALICE}&other={BOB}")) == [1]


@pytest.mark.parametrize("query", ["", "?one=&other=", "?other=x&before=none&at=-1", "?one=a"])
def test_a_question_that_means_nothing_is_answered_with_the_form(
    browser: Client, query: str
) -> None:
    assert 'name="other"' in page(browser, CONVERSATION + query)


def test_messages_are_found_by_words_address_and_time(browser: Client, kept: list[int]) -> None:
    keep(30, "Where is the tea pot?", ALICE, "charlie@localhost")
    for query, found in [
        ("q=pot tea", 1),
        ("q=tea coffee", 0),
        ("q=charlie@localhost", 1),
        ("q=client-3", 1),
        (f"q={kept[2]}", 1),
        ("address=charlie@localhost", 1),
        ("since=2026-11-20&address=bob@localhost", 6),
        ("until=2026-11-19", 2),
    ]:
        shown = page(browser, f"{LIST}?{query}")
        assert len(set(re.findall(r"/message/(\d+)/change/", shown))) == found, query


def test_each_reading_leaves_an_entry(browser: Client, kept: list[int]) -> None:
    page(browser, f"{LIST}?q=number")
    page(browser, f"{CONVERSATION}?one={ALICE}&other={BOB}")
    page(browser, reverse("admin:archive_message_change", args=[kept[0]]))
    entries = AuditEntry.objects.order_by("pk").values_list("actor_name", "action", "target")
    assert list(entries) == [
        ("root@localhost", "archive.list", "messages"),
        ("root@localhost", "archive.read", f"{ALICE} and {BOB}"),
        ("root@localhost", "archive.read", f"message {kept[0]}"),
    ]


def test_who_may_not_read_does_not_and_leaves_no_entry(kept: list[int]) -> None:
    charlie = Client()
    charlie.force_login(User.objects.create(username="charlie", is_staff=True))
    for url in (
        LIST,
        f"{CONVERSATION}?one={ALICE}&other={BOB}",
        reverse("admin:archive_message_change", args=[kept[0]]),
    ):
        assert charlie.get(url).status_code == 403
    assert not AuditEntry.objects.exists()


def test_nothing_of_the_archive_is_changed_in_the_browser(browser: Client, kept: list[int]) -> None:
    change = reverse("admin:archive_message_change", args=[kept[0]])
    assert browser.post(change, {"body": "forged"}).status_code == 403
    assert browser.get(reverse("admin:archive_message_add")).status_code == 403
    delete = reverse("admin:archive_message_delete", args=[kept[0]])
    assert browser.post(delete, {"post": "yes"}).status_code == 403


def test_markup_is_shown_as_text(browser: Client) -> None:
    pk = keep(1, "<b>bold</b>\nline", ALICE, BOB)
    for url in (
        LIST,
        f"{CONVERSATION}?one={ALICE}&other={BOB}",
        reverse("admin:archive_message_change", args=[pk]),
    ):
        shown = page(browser, url)
        assert "&lt;b&gt;bold" in shown
        assert "<b>bold" not in shown

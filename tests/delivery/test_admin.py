"""The delivery log and the timeline, as an administrator reads them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chatops.accounts.models import Device, User
from chatops.archive.models import Kind, Message
from chatops.audit.models import Entry
from chatops.core.ids import first_at
from chatops.delivery import timeline
from chatops.delivery.models import Delivery, EventKind, State
from tests.factories import add_event

pytestmark = pytest.mark.django_db

LOG = reverse("admin:delivery_delivery_changelist")
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float) -> int:
    return first_at(START + timedelta(seconds=seconds))


@pytest.fixture
def browser() -> Client:
    return browser_of(User.objects.create(username="root", is_staff=True, is_superuser=True))


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk() -> Client:
    """May see the ledger, and not what people wrote."""
    user = User.objects.create(username="clerk", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    return browser_of(user)


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob", name="Bob")


@pytest.fixture
def phone(bob: User) -> Device:
    return Device.objects.create(user=bob, resource="Phone")


def written(number: int = 0, body: str = "Tea?", sender: str = "alice@localhost") -> Message:
    """A message to bob, accepted that many seconds after the start."""
    return Message.objects.create(
        id=at(number),
        kind=Kind.CHAT,
        sender=f"{sender}/desk",
        recipient="bob@localhost",
        sender_bare=sender,
        recipient_bare="bob@localhost",
        stanza_id=f"client-{number}",
        body=body,
        xml="<message/>",
    )


def delivered(
    message_id: int, bob: User, device: Device | None, state: State, *, owed: bool = False
) -> Delivery:
    key = message_id + 1 + (device.pk if device else 0)
    return Delivery.objects.create(
        id=key,
        message_id=message_id,
        recipient=bob,
        device=device,
        state=state,
        owed=owed,
        changed=message_id + 1,
    )


def happened(
    seconds: float,
    kind: EventKind,
    message_id: int,
    bob: User | None = None,
    device: Device | None = None,
    detail: str = "",
) -> None:
    add_event(
        id=at(seconds) + kind.value,
        message_id=message_id,
        recipient=bob,
        device=device,
        kind=kind,
        detail=detail,
    )


def page(browser: Client, url: str) -> str:
    response = browser.get(url)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_log_finds_by_address_id_client_id_and_words(
    browser: Client, bob: User, phone: Device
) -> None:
    tea, coffee = written(0, "Tea is ready"), written(60, "Coffee", "charlie@localhost")
    for message in (tea, coffee):
        delivered(message.pk, bob, phone, State.CONFIRMED)
    links = {each.pk: f"{LOG}{each.deliveries.get().pk}/change/" for each in (tea, coffee)}
    for search, found in [
        ("", {tea.pk, coffee.pk}),
        ("alice@localhost", {tea.pk}),
        ("Alice@localhost/desk", {tea.pk}),
        ("bob@localhost", {tea.pk, coffee.pk}),
        ("bob@localhost/Phone", {tea.pk, coffee.pk}),
        ("dora@localhost", set()),
        (str(coffee.pk), {coffee.pk}),
        ("client-60", {coffee.pk}),
        ("is ready", {tea.pk}),
        ("123", set()),
    ]:
        shown = page(browser, f"{LOG}?q={search}")
        assert {key for key, link in links.items() if link in shown} == found, search


def test_the_log_is_filtered_by_every_column(browser: Client, bob: User, phone: Device) -> None:
    message = written()
    link = f"{LOG}{delivered(message.pk, bob, phone, State.SENT).pk}/change/"
    for filters, found in [
        ("state__exact=30", True),
        ("state__exact=60", False),
        ("kind=1", True),
        ("kind=3", False),
        ("sender=alice@localhost", True),
        ("sender=bob@localhost", False),
        ("recipient=bob@localhost", True),
        ("recipient=alice@localhost", False),
        ("device=phon", True),
        ("device=desk", False),
        ("since=2026-11-20&until=2026-11-20", True),
        ("since=2026-11-21", False),
        ("until=2026-11-19", False),
        ("since=yesterday", True),
    ]:
        assert (link in page(browser, f"{LOG}?{filters}")) is found, filters


def test_pages_are_turned_by_key_and_nothing_is_counted_to_the_end(
    browser: Client, bob: User, phone: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        delivered(written(number, f"number {number}").pk, bob, phone, State.SENT)
    seen: list[str] = []
    url: str | None = LOG
    with CaptureQueriesContext(connection) as queries:
        while url:
            shown = page(browser, url)
            seen += re.findall(r"<time datetime='([^']+)'>", shown)
            older = re.search(r'<a href="([^"]+)" rel="next"', shown)
            newer = re.search(r'<a href="([^"]+)" rel="prev"', shown)
            url = LOG + older[1].replace("&amp;", "&") if older else None
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen, reverse=True)
    counts = [each["sql"] for each in queries.captured_queries if "COUNT(" in each["sql"]]
    assert not [sql for sql in counts if "delivery_delivery" in sql and "LIMIT" not in sql]
    assert newer is not None
    back = page(browser, LOG + newer[1].replace("&amp;", "&"))
    assert re.findall(r"<time datetime='([^']+)'>", back) == seen[50:100]


def test_what_is_kept_nowhere_has_its_row_and_its_timeline(
    browser: Client, bob: User, phone: Device
) -> None:
    happened(0.002, EventKind.STORED, at(0))
    delivered(at(0), bob, phone, State.SENT)
    assert "not kept" in page(browser, LOG)
    shown = page(browser, reverse("admin:delivery_timeline", args=[at(0)]))
    assert "kept nowhere" in shown
    assert "Phone" in shown


def test_words_are_for_those_who_may_read_them(
    clerk: Client, browser: Client, bob: User, phone: Device
) -> None:
    message = written(0, "a secret")
    row = delivered(message.pk, bob, phone, State.SENT)
    link, url = f"{LOG}{row.pk}/change/", reverse("admin:delivery_timeline", args=[message.pk])
    assert "a secret" in page(browser, url)
    assert "a secret" not in page(clerk, url)
    assert link in page(browser, f"{LOG}?q=secret")
    assert link not in page(clerk, f"{LOG}?q=secret")
    searches = Entry.objects.filter(action="archive.search")
    assert [each.details for each in searches] == [{"words": "secret"}]


def test_who_reads_on_the_timeline_is_noted_once_and_who_may_not_is_not(
    clerk: Client, browser: Client, bob: User
) -> None:
    message = written()
    url = reverse("admin:delivery_timeline", args=[message.pk])
    for each in (clerk, browser, browser):  # the page fetches itself when something happens
        page(each, url)
    (entry,) = Entry.objects.filter(action="archive.read")
    assert (entry.actor_name, entry.target) == ("root@localhost", f"message {message.pk}")


def test_a_row_leads_to_its_messages_timeline(browser: Client, bob: User, phone: Device) -> None:
    message = written()
    row = delivered(message.pk, bob, phone, State.SENT)
    answer = browser.get(f"{LOG}{row.pk}/change/")
    assert answer["Location"] == reverse("admin:delivery_timeline", args=[message.pk])
    assert browser.get(f"{LOG}999/change/").status_code == 404
    assert browser.get(f"{LOG}none/change/").status_code == 404
    for unknown in (1, 2**70):
        url = reverse("admin:delivery_timeline", args=[unknown])
        assert browser.get(url).status_code == 404


def test_a_stranger_sees_nothing(bob: User) -> None:
    message = written()
    staff = browser_of(User.objects.create(username="charlie", is_staff=True))
    for url in (LOG, reverse("admin:delivery_timeline", args=[message.pk])):
        assert staff.get(url).status_code == 403
        assert browser_of(bob).get(url).status_code == 302


# The timeline


def lanes(message_id: int, who: str = "") -> list[timeline.Lane]:
    found = timeline.timeline_of(message_id, who=who)
    assert found is not None
    return found.lanes


def test_a_confirmation_is_told_in_plain_words(bob: User, phone: Device) -> None:
    message = written()
    delivered(message.pk, bob, phone, State.CONFIRMED)
    happened(0.1, EventKind.SENT, message.pk, bob, phone)
    happened(0.3, EventKind.CONFIRMED, message.pk, bob, phone, "receipt")
    happened(0.9, EventKind.CONFIRMED, message.pk, bob, phone, "stream acknowledgement")
    (lane,) = lanes(message.pk)
    assert lane.sentence == "Bob's Phone confirmed it 200 ms after it was sent."
    assert [(line.what, line.detail, line.since_before) for line in lane.lines] == [
        ("sent", "", "100 ms"),
        ("confirmed", "by receipt", "200 ms"),
        ("confirmed", "by stream acknowledgement", "600 ms"),
    ]


def test_what_waits_says_since_when(bob: User) -> None:
    message = written()
    delivered(message.pk, bob, None, State.QUEUED, owed=True)
    happened(0.1, EventKind.QUEUED, message.pk, bob)
    (lane,) = lanes(message.pk)
    assert lane.sentence == (
        "No device of Bob has it: it waits in the offline queue"
        " since 20 November 2026, 12:00:00 UTC."
    )


def test_a_device_that_gave_it_back_keeps_its_lane(bob: User, phone: Device) -> None:
    desk = Device.objects.create(user=bob, resource="Desk")
    message = written()
    delivered(message.pk, bob, desk, State.CONFIRMED)
    happened(0.1, EventKind.SENT, message.pk, bob, phone)
    happened(30, EventKind.REQUEUED, message.pk, bob, phone, "the connection was lost")
    happened(60, EventKind.SENT, message.pk, bob, desk)
    happened(61, EventKind.CONFIRMED, message.pk, bob, desk, "receipt")
    now, former = lanes(message.pk)
    assert (now.device, former.device) == ("Desk", "Phone")
    assert now.lines[0].detail == "from Phone because the connection was lost"
    assert [line.what for line in now.lines] == ["back in the queue", "sent", "confirmed"]
    assert [line.what for line in former.lines] == ["sent", "back in the queue"]
    assert former.sentence == "Phone did not confirm it, so it went back to the queue."


def test_two_devices_keep_their_events_apart(bob: User, phone: Device) -> None:
    desk = Device.objects.create(user=bob, resource="Desk")
    message = written()
    for device in (phone, desk):
        delivered(message.pk, bob, device, State.SENT)
        happened(device.pk / 1000, EventKind.SENT, message.pk, bob, device)
    happened(2, EventKind.DISPLAYED, message.pk, bob, phone, "chat marker: displayed")
    assert [len(lane.lines) for lane in lanes(message.pk)] == [2, 1]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_sentence(bob: User, phone: Device, state: State) -> None:
    message = written()
    delivered(message.pk, bob, phone, state, owed=True)
    (lane,) = lanes(message.pk)
    assert lane.sentence.endswith(".")
    assert lane.state == state.label


def test_a_message_to_thousands_is_summed_up_and_narrowed(
    browser: Client, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_LANES", 3)
    message = written()
    people = User.objects.bulk_create(User(username=f"person{number}") for number in range(9))
    for number, person in enumerate(people):
        Delivery.objects.create(
            id=at(1) + number,
            message=message,
            recipient=person,
            state=State.QUEUED if number else State.CONFIRMED,
            changed=at(1),
        )
    found = timeline.timeline_of(message.pk)
    assert found is not None
    assert (len(found.lanes), found.total) == (3, 9)
    assert [(label, count) for label, _, count in found.states] == [("queued", 8), ("confirmed", 1)]
    (lane,) = lanes(message.pk, who="person7@localhost")
    assert lane.recipient == "person7@localhost"
    shown = page(browser, reverse("admin:delivery_timeline", args=[message.pk]))
    assert "3 of 9 deliveries are shown." in shown


def test_what_people_write_is_text_and_never_markup(
    browser: Client, bob: User, phone: Device
) -> None:
    message = written(0, "<script>alert(1)</script>")
    delivered(message.pk, bob, phone, State.FAILED)
    happened(1, EventKind.FAILED, message.pk, bob, phone, "<img src=x>")
    shown = page(browser, reverse("admin:delivery_timeline", args=[message.pk]))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "&lt;img src=x&gt;" in shown
    assert "<img src=x>" not in shown

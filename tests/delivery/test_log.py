"""What is looked for in the delivery log: where an index ends, and how far back is looked then."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import Device, User
from chatops.core.ids import new_id
from chatops.delivery import log, walking
from chatops.delivery.log import LogQuery, describe
from chatops.delivery.models import Delivery, State
from chatops.delivery.walking import LAST, Place
from tests.factories import a_message, a_person

pytestmark = pytest.mark.django_db

LOG = reverse("admin:delivery_delivery_changelist")


@pytest.fixture
def alice() -> User:
    return a_person("alice")


@pytest.fixture
def bob() -> User:
    return a_person("bob")


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    return client


def sent(sender: User, recipient: User, words: str = "Tea?", state: State = State.SENT) -> Delivery:
    return Delivery.objects.create(
        id=new_id(),
        message=a_message(sender, recipient, words),
        recipient=recipient,
        device=Device.objects.get_or_create(user=recipient, resource="desk")[0],
        state=state,
        owed=False,
        changed=new_id(),
    )


def whole(query: LogQuery, size: int) -> list[int]:
    """All its pages downwards; each of them is the same when one comes back to it."""
    found: list[int] = []
    page, pages = query.page(size=size), 0
    while page.rows:
        if found:
            before = query.page(size=size, newer=Place.of(page.rows[0]))
            assert [row.pk for row in before.rows] == found[-size:]
        found += [row.pk for row in page.rows]
        pages += 1
        page = query.page(size=size, older=Place.of(page.rows[-1]))
    return found


def test_pages_of_an_address_join_what_it_sent_and_what_it_got(alice: User, bob: User) -> None:
    rows = [sent(*(pair if n % 3 else pair[::-1])) for n, pair in enumerate([(alice, bob)] * 11)]
    charlie = a_person("charlie")
    sent(charlie, a_person("dora"))
    mine = [row.pk for row in rows][::-1]
    for size in (2, 5, 50):
        assert whole(LogQuery(search="alice@localhost"), size) == mine
        assert whole(LogQuery(), size)[1:] == mine
    assert whole(LogQuery(search="alice@localhost", recipient="bob@localhost"), 4) == [
        row.pk for row in rows[::-1] if row.recipient == bob
    ]
    assert whole(LogQuery(search="alice@elsewhere.example"), 4) == []


def test_a_notice_to_many_is_turned_over_page_by_page(alice: User) -> None:
    message = a_message(alice, a_person("dora"))
    people = User.objects.bulk_create(User(username=f"person{number}") for number in range(25))
    rows = Delivery.objects.bulk_create(
        Delivery(id=new_id(), message=message, recipient=each, state=State.QUEUED, changed=1)
        for each in people
    )
    assert whole(LogQuery(search=str(message.pk)), 4) == [row.pk for row in rows[::-1]]
    assert whole(LogQuery(state=State.QUEUED), 7) == [row.pk for row in rows[::-1]]


def test_words_are_looked_for_so_far_and_then_further(
    alice: User, bob: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_WINDOWS", (2,))
    monkeypatch.setattr(walking, "BUDGET", 4)
    needle = sent(alice, bob, "a needle")
    hay = [sent(alice, bob, "hay") for _ in range(9)]
    query = LogQuery(search="needle", words=True)
    page = query.page(size=50)
    assert page.rows == []
    assert page.looked_to is not None
    assert page.looked_to >= hay[2].message_id
    shown = browser.get(LOG, {"q": "needle"}).content.decode()
    assert "and found nothing" in shown
    assert "Look further" in shown
    looks = 0
    while not page.rows:
        assert page.looked_to is not None
        page, looks = query.page(size=50, older=Place(page.looked_to, 0)), looks + 1
    assert [row.pk for row in page.rows] == [needle.pk]
    assert looks in (1, 2)
    assert query.page(size=50, older=Place.of(needle)).looked_to is None


def test_what_is_not_looked_to_the_end_leaves_no_gap(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the ways to an address one may end early: older rows of the others wait for it."""
    monkeypatch.setattr(walking, "_WINDOWS", (2,))
    monkeypatch.setattr(walking, "BUDGET", 4)
    rows = [sent(alice, bob, state=State.FAILED if n < 3 else State.SENT) for n in range(12)]
    query = LogQuery(search="alice@localhost/desk", state=State.FAILED)
    found: list[int] = []
    older: Place | None = None
    for _ in range(20):
        page = query.page(size=2, older=older)
        found += [row.pk for row in page.rows]
        if page.looked_to is not None:
            older = Place(page.looked_to, 0)
        elif page.has_more:
            older = Place.of(page.rows[-1])
        else:
            break
    assert found == [row.pk for row in rows[2::-1]]


def test_states_are_counted_up_to_a_number(
    alice: User, bob: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for state, count in ((State.SENT, 4), (State.FAILED, 2)):
        for _ in range(count):
            sent(alice, bob, state=state)
    assert LogQuery().counts() == ({State.SENT: 4, State.FAILED: 2}, False)
    filtered = LogQuery(recipient="bob@localhost", state=State.SENT)
    assert filtered.counts() == ({State.SENT: 4, State.FAILED: 2}, False)
    monkeypatch.setattr(log, "MOST_COUNTED", 3)
    assert LogQuery().counts() == ({State.SENT: 4, State.FAILED: 2}, False)
    assert filtered.counts() == ({State.SENT: 1, State.FAILED: 2}, True)
    assert ">4 sent</a>" in browser.get(LOG).content.decode()


def test_the_cells_of_rows_are_for_who_may_see_the_log(
    alice: User, bob: User, browser: Client
) -> None:
    row = sent(alice, bob, state=State.CONFIRMED)
    url = reverse("admin:delivery_rows")
    shown = browser.get(url, {"ids": f"{row.pk},x,77"}).content.decode()
    assert f"id='state-{row.pk}'" in shown
    assert "confirmed" in shown
    clerk = Client()
    user = a_person("clerk", is_staff=True)
    clerk.force_login(user)
    assert clerk.get(url, {"ids": row.pk}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    assert clerk.get(url, {"ids": row.pk}).status_code == 200


@pytest.mark.parametrize(
    "name", ["q", "state__exact", "owed__exact", "kind", "sender", "recipient"]
)
def test_forged_filters_find_nothing_and_break_nothing(browser: Client, name: str) -> None:
    for value in (
        str(2**63 - 1),
        "9" * 40,
        "-1",
        "\x00",
        "a\x00b@c",
        "@",
        "/",
        "%",
        "'",
        "x" * 3000,
    ):
        assert browser.get(LOG, {name: value}).status_code in (200, 302), value


@pytest.mark.parametrize("name", ["since", "until", "older", "newer"])
def test_forged_days_and_places_are_left_out(
    alice: User, bob: User, browser: Client, name: str
) -> None:
    sent(alice, bob)
    for value in ("9999-12-31", "0001-01-01", "2026-13-01", "7-", f"{2**63 - 1}-{2**63 - 1}", "x"):
        assert browser.get(LOG, {name: value}).status_code == 200, value


def test_what_is_asked_for_is_the_same_by_address_and_by_json() -> None:
    query = LogQuery.read(
        {
            "q": "tea",
            "state__exact": "20",
            "owed__exact": "0",
            "kind": "1",
            "sender": "Alice@localhost/desk",
            "device": "phone",
            "since": "2026-11-20",
        },
        words=True,
    )
    assert query.sender == "alice@localhost"
    assert LogQuery.read(query.as_params(), words=True) == query
    assert LogQuery(**query.as_json()) == query
    assert describe(query.as_json()).startswith("search: tea, state: queued, owed: no, kind: Chat")


def test_looking_further_upwards_shows_no_row_again(
    alice: User, bob: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_WINDOWS", (2,))
    monkeypatch.setattr(walking, "BUDGET", 4)
    rows = [sent(alice, bob, state=State.FAILED if n < 9 else State.SENT) for n in range(10)]
    query = LogQuery(recipient="bob@localhost", state=State.FAILED)
    newer, found = Place.of(rows[0]), []
    for _ in range(10):
        page = query.page(size=20, newer=newer)
        found += [row.pk for row in page.rows[::-1]]
        if page.looked_to is None:
            break
        newer = Place(page.looked_to, LAST)
    assert found == [row.pk for row in rows[1:9]]

"""Pages of archives: which messages, in which order, at what price."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatops.archive import services
from chatops.archive.models import Archive, Entry, Kind, Message
from chatops.archive.services import ArchiveQuery, NoSuchMessage, TooManyIds
from chatops.core.ids import first_at, moment_of

ALICE, BOB, CHARLIE = "alice@localhost", "bob@localhost", "charlie@localhost"
START = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("XEP-0313", "XEP-0059")]


def id_of(number: int) -> int:
    """One message a minute."""
    return first_at(START + timedelta(minutes=number))


@pytest.fixture
def archive() -> None:
    """Ten messages of alice's: to bob, but for numbers 3 and 7, which go to charlie."""
    mine = Archive.objects.create(jid=ALICE)
    for number in range(10):
        other = CHARLIE if number in (3, 7) else BOB
        Message.objects.create(
            id=id_of(number),
            kind=Kind.CHAT,
            sender=f"{ALICE}/desk",
            recipient=f"{other}/phone" if number == 7 else other,
            sender_bare=ALICE,
            recipient_bare=other,
            xml=f"<message>{number}</message>",
        )
        Entry.objects.create(archive=mine, message_id=id_of(number), peer=other)


def numbers(query: ArchiveQuery | None = None, **page: int | bool) -> list[int]:
    most = int(page.pop("most", 100))
    found = services.page(owner=ALICE, query=query or ArchiveQuery(), most=most, **page)  # type: ignore[arg-type]
    return [int(each.xml[9:-10]) for each in found.messages]


@pytest.mark.usefixtures("archive")
def test_following_the_pages_shows_everything_once_in_order() -> None:
    forwards, backwards = [], []
    after: int | None = None
    before: int | None = None
    while True:
        page = services.page(owner=ALICE, query=ArchiveQuery(), most=3, after=after)
        forwards += [each.id for each in page.messages]
        after = page.messages[-1].id
        if page.complete:
            break
    while True:
        page = services.page(
            owner=ALICE, query=ArchiveQuery(), most=3, before=before, backwards=True
        )
        backwards = [each.id for each in page.messages] + backwards
        before = page.messages[0].id
        if page.complete:
            break
    assert forwards == backwards == [id_of(number) for number in range(10)]


@pytest.mark.usefixtures("archive")
def test_filters_narrow_and_combine() -> None:
    moment = START + timedelta(minutes=3)
    assert numbers(ArchiveQuery(peer=CHARLIE)) == [3, 7]
    assert numbers(ArchiveQuery(peer=f"{CHARLIE}/phone")) == [7]
    assert numbers(ArchiveQuery(start=moment, end=moment)) == [3]
    assert numbers(ArchiveQuery(after_id=id_of(2), before_id=id_of(5))) == [3, 4]
    assert numbers(ArchiveQuery(ids=(id_of(8), id_of(1)))) == [1, 8]
    assert numbers(ArchiveQuery(ids=())) == []
    assert numbers(ArchiveQuery(peer=BOB, start=moment), most=2) == [4, 5]
    assert numbers(ArchiveQuery(peer=BOB), most=2, backwards=True) == [8, 9]


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("where", ["after_id", "before_id", "ids", "after", "before"])
def test_an_id_that_is_not_in_this_archive_is_not_found(where: str) -> None:
    elsewhere = Archive.objects.create(jid=BOB)
    strange = id_of(99)
    Message.objects.create(id=strange, kind=Kind.CHAT, xml="<message/>")
    Entry.objects.create(archive=elsewhere, message_id=strange, peer=ALICE)
    with pytest.raises(NoSuchMessage):
        if where in ("after", "before"):
            numbers(**{where: strange})
        else:
            value = (id_of(1), strange) if where == "ids" else strange
            numbers(ArchiveQuery(**{where: value}))  # type: ignore[arg-type]


def test_a_query_cannot_name_thousands_of_ids() -> None:
    with pytest.raises(TooManyIds):
        numbers(ArchiveQuery(ids=tuple(range(services.MOST_IDS + 1))))


@pytest.mark.usefixtures("archive")
def test_the_count_is_exact_where_it_is_cheap_or_all_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count(most: int) -> int | None:
        return services.page(owner=ALICE, query=ArchiveQuery(), most=most).count

    assert count(2) == count(0) == 10
    monkeypatch.setattr(services, "COUNTED", 9)
    assert count(2) is None
    assert count(0) == 10


@pytest.mark.usefixtures("archive")
def test_the_ends_are_named_or_there_are_none() -> None:
    ends = services.ends(owner=ALICE)
    assert ends is not None
    assert moment_of(ends[0]) == START
    assert ends == (id_of(0), id_of(9))
    assert services.ends(owner=CHARLIE) is None


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("query", [ArchiveQuery(), ArchiveQuery(peer=BOB)])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_page_is_read_along_an_index_and_never_sorted(
    query: ArchiveQuery, backwards: bool
) -> None:
    with CaptureQueriesContext(connection) as queries:
        services.page(owner=ALICE, query=query, most=50, after=id_of(2), backwards=backwards)
    sql = queries.captured_queries[-1]["sql"]
    assert "xml" in sql
    plan = plan_of(sql)
    assert any(index in plan for index in ("entry_by_peer", "entry_once")), plan
    for slow in ("SCAN archive", "Seq Scan", "TEMP B-TREE", "Sort"):
        assert slow not in plan, plan


def plan_of(sql: str) -> str:
    """How the database will find the rows: what it would do with many, not with these few."""
    explain = "EXPLAIN"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            explain = "EXPLAIN QUERY PLAN"
        else:
            for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())

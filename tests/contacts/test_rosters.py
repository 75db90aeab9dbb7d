"""The rosters in memory: true whatever the order in which news comes."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import connection

from chatops.accounts.models import User
from chatops.contacts import services
from chatops.contacts.news import REMOVE, RosterChanged
from chatops.contacts.rosters import CachedRoster, Rosters
from chatops.contacts.subscriptions import Kind
from chatops.core import database
from chatops.core.database import in_db

ALICE, BOB = "alice@localhost", "bob@localhost"


@pytest.fixture
def database_threads() -> Iterator[None]:
    """Their connections are closed again: a server's test database is removed at the end."""
    yield
    everybody = threading.Barrier(settings.CHATOPS_DATABASE_THREADS)

    def close() -> None:
        everybody.wait(10)
        connection.close()

    closing = [database._pool.submit(close) for _ in range(everybody.parties)]
    for each in closing:
        each.result(10)


def change(version: int, subscription: str = "both", *, waiting: bool = False) -> RosterChanged:
    return RosterChanged(
        7, ALICE, version, BOB, "", [], subscription,
        ask=False, approved=False, waiting=waiting, shown=True,
    )  # fmt: skip


@pytest.mark.spec("RFC 6121 §2.6")
def test_news_is_taken_once_and_in_order() -> None:
    roster = CachedRoster(7, ALICE, 1)
    assert list(roster.take(change(3, "from"))) == []
    assert [news.version for news in roster.take(change(2, "to"))] == [2, 3]
    assert list(roster.take(change(3))) == []
    assert (roster.sees, roster.seen_by) == (set(), {BOB})
    assert [news.version for news in roster.take(change(4, REMOVE, waiting=True))] == [4]
    assert (roster.seen_by, roster.waiting) == (set(), {BOB})


def test_news_of_a_namesake_is_not_taken() -> None:
    roster = CachedRoster(7, ALICE, 1)
    assert list(roster.take(replace(change(2), user_id=8))) == []


def test_what_went_with_a_process_is_not_waited_for_forever() -> None:
    roster = CachedRoster(7, ALICE, 1)
    taken = [news for version in range(3, 110) for news in roster.take(change(version))]
    assert [news.version for news in taken] == list(range(3, 110))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("database_threads")
async def test_a_change_while_the_rows_are_read_is_not_lost() -> None:
    alice = await in_db(User.objects.create, username="alice")
    known = Rosters()
    loading = asyncio.create_task(known.of(ALICE))
    await asyncio.sleep(0)
    outcome = await in_db(services.send, alice, contact=BOB, kind=Kind.SUBSCRIBE)
    granted = await in_db(services.receive, alice, contact=BOB, kind=Kind.SUBSCRIBED)
    for each in (granted, outcome):
        assert each.change is not None
        known.take(each.change)
    roster = await loading
    assert roster is not None
    assert roster.sees == {BOB}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("database_threads")
async def test_of_the_absent_the_latest_are_kept_and_of_the_present_all() -> None:
    for name in ("alice", "bob", "charlie"):
        await in_db(User.objects.create, username=name)
    known = Rosters(most_contacts=2)
    held = await known.of(ALICE)
    for bare in (BOB, "charlie@localhost"):
        await known.of(bare)
    assert known.known(ALICE) is held
    del held
    gc.collect()
    assert known.known(ALICE) is None
    assert known.known(BOB) is not None
    known.forget(BOB)
    assert known.known(BOB) is None
    assert await known.of("nobody@localhost") is None

"""What one registration has to tell: nothing twice, nothing that the device has seen."""

import pytest
from django.utils import timezone

from chatops.core.ids import new_id
from chatops.push.news import News
from chatops.push.services import Enabled
from chatops.push.targets import MOST_KNOWN, Target

pytestmark = pytest.mark.spec("XEP-0357")


@pytest.fixture
def target() -> Target:
    return Target(
        Enabled(
            id=1,
            user_id=1,
            bare="bob@localhost",
            jid="push.example",
            node="n1",
            options={},
            device_id=1,
            enabled_at=timezone.now(),
            waiting=0,
            failures=0,
            broken=False,
        )
    )


def a_message() -> News:
    return News(new_id(), "alice@localhost", "Tea?")


def test_what_is_known_is_no_news_wherever_it_is_just_now(target: Target) -> None:
    news = a_message()
    assert target.concerns(news.message_id)
    target.note(news)
    target.note(news)
    assert target.waiting == 1
    assert not target.concerns(news.message_id)
    target.begin()
    target.note(news)
    assert target.waiting == 1
    assert not target.concerns(news.message_id)
    with target.read():  # the rows that are read may be older than what is written now
        assert target.arrived() == [news]
        assert not target.concerns(news.message_id)
    assert not target.told


def test_what_did_not_arrive_goes_with_what_has_come_since(target: Target) -> None:
    first, second = a_message(), a_message()
    target.note(first)
    target.begin()
    target.note(second)
    target.take_back()
    assert list(target.unsent.values()) == [first, second]
    assert (target.waiting, target.latest) == (2, second)


def test_what_is_older_than_the_registration_is_no_news(target: Target) -> None:
    assert not target.concerns(1)


def test_memory_has_an_end(target: Target) -> None:
    for _ in range(MOST_KNOWN + 10):
        target.note(a_message())
    assert len(target.unsent) == MOST_KNOWN
    assert target.waiting == MOST_KNOWN + 10


def test_when_it_is_broken_nothing_is_kept(target: Target) -> None:
    target.note(a_message())
    target.broken = True
    target.end()
    target.note(a_message())
    assert not target.unsent

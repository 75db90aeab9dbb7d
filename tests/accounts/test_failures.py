"""Who guesses passwords waits longer and longer; administrators see it."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.models import FailedLogin, User
from chatops.accounts.services import Attempt, failures, note_failed_logins
from chatops.accounts.services.failures import Guesses
from chatops.audit.models import Entry
from chatops.audit.services import Actor

BY = Actor.command("test")
HERE, THERE = "203.0.113.7", "203.0.113.8"
ALICE = Attempt("alice", HERE, "tcp", "PLAIN")
limits = override_settings(
    CHATOPS_AUTH_FREE_FAILURES=3,
    CHATOPS_AUTH_LOCK_SECONDS=10,
    CHATOPS_AUTH_FORGET_SECONDS=100,
    CHATOPS_AUTH_PAUSE_MILLISECONDS=50,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("chatops.accounts.services.failures.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def alice() -> User:
    return services.add_account("alice", password="a long password", by=BY)


@limits
def test_an_address_that_guesses_waits_longer_each_time(clock: list[float]) -> None:
    guesses = Guesses()
    for _ in range(2):
        guesses.failed(ALICE)
    assert guesses.locked_for(ALICE) == 0
    for expected in (1, 2, 4, 8, 10, 10):
        guesses.failed(ALICE)
        assert guesses.locked_for(ALICE) == expected
        clock[0] += expected - 0.5
        assert guesses.locked_for(ALICE) == 0.5
        clock[0] += 0.5
        assert guesses.locked_for(ALICE) == 0


@limits
def test_nobody_else_waits_for_who_guesses(clock: list[float]) -> None:
    guesses = Guesses()
    for _ in range(9):
        guesses.failed(ALICE)
    assert guesses.locked_for(ALICE)
    assert not guesses.locked_for(Attempt("alice", THERE, "tcp"))
    assert not guesses.locked_for(Attempt("bob", HERE, "tcp"))


@limits
def test_an_address_that_guesses_at_many_accounts_waits_as_a_whole(clock: list[float]) -> None:
    guesses = Guesses()
    for number in range(30):
        assert not guesses.locked_for(Attempt("bob", HERE, "tcp"))
        guesses.failed(Attempt(f"somebody{number}", HERE, "tcp"))
    assert guesses.locked_for(Attempt("bob", HERE, "tcp"))
    assert not guesses.locked_for(Attempt("bob", THERE, "tcp"))


@limits
def test_of_a_customers_network_all_addresses_are_one(clock: list[float]) -> None:
    guesses = Guesses()
    for number in range(3):
        guesses.failed(Attempt("alice", f"2001:db8::{number}", "tcp"))
    assert guesses.locked_for(Attempt("alice", "2001:db8::77", "tcp"))
    assert not guesses.locked_for(Attempt("alice", "2001:db8:0:1::", "tcp"))


@limits
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_proxy_on_this_machine_is_not_locked_out(clock: list[float], address: str) -> None:
    guesses = Guesses()
    local = Attempt("alice", address, "tcp")
    for _ in range(99):
        guesses.failed(local)
    assert guesses.locked_for(local) == 0
    assert guesses.pause(local) == 0.05


@limits
def test_a_failure_of_an_attacked_account_is_told_late(clock: list[float]) -> None:
    guesses, pauses = Guesses(), []
    for number in range(8):
        guesses.failed(Attempt("alice", f"203.0.113.{number}", "tcp"))
        pauses.append(guesses.pause(Attempt("alice", f"203.0.113.{number}", "tcp")))
    assert pauses == [0, 0, 0, 0.01, 0.02, 0.04, 0.05, 0.05]
    clock[0] += 101
    assert guesses.pause(ALICE) == 0  # forgotten


@limits
def test_the_right_password_ends_an_accounts_row_and_not_its_address(clock: list[float]) -> None:
    guesses = Guesses()
    for _ in range(30):
        guesses.failed(ALICE)
    guesses.succeeded(ALICE)
    assert guesses.pause(Attempt("alice", THERE, "tcp")) == 0
    assert guesses.locked_for(Attempt("bob", HERE, "tcp"))


@override_settings(CHATOPS_AUTH_FREE_FAILURES=0)
def test_pauses_can_be_switched_off() -> None:
    guesses = Guesses()
    for _ in range(99):
        guesses.failed(ALICE)
    assert (guesses.locked_for(ALICE), guesses.pause(ALICE)) == (0, 0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "REMEMBERED", 30)
    guesses = Guesses()
    for number in range(99):
        guesses.failed(Attempt(f"a{number}", f"198.51.100.{number}", "tcp"))
    assert len(guesses._failures) == 30


@pytest.mark.django_db
def test_failures_of_one_hour_are_one_row(alice: User) -> None:
    stranger = Attempt("", HERE, "tcp", "PLAIN")
    note_failed_logins({ALICE: 3, stranger: 2})
    note_failed_logins({ALICE: 4, stranger: 1, Attempt("alice", HERE, "websocket", "PLAIN"): 1})
    rows = FailedLogin.objects.values_list("user__username", "address", "door", "count")
    assert sorted(rows, key=str) == [
        ("alice", HERE, "tcp", 7),
        ("alice", HERE, "websocket", 1),
        (None, HERE, "tcp", 3),
    ]
    noted = Entry.objects.filter(action="login.failed").order_by("pk")
    assert [(entry.target, entry.door) for entry in noted] == [
        ("alice@localhost", "tcp"),
        ("an unknown account", "tcp"),
        ("alice@localhost", "websocket"),
    ]
    assert noted[0].details == {"suspended": False, "mechanism": "PLAIN"}


@pytest.mark.django_db
def test_old_failures_go(alice: User) -> None:
    note_failed_logins({ALICE: 3})
    FailedLogin.objects.update(last_at=timezone.now() - timedelta(days=8))
    note_failed_logins({Attempt("alice", THERE, "tcp"): 1})
    with override_settings(CHATOPS_KEEP_FAILED_LOGINS_DAYS=0):
        assert failures.forget_failed_logins() == 0
    with override_settings(CHATOPS_KEEP_FAILED_LOGINS_DAYS=7):
        assert failures.forget_failed_logins() == 1
    assert FailedLogin.objects.get().address == THERE


@pytest.mark.django_db
def test_an_account_takes_its_failures_along(alice: User) -> None:
    note_failed_logins({ALICE: 3})
    alice.delete()
    assert not FailedLogin.objects.exists()

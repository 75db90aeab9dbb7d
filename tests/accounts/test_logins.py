"""What a login leaves behind, and what the service is told when it starts."""

from collections.abc import Callable

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.test import override_settings

from chatops.accounts import services
from chatops.accounts.checks import check_accounts
from chatops.accounts.hashers import ScramPasswordHasher
from chatops.accounts.imports import import_accounts
from chatops.accounts.models import Device, User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.models import Ring
from chatops.xmpp.errors import Refused
from chatops.xmpp.sasl.scram import ScramRecord

BY = Actor.command("a test")


@pytest.fixture
def alice(db: None) -> User:
    return services.add_account("alice", password="a good one", by=BY)


def test_a_device_is_remembered_with_its_client(alice: User) -> None:
    first = services.note_login(user_id=alice.pk, resource="desk", door="tcp").id
    services.note_client(device_id=first, client="x" * 300)
    again = services.note_login(user_id=alice.pk, resource="desk", door="websocket").id
    services.note_logout(user_id=alice.pk, device_id=again)
    device = Device.objects.get()
    alice.refresh_from_db()
    assert (first, device.door, len(device.client)) == (again, "websocket", 200)
    assert alice.last_seen == device.last_seen


@pytest.mark.parametrize("known", [True, False])
def test_whoever_is_suspended_or_removed_before_binding_gets_no_session(
    alice: User, known: bool
) -> None:
    if known:
        services.note_login(user_id=alice.pk, resource="desk", door="tcp")
    services.suspend(alice, reason="", by=BY)
    key = alice.pk
    with pytest.raises(services.Suspended):
        services.note_login(user_id=key, resource="desk", door="tcp")
    services.remove_account(alice, by=BY)
    with pytest.raises(services.NoSuchAccount):
        services.note_login(user_id=key, resource="desk", door="tcp")


def test_a_wrong_password_is_told_from_a_damaged_record_by_nobody() -> None:
    record = make_password("a good one")
    assert check_password("a good one", record)
    for damaged in (record[:-10], "scram$x$y", "scram$4096$!!$a$b$c$d"):
        assert not check_password("a good one", damaged)


@override_settings(CHATOPS_SCRAM_ITERATIONS=5000)
def test_a_record_of_other_iterations_is_due_for_renewal() -> None:
    hasher = ScramPasswordHasher()
    older, newer = (
        ScramRecord.derive("a good one", bytes(16), count).encode() for count in (4096, 6000)
    )
    assert hasher.must_update(older)
    assert hasher.must_update(newer)
    assert not hasher.must_update(hasher.encode("a good one", hasher.salt()))
    hasher.harden_runtime("a wrong one", newer)  # nothing is missing, so nothing is done


@pytest.mark.spec("RFC 5802")
def test_a_password_that_saslprep_changes_is_one_for_both_doors(alice: User) -> None:
    services.set_password(alice, password="pass\u00a0word\u00ad", by=BY)
    assert alice.check_password("pass word")


@pytest.mark.parametrize(
    "deed",
    [
        lambda user, by: services.set_password(user, password="another one", by=by),
        lambda user, by: services.suspend(user, reason="", by=by),
        lambda user, by: services.resume(user, by=by),
        lambda user, by: services.end_sessions(user, by=by),
        lambda user, by: services.remove_account(user, by=by),
        lambda user, by: services.change_account(user, by=by, name="x"),
    ],
)
def test_nobody_acts_above_his_rank(alice: User, deed: Callable[[User, Actor], None]) -> None:
    services.add_account("root", password="a good one", by=BY, is_admin=True)
    staff = services.add_account("staff", password="a good one", by=BY, is_staff=True)
    entries, rings = Entry.objects.count(), Ring.objects.count()
    with pytest.raises(services.Outranked):
        deed(staff, Actor(alice.jid, "api", alice.pk))
    assert (Entry.objects.count(), Ring.objects.count()) == (entries, rings)
    deed(alice, Actor(staff.jid, "api", staff.pk))
    assert Entry.objects.count() == entries + 1


def test_nobody_suspends_himself_and_everybody_may_change_his_own(alice: User) -> None:
    services.add_account("root", password="a good one", by=BY, is_admin=True)
    staff = services.add_account("staff", password="a good one", by=BY, is_staff=True)
    himself = Actor.client(staff.jid, staff.pk)
    with pytest.raises(services.NotOneself):
        services.suspend(staff, reason="", by=himself)
    services.set_password(staff, password="another one", by=himself)
    assert staff.check_password("another one")


def test_odd_lines_of_a_file_are_told_by_their_number(db: None) -> None:
    text = [
        'alice,"a ""quoted"", one","Alice\n',
        'of the tea"\n',
        "bob,bell\x07\n",
        f"charlie,fine,{'x' * 201}\n",
        "dan, with spaces ,Dan\n",
    ]
    report = import_accounts(text, by=BY)
    assert (report.added, report.there_already) == (2, 0)
    assert [number for number, _ in report.errors] == [3, 4]
    alice = User.objects.get(username="alice")
    assert alice.check_password('a "quoted", one')
    assert alice.name == "Alice\nof the tea"
    assert User.objects.get(username="dan").check_password(" with spaces ")
    assert set(Entry.objects.values_list("target", flat=True)) == {
        "alice@localhost",
        "dan@localhost",
    }


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, []),
        ({"CHATOPS_DOMAIN": "not a domain"}, ["accounts.E001"]),
        ({"CHATOPS_DOMAIN": "Example.ORG"}, ["accounts.E001"]),
        ({"PASSWORD_HASHERS": []}, ["accounts.E002"]),
        ({"CHATOPS_SCRAM_ITERATIONS": 1000}, ["accounts.W001"]),
    ],
)
def test_wrong_settings_are_told_at_the_start(
    settings: dict[str, object], found: list[str]
) -> None:
    with override_settings(**settings):
        assert [message.id for message in check_accounts()] == found


def test_refusals_say_it_in_a_sentence() -> None:
    for refusal in (services.Suspended(), services.Outranked(), services.NotOneself()):
        assert isinstance(refusal, Refused)
        assert refusal.sentence.endswith(".")

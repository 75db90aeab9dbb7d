"""Accounts: made, changed, suspended and removed, each with its line in the audit trail."""

import hmac
from base64 import b64decode, b64encode

import pytest
from django.contrib.auth import authenticate
from django.test import override_settings

from chatops.accounts import services
from chatops.accounts.imports import import_accounts
from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.models import Ring
from chatops.xmpp.errors import Refused
from chatops.xmpp.sasl.scram import ScramRecord

pytestmark = pytest.mark.django_db
BY = Actor.command("test")


def add(name: str = "alice", *, is_admin: bool = False) -> User:
    return services.add_account(name, password="a good one", by=BY, is_admin=is_admin)


def deeds() -> list[tuple[str, str]]:
    return list(Entry.objects.order_by("id").values_list("action", "target"))


def rung() -> list[str]:
    return [ring.kind.rpartition(".")[2] for ring in Ring.objects.order_by("id")]


def test_one_password_serves_the_web_and_sasl() -> None:
    add()
    assert authenticate(username="alice", password="a good one")
    assert authenticate(username="Alice@localhost", password="a good one")
    assert not authenticate(username="alice", password="a bad one")
    credentials = services.credentials_of(username="alice")
    assert credentials is not None
    assert credentials.record.verify("a good one")
    assert not credentials.record.verify("a bad one")


def test_a_record_survives_being_written_down_and_tells_nothing_else() -> None:
    record = ScramRecord.derive("secret", b"0123456789abcdef", 4096)
    assert ScramRecord.decode(record.encode()) == record
    assert "secret" not in record.encode()
    with pytest.raises(ValueError, match="not a SCRAM record"):
        ScramRecord.decode("pbkdf2$1$x")


@pytest.mark.parametrize(
    ("name", "salt", "client", "server", "signature"),
    [
        (
            "sha1",
            "QSXCR+Q6sek8bf92",
            "fyko+d2lbbFgONRv9qkxdawL",
            "3rfcNHYJY1ZVvWVs7j",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            "sha256",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "rOprNGfwEbeRWgbNEkqO",
            "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_the_keys_sign_the_examples_of_the_rfcs(
    name: str, salt: str, client: str, server: str, signature: str
) -> None:
    """RFC 5802 section 5 and RFC 7677 section 3."""
    record = ScramRecord.derive("pencil", b64decode(salt), 4096)
    nonce = client + server
    exchange = f"n=user,r={client},r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    signed = hmac.digest(record.keys(name).server, exchange.encode(), name)
    assert b64encode(signed).decode() == signature


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("alice", "already"),
        ("alice@elsewhere.example", "not in localhost"),
        ("a b", "address"),
        ("", "address"),
        ("alice@localhost/desk", "address of an account"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_a_sentence(address: str, sentence: str) -> None:
    add()
    with pytest.raises(Refused, match=sentence):
        add(address)
    assert User.objects.count() == 1


def test_capitals_are_the_same_account() -> None:
    add("Alice")
    assert User.objects.get().username == "alice"
    with pytest.raises(Refused):
        add("ALICE")


@pytest.mark.parametrize("password", ["", "bell\x07"])
def test_a_password_that_cannot_be_is_refused(password: str) -> None:
    with pytest.raises(Refused):
        services.add_account("alice", password=password, by=BY)


def test_a_new_password_ends_sessions_and_never_stands_in_the_trail() -> None:
    user = add()
    services.set_password(user, password="another one", by=BY)
    assert authenticate(username="alice", password="another one")
    assert rung() == ["SessionsEnd"]
    assert deeds() == [("account.add", "alice@localhost"), ("account.password", "alice@localhost")]
    assert not any("another" in str(entry.details) for entry in Entry.objects.all())


def test_the_suspended_cannot_log_in_until_they_are_resumed() -> None:
    add("root", is_admin=True)
    user = add()
    services.suspend(user, reason="holiday", by=BY)
    credentials = services.credentials_of(username="alice")
    assert credentials is not None
    assert not credentials.is_active
    assert not authenticate(username="alice", password="a good one")
    services.resume(user, by=BY)
    assert authenticate(username="alice", password="a good one")


def test_the_last_administrator_stays() -> None:
    root = add("root", is_admin=True)
    for deed in (
        lambda: services.remove_account(root, by=BY),
        lambda: services.suspend(root, reason="", by=BY),
    ):
        with pytest.raises(Refused, match="last administrator"):
            deed()
    other = add("other", is_admin=True)
    services.remove_account(root, by=BY)
    assert list(User.objects.all()) == [other]


def test_the_audit_trail_is_not_changed() -> None:
    add()
    entry = Entry.objects.get()
    for change in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(TypeError):
        Entry.objects.update(action="nothing")


def test_a_file_of_accounts_is_taken_line_by_line() -> None:
    add("bob")
    lines = [
        "jid,password,name",
        "alice@localhost,one,Alice A.",
        "bob@localhost,two",
        "carol@elsewhere.example,three",
        "dan@localhost",
        "",
        "alice@localhost,again",
        "erin,five",
    ]
    report = import_accounts(lines, by=BY, dry_run=True)
    assert (report.added, report.there_already) == (2, 2)
    assert User.objects.count() == 1
    report = import_accounts(lines, by=BY)
    assert (report.added, report.there_already) == (2, 2)
    assert [number for number, _ in report.errors] == [4, 5]
    assert authenticate(username="erin", password="five")
    assert User.objects.get(username="alice").name == "Alice A."


@override_settings(CHATOPS_SCRAM_ITERATIONS=5000)
def test_an_older_record_is_renewed_at_the_next_web_login() -> None:
    user = User(username="alice")
    user.password = ScramRecord.derive("a good one", b"0123456789abcdef", 4096).encode()
    user.save()
    assert authenticate(username="alice", password="a good one")
    user.refresh_from_db()
    assert ScramRecord.decode(user.password).iterations == 5000

"""Exports of the ledger, and what somebody who has nothing else makes of them."""

import io
import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import Device
from chatops.audit.models import Entry as AuditEntry
from chatops.core.ids import moment_of, new_id
from chatops.delivery import verify_export
from chatops.delivery.anchors import note_heads
from chatops.delivery.events import append
from chatops.delivery.exporting import VERIFIER, Exported, ExportQuery, export
from chatops.delivery.keys import public_key
from chatops.delivery.models import Anchor, Event, EventKind, Seal
from chatops.delivery.verify_export import Wrong, verify
from chatops.xmpp.errors import NotFound
from tests.delivery.test_chain import change, fill, run
from tests.factories import BY, a_message, a_person, add_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.CHATOPS_DATA = tmp_path


def made(file: Path, **query: Any) -> Exported:
    with file.open("wb") as out:
        return export(query=ExportQuery(**query), out=out, by=BY)


def contents(file: Path) -> dict[str, bytes]:
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(file: Path, members: dict[str, bytes]) -> Path:
    with ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def events_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in contents(file)["events.jsonl"].splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.zip"


def test_an_export_is_verified_by_a_program_that_has_nothing_else(
    file: Path, tmp_path: Path
) -> None:
    alice, bob = a_person("alice"), a_person("bob")
    message = a_message(alice, bob)
    phone = Device.objects.create(user=bob, resource="phone")
    fill()
    add_event(
        id=new_id(), message_id=message.pk, recipient=bob, device=phone, kind=EventKind.CONFIRMED,
        detail="receipt",
    )  # fmt: skip
    fill()
    done = made(file, message_id=message.pk)
    assert (done.events, done.seals, done.unproven) == (4, 4, 0)
    last = events_in(file)[-1]
    assert (last["message"], last["kind"], last["detail"]) == (str(message.pk), 40, "receipt")
    assert last["about"] | {"at": ""} == {
        "at": "",
        "sent_at": None,
        "what": "confirmed",
        "recipient": bob.jid,
        "device": "phone",
        "sender": message.sender,
        "stanza_id": "m1",
    }
    (tmp_path / VERIFIER.name).write_bytes(contents(file)[VERIFIER.name])
    key = public_key().hex()
    for options in ([], ["--key", key]):
        answer = subprocess.run(
            [sys.executable, "-I", "-S", VERIFIER.name, file.name, *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Verified: 4 events of localhost" in answer.stdout
        assert key in answer.stdout
    assert AuditEntry.objects.filter(action="ledger.export").latest("pk").details == {
        "events": 4,
        "message": str(message.pk),
    }


def test_an_export_is_of_what_was_asked_for(file: Path) -> None:
    alice, bob = a_person("alice"), a_person("bob")
    for_bob, for_alice = a_message(alice, bob), a_message(bob, alice)
    rest = fill()
    made(file, recipient=bob.jid)
    assert {each["message"] for each in events_in(file)} == {str(for_bob.pk)}
    verify(file)
    made(file, recipient="alice")
    assert {each["message"] for each in events_in(file)} == {str(for_alice.pk)}
    first, last = moment_of(rest[0].pk), moment_of(rest[-1].pk)
    made(file, since=first, until=last)
    assert {str(each.pk) for each in rest} <= {each["id"] for each in events_in(file)}
    verify(file)
    assert made(file, until=first - timedelta(days=1)).events == 0
    verify(file)
    made(file)
    assert len(events_in(file)) == Event.objects.count()
    verify(file)
    for nobody in ("charlie", "alice@elsewhere.example"):
        with pytest.raises(NotFound):
            made(file, recipient=nobody)


def test_between_a_seal_and_its_anchor_only_the_links_are_given(file: Path) -> None:
    events = fill(2)
    note_heads()
    events += fill(10)
    note_heads()
    wanted = events[16]
    made(file, message_id=wanted.message_id)
    seals = [json.loads(line) for line in contents(file)["seals.jsonl"].splitlines()]
    assert [each["number"] for each in seals] == list(range(5, 13))
    assert ["events" in each for each in seals] == [True] + [False] * 7
    assert verify(file)["events"] == 4


def test_sparse_and_late_events_are_found_with_their_seals(file: Path) -> None:
    message = new_id()
    late = Event(id=new_id(), message_id=message, kind=EventKind.SENT)
    for _ in range(4):
        add_event(id=new_id(), message_id=message, kind=EventKind.QUEUED)
        fill(60, 1)
        note_heads()
    append([late])
    assert made(file, message_id=message) == Exported(5, 5, 0)
    verify(file)


@pytest.mark.parametrize(
    "name", ["events.jsonl", "seals.jsonl", "anchors.jsonl", "manifest.json", VERIFIER.name]
)
def test_an_export_is_refused_after_any_byte_was_changed(file: Path, name: str) -> None:
    fill(2, 2)
    made(file)
    members = contents(file)
    chance = random.Random(name)
    for place in chance.sample(range(len(members[name])), 40):
        data = bytearray(members[name])
        data[place] ^= 1 << chance.randrange(8)
        with pytest.raises(Wrong):
            verify(rewrite(file, members | {name: bytes(data)}))
    verify(rewrite(file, members))


def test_a_broken_zip_is_refused_in_a_sentence(file: Path) -> None:
    fill(2, 2)
    made(file)
    right, chance = file.read_bytes(), random.Random(1)
    members = contents(file)
    for _ in range(300):
        data = bytearray(right)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(data)
        try:
            verify(file)
        except Wrong:
            continue
        assert contents(file) == members  # only the zip's own fields
    for broken in (b"", b"nothing", right[: len(right) // 2]):
        file.write_bytes(broken)
        with pytest.raises(Wrong):
            verify(file)
    file.unlink()
    with pytest.raises(Wrong):
        verify(file)


class Forger:
    """Has everything but the service's key."""

    def __init__(self, file: Path) -> None:
        self.file, self.members = file, contents(file)
        self.key = Ed25519PrivateKey.generate()

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.members[name].splitlines()]

    def replace(self, name: str, lines: list[dict[str, Any]]) -> None:
        self.members[name] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def sign(self) -> Path:
        manifest = json.loads(self.members["manifest.json"])
        manifest["files"] = {
            name: verify_export.sha256(self.members[name]).hexdigest() for name in manifest["files"]
        }
        manifest["events"] = len(self.lines("events.jsonl"))
        manifest["key"] = self.key.public_key().public_bytes_raw().hex()
        text = json.dumps(manifest).encode()
        self.members["manifest.json"] = text
        self.members["manifest.sig"] = self.key.sign(text).hex().encode()
        return rewrite(self.file, self.members)


@pytest.fixture
def forger(file: Path, monkeypatch: pytest.MonkeyPatch) -> Forger:
    """Here he has stolen the key: what remains is what the chain itself proves."""
    fill(3, 2)
    made(file)
    forger = Forger(file)
    monkeypatch.setattr("chatops.delivery.keys._key", lambda file: forger.key)
    Anchor.objects.all().delete()
    made(file)
    forger.members = contents(file)
    verify(forger.sign())
    return forger


def test_whose_export_it_is_the_key_tells(file: Path) -> None:
    fill()
    made(file)
    with pytest.raises(Wrong, match="another key"):
        verify(file, bytes(32))
    verify(file, public_key())
    forger = Forger(file)
    with pytest.raises(Wrong, match="anchor"):
        verify(forger.sign())


def test_a_changed_event_of_a_signed_export_is_named(forger: Forger) -> None:
    for name, value in {"kind": 60, "detail": "other", "recipient": "8", "device": None}.items():
        lines = forger.lines("events.jsonl")
        number = lines[1]["id"]
        lines[1][name] = value if lines[1][name] != value else "9"
        forger.replace("events.jsonl", lines)
        with pytest.raises(Wrong, match=f"Event {number} .* is not what it was"):
            verify(forger.sign())


def test_an_event_that_was_left_out_or_added_is_named(forger: Forger) -> None:
    lines = forger.lines("events.jsonl")
    forger.replace("events.jsonl", lines[:2] + lines[3:])
    with pytest.raises(Wrong, match=f"Event {lines[2]['id']} .* was left out"):
        verify(forger.sign())
    forger.replace("events.jsonl", [*lines, lines[2] | {"id": "77"}])
    with pytest.raises(Wrong, match=r"Event 77 .* is in no seal"):
        verify(forger.sign())


def test_seals_that_were_removed_swapped_or_unanchored_are_found(forger: Forger) -> None:
    lines, anchors = forger.lines("seals.jsonl"), forger.lines("anchors.jsonl")
    for changed in ([lines[0], lines[2]], [lines[1], lines[0], lines[2]], lines[:2], lines[1:]):
        forger.replace("seals.jsonl", changed)
        with pytest.raises(Wrong):
            verify(forger.sign())
    forger.replace("seals.jsonl", lines)
    forger.replace("anchors.jsonl", [])
    with pytest.raises(Wrong):
        verify(forger.sign())
    forger.replace("anchors.jsonl", anchors)
    verify(forger.sign())
    with pytest.raises(Wrong, match="do not belong"):
        verify(rewrite(forger.file, forger.members | {"more.txt": b"Believe me."}))


def test_an_export_of_a_ledger_that_was_tampered_with_does_not_verify(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = fill()[5]
    change(event, "detail", "another")
    assert made(file).unproven == 1
    with pytest.raises(Wrong, match=f"Event {event.pk} .* is not what it was"):
        verify(file)
    run(
        "INSERT INTO delivery_event (id, message_id, kind, node, door, detail)"
        " VALUES (5, 1, 40, '', '', '')"
    )
    assert made(file).unproven == 2
    with pytest.raises(CommandError, match="2 of them were changed or inserted"):
        call_command("ledger", "export", "-o", str(file))


def test_the_command_exports_and_shows_the_key(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = fill()
    call_command("ledger", "export", "--message", str(events[0].message_id), "-o", str(file))
    assert "4 events, proven by 1 seals" in capsys.readouterr().out
    call_command("ledger", "key")
    assert public_key().hex() in capsys.readouterr().out
    assert verify_export.main([str(file), "--key", public_key().hex()]) == 0
    assert verify_export.main([str(file), "--key", "00"]) == 1
    with pytest.raises(CommandError, match="no account"):
        call_command("ledger", "export", "--recipient", "nobody", "-o", str(file))
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("ledger", "export", "-o", str(file.parent / "nowhere" / "x.zip"))


def test_signatures_are_checked_as_everybody_else_does() -> None:
    """Against another implementation (RFC 8032), right ones and wrong ones."""
    chance = random.Random(8032)
    for _ in range(10):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        text, public = chance.randbytes(chance.randrange(200)), key.public_key().public_bytes_raw()
        signature = key.sign(text)
        assert verify_export.is_signed(text, signature, public)
        for wrong in (
            (text + b"x", signature, public),
            (text, signature[:32] + bytes(32), public),
            (text, bytes([signature[0] ^ 1]) + signature[1:], public),
            (text, signature, chance.randbytes(32)),
            (text, signature[:63], public),
            (text, signature[:32] + b"\xff" * 32, public),
        ):
            assert not verify_export.is_signed(*wrong)


def test_the_signing_key_is_the_owners_alone(settings: Any) -> None:
    public_key()
    file = Path(settings.CHATOPS_DATA) / "ledger-key.pem"
    assert file.stat().st_mode & 0o777 == 0o600


def test_exports_may_be_written_to_what_cannot_be_wound_back() -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    fill()
    pipe = Pipe()
    export(query=ExportQuery(), out=pipe, by=BY)  # type: ignore[arg-type]
    with ZipFile(io.BytesIO(pipe.data)) as archive:
        assert archive.testzip() is None


def test_seals_are_as_the_verifier_reads_them() -> None:
    fill()
    seal = Seal.objects.get(number=3)
    lengths = {len(bytes(each)) for each in (seal.previous, seal.hash, seal.mark)}
    assert lengths == {32}
    assert len(bytes(seal.events)) == 4 * verify_export.ENTRY.size


def test_a_message_is_proven_from_its_timeline(file: Path, monkeypatch: Any) -> None:
    message = a_message(a_person("alice"), a_person("bob"))
    root, clerk = Client(), Client()
    root.force_login(a_person("root", is_staff=True, is_superuser=True))
    clerk.force_login(a_person("clerk", is_staff=True))
    address = reverse("admin:delivery_proof", args=[message.pk])
    timeline = reverse("admin:delivery_timeline", args=[message.pk])
    assert f'action="{address}"' in root.get(timeline).content.decode()
    assert clerk.post(address).status_code == 403
    assert root.get(address).status_code == 405
    answer = root.post(address)
    file.write_bytes(b"".join(answer))
    assert verify(file, public_key())["query"]["message"] == str(message.pk)
    monkeypatch.setattr("chatops.delivery.admin.proof.MOST_AT_ONCE", 1)
    assert root.post(address).headers["Location"] == timeline

"""Exports of the ledger that prove themselves to whoever has nothing else (docs/ledger.md).

A zip: the events, the seals that hold them, the links from each such seal to the next anchor, the
anchors, and a manifest with the digests of all that, signed; and the program that verifies it.
"""

import json
from array import array
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from chatops.accounts.models import Device, User
from chatops.archive.models import Message
from chatops.audit.services import Actor, record
from chatops.core.ids import first_at, last_at, moment_of
from chatops.delivery.anchors import as_json, note_heads
from chatops.delivery.chain import EVENT_FIELDS, digest_of, unpack
from chatops.delivery.events import row_of
from chatops.delivery.keys import public_key, sign
from chatops.delivery.models import Anchor, Event, EventKind, Seal
from chatops.xmpp.errors import NotFound

FORMAT = "chatops-export-1"
IDS = ("id", "message_id", "recipient_id", "device_id", "sent")
NAMES = tuple(name.removesuffix("_id") for name in EVENT_FIELDS)
VERIFIER = Path(__file__).with_name("verify_export.py")
AT_ONCE, SEALS_AT_ONCE = 1_000, 50
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
SEALED_WITHIN = timedelta(hours=1)  # an event that no seal of that time holds, none does


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """Which events: all that fulfil what is given."""

    since: datetime | None = None
    until: datetime | None = None
    message_id: int | None = None
    recipient: str = ""  # a bare JID

    def events(self) -> QuerySet[Event]:
        """In the order of their ids."""
        found = Event.objects.order_by("id")
        if self.since is not None:
            found = found.filter(id__gte=first_at(self.since))
        if self.until is not None:
            found = found.filter(id__lte=last_at(self.until))
        if self.message_id is not None:
            found = found.filter(message_id=self.message_id)
        if self.recipient:
            found = found.filter(recipient=self._person())
        return found

    def _person(self) -> User:
        username, _, domain = self.recipient.lower().partition("@")
        person = User.objects.filter(username=username).first()
        if person is None or domain not in ("", settings.CHATOPS_DOMAIN):
            raise NotFound(f"There is no account {self.recipient}.")
        return person

    def as_json(self) -> dict[str, str | None]:
        return {
            "since": self.since.astimezone(UTC).isoformat() if self.since else None,
            "until": self.until.astimezone(UTC).isoformat() if self.until else None,
            "from_id": str(first_at(self.since)) if self.since else None,
            "to_id": str(last_at(self.until)) if self.until else None,
            "message": str(self.message_id) if self.message_id is not None else None,
            "recipient": self.recipient or None,
        }


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the file."""

    events: int
    seals: int
    unproven: int  # events that the chain does not prove: somebody has changed or inserted them


def export(
    *,
    query: ExportQuery,
    out: BinaryIO,
    by: Actor,
    watch: Callable[[int], None] = lambda done: None,
) -> Exported:
    """Write a zip to `out`; `watch` hears of how many events are in it. Noted in the audit trail.

    Raises NotFound where the recipient has no account.
    """
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        work = _Export(query, archive, watch)
        work.write_events()
        note_heads()  # so that each seal has an anchor after it
        work.write_seals()
        work.write_anchors()
        work.write_verifier()
        work.write_manifest(by)
    done = Exported(work.events, work.seals, work.unproven)
    facts = {key: value for key, value in query.as_json().items() if value is not None}
    record(by, "ledger.export", "the delivery ledger", events=done.events, **facts)
    return done


@dataclass
class _Export:
    query: ExportQuery
    archive: ZipFile
    watch: Callable[[int], None]
    events: int = 0
    seals: int = 0
    unproven: int = 0
    needed: dict[int, "array[int]"] = field(default_factory=dict)  # chain → numbers of seals
    anchors: list[int] = field(default_factory=list)  # their keys
    digests: dict[str, str] = field(default_factory=dict)  # of the files

    @contextmanager
    def file(self, name: str) -> Iterator[Callable[[dict[str, Any]], None]]:
        """A file of JSON lines in the zip."""
        digest = sha256()
        with self.archive.open(name, "w", force_zip64=True) as out:

            def write(fields: dict[str, Any]) -> None:
                line = (json.dumps(fields, ensure_ascii=False) + "\n").encode()
                digest.update(line)
                out.write(line)

            yield write
        self.digests[name] = digest.hexdigest()

    def write_events(self) -> None:
        found = self.query.events()
        after = LOWEST
        with self.file("events.jsonl") as write:
            while page := list(found.filter(id__gt=after)[:AT_ONCE]):
                self.find_seals(page)
                for fields in _lines(page):
                    write(fields)
                after = page[-1].pk
                self.events += len(page)
                self.watch(self.events)

    def find_seals(self, page: list[Event]) -> None:
        """Which seals hold these events: they come right after them."""
        wanted = {event.pk: event for event in page}
        after = LOWEST
        while wanted:
            after = max(after, min(wanted))
            seals = list(Seal.objects.filter(id__gt=after).order_by("id")[:SEALS_AT_ONCE])
            for seal in seals:
                entries = [each for each in unpack(bytes(seal.events)) if each.event_id in wanted]
                if entries:
                    self.needed.setdefault(seal.chain, array("q")).append(seal.number)
                for entry in entries:
                    event = wanted.pop(entry.event_id)
                    self.unproven += digest_of(row_of(event)) != entry.digest
            late = first_at(moment_of(seals[-1].pk) - SEALED_WITHIN) if seals else HIGHEST
            for number in [each for each in wanted if each < late]:
                del wanted[number]
                self.unproven += 1
            after = seals[-1].pk if seals else after

    def write_seals(self) -> None:
        """Those that hold events whole; of those between them and the next anchor, the links."""
        with self.file("seals.jsonl") as write:
            for chain in sorted(self.needed):
                numbers = array("q", sorted(set(self.needed[chain])))
                self.seals += len(numbers)
                for start, end in self.runs(chain, numbers):
                    for seal in _walk(chain, start, end):
                        place = bisect_left(numbers, seal.number)
                        whole = place < len(numbers) and numbers[place] == seal.number
                        write(_seal_line(seal, whole=whole, first=seal.number == start))

    def runs(self, chain: int, numbers: "array[int]") -> Iterator[tuple[int, int]]:
        """From a seal that is needed to the anchor after it, and all that lies between."""
        mine = Anchor.objects.filter(chain=chain, key=public_key()).order_by("number")
        start = end = 0
        for number in numbers:
            if number <= end:
                continue
            anchor = mine.filter(number__gte=number).first()
            if anchor is None:
                raise RuntimeError(f"Seal {number} of chain {chain} has no anchor after it.")
            start, end = number, anchor.number
            self.anchors.append(anchor.pk)
            yield start, end

    def write_anchors(self) -> None:
        with self.file("anchors.jsonl") as write:
            for number in self.anchors:
                write(as_json(Anchor.objects.get(pk=number)))

    def write_verifier(self) -> None:
        program = VERIFIER.read_bytes()
        self.archive.writestr(VERIFIER.name, program)
        self.digests[VERIFIER.name] = sha256(program).hexdigest()

    def write_manifest(self, by: Actor) -> None:
        manifest = {
            "format": FORMAT,
            "service": settings.CHATOPS_DOMAIN,
            "made": timezone.now().isoformat(),
            "by": by.name,
            "query": self.query.as_json(),
            "events": self.events,
            "files": self.digests,
            "key": public_key().hex(),
        }
        text = json.dumps(manifest, indent=2).encode()
        self.archive.writestr("manifest.json", text)
        self.archive.writestr("manifest.sig", sign(text).hex())


def _walk(chain: int, start: int, end: int) -> Iterator[Seal]:
    mine = Seal.objects.filter(chain=chain, number__lte=end).order_by("number")
    while page := list(mine.filter(number__gte=start)[:SEALS_AT_ONCE]):
        yield from page
        start = page[-1].number + 1


def _seal_line(seal: Seal, *, whole: bool, first: bool) -> dict[str, Any]:
    """`previous` is where one begins to read; further on it is the hash of the line before."""
    events = bytes(seal.events)
    line: dict[str, Any] = {"chain": seal.chain, "number": seal.number, "id": str(seal.pk)}
    if first:
        line["previous"] = bytes(seal.previous).hex()
    if whole:
        line["events"] = b64encode(events).decode()
    else:
        line["root"] = sha256(events).hexdigest()
    return line


def _lines(page: list[Event]) -> Iterator[dict[str, Any]]:
    """Events, with what helps a reader and is not in the chain under `about`."""
    people = User.objects.in_bulk({event.recipient_id for event in page if event.recipient_id})
    devices = Device.objects.in_bulk({event.device_id for event in page if event.device_id})
    messages = Message.objects.defer("xml", "body").in_bulk({event.message_id for event in page})
    for event in page:
        person, device = people.get(event.recipient_id or 0), devices.get(event.device_id or 0)
        message = messages.get(event.message_id)
        about = {
            "at": event.at.isoformat(),
            "sent_at": moment_of(event.sent).isoformat() if event.sent else None,
            "what": EventKind(event.kind).label if event.kind in EventKind.values else "unknown",
            "recipient": person.jid if person else None,
            "device": device.resource if device else None,
            "sender": message.sender if message else None,
            "stanza_id": message.stanza_id if message else None,
        }
        yield dict(zip(NAMES, _as_text(event), strict=True)) | {"about": about}


def _as_text(event: Event) -> Iterator[str | int | None]:
    """Ids as text: JavaScript's numbers cannot hold them."""
    for name, value in zip(EVENT_FIELDS, row_of(event), strict=True):
        yield str(value) if name in IDS and value is not None else value

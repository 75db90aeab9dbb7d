"""Verify an export of a ChatOps delivery ledger, without ChatOps: python verify_export.py FILE.zip

Needs Python 3.10 or later and nothing else. Whose export it is, only the key tells: compare its
fingerprint with the one that the service's administrator publishes, or give the key with --key.
"""

import argparse
import json
import struct
import sys
import zlib
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

FORMATS = "chatops-export-1", "chatops-seal-1", "chatops-anchor-1"
FILES = {"events.jsonl", "seals.jsonl", "anchors.jsonl", "verify_export.py"}
FIELDS = ("id", "message", "recipient", "device", "kind", "node", "door", "detail", "sent")
ENTRY = struct.Struct(">qq32s")
# What zip files and JSON that somebody has changed raise where they are read.
UNREADABLE = (
    BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)


class Wrong(Exception):
    """It is not what the service exported, or its ledger was tampered with."""


def verify(file: Path, key: bytes | None = None) -> dict[str, Any]:
    """Check everything; returns the manifest, raises Wrong."""
    try:
        with ZipFile(file) as archive:
            return _verify(archive, key)
    except UNREADABLE as error:
        raise Wrong(f"It cannot be read: {type(error).__name__}: {error}") from error


def _verify(archive: ZipFile, key: bytes | None) -> dict[str, Any]:
    if sorted(archive.namelist()) != sorted((*FILES, "manifest.json", "manifest.sig")):
        raise Wrong("There are files in it that do not belong there, or some are missing.")
    text = archive.read("manifest.json")
    manifest: dict[str, Any] = json.loads(text)
    if manifest["format"] != FORMATS[0]:
        raise Wrong(f"This program does not know the format {manifest['format']}.")
    claimed = bytes.fromhex(manifest["key"])
    if key is not None and claimed != key:
        raise Wrong("It was signed with another key than the one given.")
    if not is_signed(text, bytes.fromhex(archive.read("manifest.sig").decode()), claimed):
        raise Wrong("The manifest is not what was signed.")
    if set(manifest["files"]) != FILES:
        raise Wrong("Files are missing from the manifest.")
    for name, digest in manifest["files"].items():
        if _digest(archive, name) != digest:
            raise Wrong(f"{name} is not what was signed.")
    anchors = _anchors(archive, claimed)
    entries = _seals(archive, anchors)
    _events(archive, entries, manifest)
    return manifest


def _digest(archive: ZipFile, name: str) -> str:
    digest = sha256()
    with archive.open(name) as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _lines(archive: ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(name) as file:
        for line in file:
            yield json.loads(line)


def _anchors(archive: ZipFile, key: bytes) -> dict[tuple[int, int], bytes]:
    """Where chains were at a time: (chain, number) → hash."""
    found = {}
    for line in _lines(archive, "anchors.jsonl"):
        place = line["chain"], line["number"]
        text = "\n".join(map(str, (FORMATS[2], *place, line["id"], line["hash"]))).encode()
        if not is_signed(text, bytes.fromhex(line["signature"]), key):
            raise Wrong(
                f"The anchor at seal {place[1]} of chain {place[0]} is not what was signed."
            )
        found[place] = bytes.fromhex(line["hash"])
    return found


def _seals(archive: ZipFile, anchors: dict[tuple[int, int], bytes]) -> dict[int, tuple[int, bytes]]:
    """Follow the links of each run of seals to its anchor; returns event → message, digest."""
    entries: dict[int, tuple[int, bytes]] = {}
    before, previous, open_run = (0, 0), b"", False
    for line in _lines(archive, "seals.jsonl"):
        place = line["chain"], line["number"]
        if "previous" in line:
            if open_run:
                raise Wrong(f"After seal {before[1]} of chain {before[0]} there is no anchor.")
            previous = bytes.fromhex(line["previous"])
        elif place != (before[0], before[1] + 1):
            raise Wrong(f"Before seal {place[1]} of chain {place[0]} one is missing.")
        if "events" in line:
            events = b64decode(line["events"], validate=True)
            for event, message, digest in ENTRY.iter_unpack(events):
                entries[event] = message, digest
            root = sha256(events).hexdigest()
        else:
            root = line["root"]
        text = (FORMATS[1], *place, line["id"], previous.hex(), root)
        previous = sha256("\n".join(map(str, text)).encode()).digest()
        anchor = anchors.pop(place, None)
        if anchor is not None and anchor != previous:
            raise Wrong(f"Seal {place[1]} of chain {place[0]} does not lead to what was anchored.")
        before, open_run = place, anchor is None
    if open_run or anchors:
        raise Wrong("The seals and the anchors do not belong together.")
    return entries


def _events(
    archive: ZipFile, entries: dict[int, tuple[int, bytes]], manifest: dict[str, Any]
) -> None:
    """Each event is in a seal as it is, and of what was asked for none is left out."""
    count = 0
    for line in _lines(archive, "events.jsonl"):
        count += 1
        values = ["" if line[name] is None else str(line[name]) for name in FIELDS]
        event = f"Event {line['id']} of message {line['message']}"
        known = entries.pop(int(line["id"]), None)
        if known is None:
            raise Wrong(f"{event} is in no seal: it was inserted.")
        if sha256("\0".join(values).encode()).digest() != known[1]:
            raise Wrong(f"{event} is not what it was when it was sealed.")
    if count != manifest["events"]:
        raise Wrong("Events are missing.")
    query = manifest["query"]
    if query["recipient"] is not None:
        return  # a seal does not tell whose events it holds
    for number, (message, _) in entries.items():
        if (
            (query["message"] is None or message == int(query["message"]))
            and (query["from_id"] is None or number >= int(query["from_id"]))
            and (query["to_id"] is None or number <= int(query["to_id"]))
        ):
            raise Wrong(f"Event {number} of message {message} was left out.")


# Ed25519, RFC 8032 section 5.1: only verification, which has no secrets.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def is_signed(text: bytes, signature: bytes, key: bytes) -> bool:
    """Whether the owner of that public key has signed the text."""
    if len(signature) != 64 or len(key) != 32:
        return False
    owner, nonce = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or nonce is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + key + text).digest(), "little") % ORDER
    left, right = _times(scalar, BASE), _plus(nonce, _times(challenge, owner))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


def _point(encoded: bytes) -> Point | None:
    """Section 5.1.3."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _plus(one: Point, other: Point) -> Point:
    """Section 5.1.4."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _plus(total, point)
        point, scalar = _plus(point, point), scalar >> 1
    return total


_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_Y = 4 * pow(5, -1, P) % P
BASE: Point = (_X, _Y, 1, _X * _Y % P)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify an export of a ChatOps delivery ledger.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the service's public key, in hex: manage.py ledger key")
    options = parser.parse_args(arguments)
    try:
        manifest = verify(options.file, bytes.fromhex(options.key) if options.key else None)
    except Wrong as wrong:
        sys.stdout.write(f"NOT VERIFIED: {wrong}\n")
        return 1
    digest = sha256(bytes.fromhex(manifest["key"])).hexdigest()
    groups = " ".join(digest[start : start + 4] for start in range(0, 32, 4))
    sys.stdout.write(
        f"Verified: {manifest['events']} events of {manifest['service']}, exported"
        f" {manifest['made']} by {manifest['by']}.\nThey are as they were when they were sealed,"
        f" in a chain that was anchored with the key\n{manifest['key']}\n(fingerprint {groups})."
    )
    if not options.key:
        sys.stdout.write("\nCompare that key with the one that the service publishes.")
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

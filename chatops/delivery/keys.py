"""The key that anchors and exports are signed with: Ed25519, made on first use."""

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

NAME = "ledger-key.pem"


def sign(text: bytes) -> bytes:
    """With this service's key."""
    return _key(_file()).sign(text)


def public_key() -> bytes:
    """The 32 bytes that others check signatures with."""
    return _key(_file()).public_key().public_bytes_raw()


def fingerprint(key: bytes) -> str:
    """What people compare: SHA-256 over the public key, in groups of four."""
    digest = sha256(key).hexdigest()
    return " ".join(digest[start : start + 4] for start in range(0, 32, 4))


def is_signed(text: bytes, signature: bytes, key: bytes) -> bool:
    """Whether the owner of that public key has signed the text."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _file() -> Path:
    return Path(settings.CHATOPS_DATA) / NAME


@cache
def _key(file: Path) -> Ed25519PrivateKey:
    if not file.exists():
        _make(file)
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{file} must hold an Ed25519 key.")
    return key


def _make(file: Path) -> None:
    """For the owner alone; whoever is first wins, also between processes."""
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(_pem(Ed25519PrivateKey.generate()))
    try:
        os.link(fresh, file)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

"""SCRAM, RFC 5802 and 7677: the stored record and the server's side of the exchange."""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from chatops.xmpp.sasl.saslprep import saslprep

ALGORITHM = "scram"
HASHES = ("sha256", "sha1")  # in the order in which the record holds their keys
SALT_BYTES = 16


class SaslFailure(Exception):
    """The exchange failed: a condition of RFC 6120 section 6.5 and a sentence."""

    def __init__(self, condition: str, sentence: str) -> None:
        super().__init__(sentence)
        self.condition, self.sentence = condition, sentence


@dataclass(frozen=True, slots=True)
class Keys:
    """What the server keeps for one hash function: it cannot log in with them."""

    stored: bytes
    server: bytes


@dataclass(frozen=True, slots=True)
class ScramRecord:
    """A password as it is kept: one record for SASL and for the web login."""

    iterations: int
    salt: bytes
    sha256: Keys
    sha1: Keys

    @classmethod
    def derive(cls, password: str, salt: bytes, iterations: int) -> Self:
        """Raises ValueError for a password that SASLprep does not allow."""
        prepared = saslprep(password).encode()
        return cls(
            iterations,
            salt,
            *(_keys(_salted(prepared, salt, iterations, name), name) for name in HASHES),
        )

    def encode(self) -> str:
        fields = (
            self.salt,
            *(key for k in (self.sha256, self.sha1) for key in (k.stored, k.server)),
        )
        return "$".join([ALGORITHM, str(self.iterations), *(b64encode(f).decode() for f in fields)])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises ValueError for anything but what `encode` writes."""
        algorithm, iterations, *fields = text.split("$")
        if algorithm != ALGORITHM or len(fields) != 5:
            raise ValueError("This is not a SCRAM record.")
        salt, *keys = (b64decode(field, validate=True) for field in fields)
        return cls(int(iterations), salt, Keys(*keys[:2]), Keys(*keys[2:]))

    def verify(self, password: str) -> bool:
        """Whether that is the password; costs one PBKDF2, and takes the same time either way."""
        try:
            prepared = saslprep(password).encode()
        except ValueError:
            prepared = b""
        keys = _keys(_salted(prepared, self.salt, self.iterations, "sha256"), "sha256")
        return hmac.compare_digest(keys.stored, self.sha256.stored) and bool(prepared)

    def keys(self, name: str) -> Keys:
        return self.sha256 if name == "sha256" else self.sha1


def fake_record(username: str, secret: bytes, iterations: int) -> ScramRecord:
    """A record for somebody who does not exist: the same salt each time, and no password fits."""
    salt = hmac.digest(secret, b"salt:" + username.encode(), "sha256")[:SALT_BYTES]
    noise = Keys(secrets.token_bytes(32), secrets.token_bytes(32))
    return ScramRecord(iterations, salt, noise, noise)


def _salted(prepared: bytes, salt: bytes, iterations: int, name: str) -> bytes:
    return hashlib.pbkdf2_hmac(name, prepared, salt, iterations)


def _keys(salted: bytes, name: str) -> Keys:
    client = hmac.digest(salted, b"Client Key", name)
    return Keys(hashlib.new(name, client).digest(), hmac.digest(salted, b"Server Key", name))


_FIRST = re.compile(r"(?P<flag>n|y|p=[A-Za-z0-9.-]+),(?P<authzid>a=[^,]*)?,(?P<bare>n=.*)", re.S)
WITHIN, BETWEEN = "\x1e", "\x1f"  # XEP-0474 section 5.1: of a list, and between the two


@dataclass(frozen=True, slots=True)
class Offer:
    """What a connection has announced: mechanisms, and channel bindings with their data."""

    mechanisms: Sequence[str] = ()
    bindings: Mapping[str, bytes] = field(default_factory=dict)

    def digest(self, name: str) -> str:
        """XEP-0474 section 5.1: what a client compares with the lists that reached it."""
        lists = [self.mechanisms, self.bindings] if self.bindings else [self.mechanisms]
        text = BETWEEN.join(WITHIN.join(sorted(each)) for each in lists)
        return b64encode(hashlib.new(name, text.encode()).digest()).decode()


@dataclass
class ScramServer:
    """One exchange: `first` reads the client's first message, then `challenge`, then `finish`.

    All raise SaslFailure.
    """

    name: str  # sha256 or sha1
    offer: Offer = Offer()
    binds: bool = False  # whether the mechanism is the one of two that ends in -PLUS

    def first(self, message: bytes) -> tuple[str, str]:
        """Read the client's first message: user name and authorisation identity ('' for none)."""
        match = _FIRST.fullmatch(_text(message))
        if match is None:
            raise SaslFailure("malformed-request", "The first message is not SCRAM.")
        self._binding = self._read_flag(match["flag"])
        fields = _fields(match["bare"])
        if "m" in fields or not fields.get("n") or not fields.get("r"):
            raise SaslFailure("malformed-request", "The first message lacks a name or a nonce.")
        self._header = f"{match['flag']},{match['authzid'] or ''},"
        self._first_bare = match["bare"]
        self._nonce = fields["r"]
        return _unescape(fields["n"]), _unescape((match["authzid"] or "a=")[2:])

    def _read_flag(self, flag: str) -> bytes:
        """RFC 5802 section 6: how the client binds; returns the data of that binding."""
        if self.binds != flag.startswith("p="):
            raise SaslFailure(
                "malformed-request", "Channels are bound by a -PLUS mechanism, and by no other."
            )
        if flag == "y" and self.offer.bindings:
            # Somebody between the two has taken the -PLUS mechanisms out of the list.
            raise SaslFailure("not-authorized", "Channel binding is on offer, and was not seen.")
        if not self.binds:
            return b""
        data = self.offer.bindings.get(flag[2:])
        if data is None:
            raise SaslFailure("malformed-request", "This channel binding is not on offer.")
        return data

    def challenge(self, record: ScramRecord) -> bytes:
        """The server's first message."""
        self._record = record
        self._nonce += secrets.token_urlsafe(18)
        salt, offered = b64encode(record.salt).decode(), self.offer.digest(self.name)
        self._server_first = f"r={self._nonce},s={salt},i={record.iterations},h={offered}"
        return self._server_first.encode()

    def finish(self, message: bytes) -> bytes:
        """Check the proof; returns the server's final message."""
        text = _text(message)
        without_proof, separator, proof = text.rpartition(",p=")
        fields = _fields(without_proof)
        if not separator or "c" not in fields or "r" not in fields:
            raise SaslFailure("malformed-request", "The final message is not SCRAM.")
        header, given = self._header.encode(), _decode(fields["c"])
        if not given.startswith(header):
            raise SaslFailure("malformed-request", "The final message does not fit the first.")
        if not hmac.compare_digest(given[len(header) :], self._binding):
            raise SaslFailure("not-authorized", "The other end of your channel is not this server.")
        if not hmac.compare_digest(fields["r"].encode(), self._nonce.encode()):
            raise SaslFailure("malformed-request", "The nonce is not the one of this exchange.")
        keys = self._record.keys(self.name)
        signed = f"{self._first_bare},{self._server_first},{without_proof}".encode()
        signature = hmac.digest(keys.stored, signed, self.name)
        given = _decode(proof)
        client_key = bytes(a ^ b for a, b in zip(given, signature, strict=False))
        stored = hashlib.new(self.name, client_key).digest()
        if len(given) != len(signature) or not hmac.compare_digest(stored, keys.stored):
            raise SaslFailure("not-authorized", "The user name or the password is wrong.")
        return b"v=" + b64encode(hmac.digest(keys.server, signed, self.name))


def _text(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        raise SaslFailure("malformed-request", "The message is not UTF-8.") from error


def _fields(text: str) -> dict[str, str]:
    return {part[0]: part[2:] for part in text.split(",") if part[1:2] == "="}


def _unescape(name: str) -> str:
    if re.search(r"=(?!2C|3D)", name):
        raise SaslFailure("malformed-request", "The name is not escaped as SCRAM asks for.")
    return name.replace("=2C", ",").replace("=3D", "=")


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:  # also binascii.Error
        raise SaslFailure("malformed-request", "A field is not base64.") from error

"""One password for the web and for SASL: Django's hasher over a SCRAM record."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import BasePasswordHasher

from chatops.xmpp.sasl.scram import ALGORITHM, SALT_BYTES, ScramRecord


class ScramPasswordHasher(BasePasswordHasher):
    """Stores a ``ScramRecord``: ``scram$ITERATIONS$SALT$…`` and the keys of both hash functions."""

    algorithm = ALGORITHM

    def salt(self) -> str:
        return secrets.token_hex(SALT_BYTES)

    def encode(self, password: str, salt: str) -> str:
        return self._derive(password, bytes.fromhex(salt)).encode()

    def verify(self, password: str, encoded: str) -> bool:
        return ScramRecord.decode(encoded).verify(password)

    def decode(self, encoded: str) -> dict[str, object]:
        record = ScramRecord.decode(encoded)
        return {"algorithm": ALGORITHM, "iterations": record.iterations, "salt": record.salt.hex()}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": "SCRAM-SHA-256 and SCRAM-SHA-1", **self.decode(encoded)}

    def must_update(self, encoded: str) -> bool:
        return ScramRecord.decode(encoded).iterations != settings.CHATOPS_SCRAM_ITERATIONS

    def harden_runtime(self, password: str, encoded: str) -> None:
        """A record is checked with the iterations that it was made with."""

    def _derive(self, password: str, salt: bytes) -> ScramRecord:
        return ScramRecord.derive(password, salt, settings.CHATOPS_SCRAM_ITERATIONS)

"""One password for the web and for SASL: Django's hasher over a SCRAM record."""

import hashlib
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
        """Whether it fits; nothing fits a record that has been damaged."""
        try:
            record = ScramRecord.decode(encoded)
        except ValueError:
            return False
        return record.verify(password)

    def decode(self, encoded: str) -> dict[str, object]:
        record = ScramRecord.decode(encoded)
        return {"algorithm": ALGORITHM, "iterations": record.iterations, "salt": record.salt.hex()}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": "SCRAM-SHA-256 and SCRAM-SHA-1", **self.decode(encoded)}

    def must_update(self, encoded: str) -> bool:
        return self._missing_iterations(encoded) != 0

    def harden_runtime(self, password: str, encoded: str) -> None:
        """A wrong password takes as long with an older, cheaper record as with one of today."""
        missing = self._missing_iterations(encoded)
        if missing > 0:
            hashlib.pbkdf2_hmac("sha256", password.encode(), bytes(SALT_BYTES), missing)

    def _missing_iterations(self, encoded: str) -> int:
        """How many more a record of today has; 0 for a damaged one, which no login can mend."""
        try:
            record = ScramRecord.decode(encoded)
        except ValueError:
            return 0
        return int(settings.CHATOPS_SCRAM_ITERATIONS) - record.iterations

    def _derive(self, password: str, salt: bytes) -> ScramRecord:
        return ScramRecord.derive(password, salt, settings.CHATOPS_SCRAM_ITERATIONS)

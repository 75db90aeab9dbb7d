"""The client's side of SCRAM, RFC 5802, written for the tests alone."""

import base64
import hashlib
import hmac
import os


class Scram:
    """One exchange: `first`, then `final` for the challenge; the server must answer `proven`."""

    def __init__(
        self, user: str, password: str, mechanism: str, flag: str = "n", binding: bytes = b""
    ) -> None:
        self._hash = "sha1" if "SHA-1" in mechanism else "sha256"
        self._password = password.encode()
        self._header = f"{flag},,".encode()
        self._binding = binding
        self._bare = f"n={user},r={base64.b64encode(os.urandom(12)).decode()}"
        self.first = self._header + self._bare.encode()
        self.fields: dict[str, str] = {}  # of the challenge
        self.proven = b""

    def final(self, challenge: bytes) -> bytes:
        """The proof that answers the challenge."""
        name, server = self._hash, challenge.decode()
        self.fields = dict(part.split("=", 1) for part in server.split(","))
        salted = hashlib.pbkdf2_hmac(
            name, self._password, base64.b64decode(self.fields["s"]), int(self.fields["i"])
        )
        bound = base64.b64encode(self._header + self._binding).decode()
        last = f"c={bound},r={self.fields['r']}"
        signed = f"{self._bare},{server},{last}".encode()
        key = hmac.digest(salted, b"Client Key", name)
        signature = hmac.digest(hashlib.new(name, key).digest(), signed, name)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", name)
        self.proven = b"v=" + base64.b64encode(hmac.digest(server_key, signed, name))
        return f"{last},p={base64.b64encode(proof).decode()}".encode()

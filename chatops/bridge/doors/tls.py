"""TLS between a connection's bytes and what they mean, without a socket (RFC 7590).

Python's own ssl knows neither tls-exporter (RFC 9266) nor how to tell a client's bytes from the
loop's; so OpenSSL is asked itself, and the door keeps its one plain transport throughout.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from OpenSSL import SSL

RECORD = 1 << 14  # the most that one record carries
OVERHEAD = 256  # more than a record's header, nonce and tag take
ALPN = b"xmpp-client"
EXPORTER = b"EXPORTER-Channel-Binding"
# Forward secrecy and authenticated encryption alone (RFC 9325 section 4.2); TLS 1.3 has no others.
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!DSS"


class TlsError(Exception):
    """The other side does not speak TLS, or not one that is allowed here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, ready to be shown; and its tls-server-end-point (RFC 5929)."""

    context: SSL.Context
    end_point: bytes  # empty where the RFC defines none

    @classmethod
    def load(cls, certificate: Path, key: Path) -> Self:
        """Both as PEM files. Raises OSError, ValueError or SSL.Error for what cannot be used."""
        end_point = _end_point(x509.load_pem_x509_certificate(certificate.read_bytes()))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(
            SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE
        )
        # Sessions are not resumed: tls-unique would then name two connections alike.
        context.set_options(SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_cipher_list(CIPHERS)
        context.set_alpn_select_callback(_choose)
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey(_private_key(key))
        context.check_privatekey()
        return cls(context, end_point)


def _choose(
    connection: SSL.Connection, offered: list[bytes]
) -> bytes | SSL._NoOverlappingProtocols:
    """XEP-0368 section 2.2; who offers other protocols alone goes on without."""
    return ALPN if ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _private_key(file: Path) -> Any:
    """Raises OSError or ValueError; nobody is there to type a passphrase."""
    pem = file.read_bytes()
    begin = re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", pem)  # the chain may come before it
    if begin is None:
        raise ValueError("there is no private key in the file")
    try:
        return serialization.load_pem_private_key(pem[begin.start() :], password=None)
    except TypeError as error:
        raise ValueError("the private key is protected by a passphrase") from error


def _end_point(certificate: x509.Certificate) -> bytes:
    """RFC 5929 section 4.1: the certificate's hash, by the function that its signature uses."""
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None:
        return b""
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate.public_bytes(serialization.Encoding.DER))
    return digest.finalize()


class Tls:
    """The server's side of one connection."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._ssl = SSL.Connection(identity.context)
        self._ssl.set_accept_state()
        self.established = False
        self.closed = False  # the client has said that nothing more comes

    def receive(self, data: bytes) -> bytes:
        """What came, decrypted. `to_send` may have something afterwards. Raises TlsError."""
        connection, plain = self._ssl, []
        try:
            connection.bio_write(data)
            if not self.established:
                connection.do_handshake()
                self.established = True
            while True:
                plain.append(connection.recv(RECORD))
        except SSL.WantReadError:
            return b"".join(plain)
        except SSL.ZeroReturnError:
            self.closed = True
            return b"".join(plain)
        except SSL.Error as error:
            raise TlsError from error

    def seal(self, data: bytes) -> bytes:
        """What is to be sent, encrypted. Raises TlsError."""
        try:
            self._ssl.sendall(data)
            return self._ssl.bio_read(len(data) + OVERHEAD * (2 + len(data) // RECORD))
        except SSL.Error as error:
            raise TlsError from error

    def to_send(self) -> bytes:
        """What TLS itself has to say: the handshake's messages, or an alert."""
        parts = []
        try:
            while True:
                parts.append(self._ssl.bio_read(RECORD))
        except SSL.WantReadError:
            return b"".join(parts)

    def farewell(self) -> bytes:
        """``close_notify``: what came before it is whole (RFC 8446 section 6.1)."""
        try:
            self._ssl.shutdown()
        except SSL.Error:
            return b""  # there was no handshake, or it failed
        return self.to_send()

    def bindings(self) -> Mapping[str, bytes]:
        """Type and data of the channel bindings that this connection has, the strongest first."""
        found = {}
        if self._ssl.get_protocol_version() >= SSL.TLS1_3_VERSION:
            found["tls-exporter"] = self._ssl.export_keying_material(EXPORTER, 32, b"")
        elif (finished := self._ssl.get_peer_finished()) is not None:
            found["tls-unique"] = finished  # RFC 5929 section 3.1: the client's, it spoke first
        if self._identity.end_point:
            found["tls-server-end-point"] = self._identity.end_point
        return found

"""The certificate that doors show: made, replaced, broken."""

import contextlib
import datetime
import hashlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from django.test import override_settings
from OpenSSL import SSL

from chatops.bridge.doors.certificates import Certificates
from chatops.bridge.doors.tls import Identity, Tls, TlsError
from tests.service import ROOT

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])


def write_pair(
    folder: Path,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA1 | None = None,
    password: bytes = b"",
) -> tuple[Path, Path]:
    """A certificate and its key, as an operator brings them."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    if algorithm is None and not isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm = hashes.SHA256()
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, algorithm)
    )
    certificate_file, key_file = folder / "chain.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return certificate_file, key_file


def end_point_of(file: Path, name: str) -> bytes:
    der = ssl.PEM_cert_to_DER_cert(file.read_text())
    return hashlib.new(name, der).digest()


@pytest.mark.spec("RFC 5929 §4.1")
@pytest.mark.parametrize(
    ("algorithm", "name"), [(hashes.SHA256(), "sha256"), (hashes.SHA384(), "sha384")]
)
def test_the_end_point_is_hashed_as_the_certificate_is_signed(
    tmp_path: Path, algorithm: hashes.SHA256, name: str
) -> None:
    pair = write_pair(tmp_path, algorithm=algorithm)
    assert Identity.load(*pair).end_point == end_point_of(pair[0], name)


@pytest.mark.spec("RFC 5929 §4.1")
def test_a_signature_without_a_hash_has_no_end_point(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, ed25519.Ed25519PrivateKey.generate())
    identity = Identity.load(*pair)
    assert identity.end_point == b""
    assert list(shaken(identity).bindings()) == ["tls-exporter"]


def shaken(identity: Identity) -> Tls:
    """The server's side after a handshake with Python's own TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = context.wrap_bio(incoming, outgoing), Tls(identity)
    while not server.established:
        with contextlib.suppress(ssl.SSLWantReadError):  # it is the server's turn
            client.do_handshake()
        server.receive(outgoing.read())
        incoming.write(server.to_send())
    return server


def test_a_new_certificate_is_for_new_connections_and_a_broken_one_for_none(
    tmp_path: Path,
) -> None:
    pair = write_pair(tmp_path)
    certificates = Certificates()
    with override_settings(CHATOPS_TLS_CERTIFICATE=str(pair[0]), CHATOPS_TLS_KEY=str(pair[1])):
        first = certificates.identity()
    connection = shaken(first)
    assert certificates.identity() is first
    write_pair(tmp_path)
    os.utime(pair[0], (1, 1))
    second = certificates.identity()
    assert second.end_point == end_point_of(pair[0], "sha256")
    assert second.end_point != first.end_point
    # A connection is bound to what it was shown.
    assert connection.bindings()["tls-server-end-point"] == first.end_point
    for broken in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        pair[0].write_text(broken)
        os.utime(pair[0], (2, len(broken)))
        assert certificates.identity() is second
    write_pair(tmp_path)
    os.utime(pair[0], (3, 3))
    assert certificates.identity().end_point == end_point_of(pair[0], "sha256")


def test_certificate_and_key_may_be_one_file(tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    assert shaken(Identity.load(certificate, certificate)).established


@pytest.mark.parametrize("fault", ["certificate", "key", "pair", "passphrase", "missing"])
def test_what_cannot_be_used_is_told_at_the_start(tmp_path: Path, fault: str) -> None:
    certificate, key = write_pair(tmp_path, password=b"secret" if fault == "passphrase" else b"")
    if fault == "certificate":
        certificate.write_text("nonsense")
    elif fault == "key":
        key.write_text("nonsense")
    elif fault == "pair":
        other = tmp_path / "other"
        other.mkdir()
        key = write_pair(other)[1]
    elif fault == "missing":
        certificate.unlink()
    with pytest.raises((OSError, ValueError, SSL.Error)):
        Identity.load(certificate, key)


def test_a_service_that_has_no_usable_certificate_says_so(tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, password=b"secret")
    environment = os.environ | {
        "CHATOPS_DATA": str(tmp_path),
        "CHATOPS_C2S": "127.0.0.1:0",
        "CHATOPS_HTTP": "127.0.0.1:0",
        "CHATOPS_TLS_CERTIFICATE": str(certificate),
        "CHATOPS_TLS_KEY": str(key),
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
    done = subprocess.run(
        [*manage, "serve"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert (
        "The certificate of CHATOPS_TLS_CERTIFICATE and its key cannot be used: the private key"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_what_is_no_tls_is_refused_with_an_alert(tmp_path: Path) -> None:
    server = Tls(Identity.load(*write_pair(tmp_path)))
    with pytest.raises(TlsError):
        server.receive(b"\x16\x03\x01\x00\x05hello")
    assert server.to_send()[:1] == b"\x15"


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    server = Tls(Identity.load(*write_pair(tmp_path)))
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_1_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    client = SSL.Connection(context)
    client.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    with pytest.raises(TlsError):
        server.receive(client.bio_read(65_536))

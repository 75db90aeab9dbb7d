"""TLS for the doors: the operator's certificate, or one of our own made on the first start."""

import datetime
import ipaddress
import logging
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from OpenSSL import SSL

from chatops.bridge.doors.tls import Identity

logger = logging.getLogger(__name__)

VALID_FOR = datetime.timedelta(days=3650)


class Certificates:
    """The certificate in use; notices when its files have been replaced."""

    def __init__(self) -> None:
        self._identity: Identity | None = None
        self._stamp: tuple[float, float] = (0, 0)
        self._files: tuple[Path, Path] | None = None

    def identity(self) -> Identity:
        """For a new connection. Raises OSError, ValueError or SSL.Error where there is none.

        Files that cannot be used, as when they are just being replaced, leave the old one in use.
        """
        certificate, key = self._files = self._files or files()
        stamp = (_changed(certificate), _changed(key))
        if self._identity is None:
            self._identity = Identity.load(certificate, key)
        elif stamp != self._stamp:
            try:
                self._identity = Identity.load(certificate, key)
            except (OSError, ValueError, SSL.Error) as error:
                logger.warning("the new certificate cannot be used; the old one stays: %s", error)
        self._stamp = stamp
        return self._identity


def _changed(file: Path) -> float:
    return file.stat().st_mtime if file.exists() else 0


def files() -> tuple[Path, Path]:
    """Certificate and key: those of the settings, else a self-signed pair in the data folder."""
    if settings.CHATOPS_TLS_CERTIFICATE:
        certificate = Path(settings.CHATOPS_TLS_CERTIFICATE)
        return certificate, Path(settings.CHATOPS_TLS_KEY or certificate)
    folder: Path = settings.CHATOPS_DATA
    certificate, key = folder / "certificate.pem", folder / "certificate.key"
    if not (certificate.exists() and key.exists()):
        _make(certificate, key)
        logger.info("made a self-signed certificate for %s", settings.CHATOPS_DOMAIN)
    return certificate, key


def _make(certificate: Path, key: Path) -> None:
    domain = settings.DNS_DOMAIN
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain[:64])])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(domain), x509.DNSName(f"*.{domain}")]
    if domain == "localhost":
        names += [
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

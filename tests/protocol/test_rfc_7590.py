"""TLS as RFC 7590 wants it: versions, no compression, and a certificate that names the domain."""

import ssl

import pytest

from tests.conftest import Person
from tests.conversation import Client, Wire, any_certificate
from tests.service import PASSWORD, ServiceProcess


async def connected(service: ServiceProcess, context: ssl.SSLContext) -> Wire:
    return await Wire.connect("127.0.0.1", service.tls_port, context)


def session_of(wire: Wire) -> ssl.SSLObject:
    found = wire._writer.get_extra_info("ssl_object")
    assert isinstance(found, ssl.SSLObject)
    return found


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.spec("RFC 7590 §3.1", "RFC 7590 §3.2")
async def test_tls_1_2_and_1_3_are_spoken_without_compression(
    service: ServiceProcess, version: ssl.TLSVersion
) -> None:
    context = any_certificate()
    context.minimum_version = context.maximum_version = version
    wire = await connected(service, context)
    assert session_of(wire).version() == version.name.replace("_", ".").replace("v1.0", "v1")
    assert session_of(wire).compression() is None
    await wire.hang_up()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.spec("RFC 7590 §3.1")
async def test_older_versions_and_weak_ciphers_are_refused(
    service: ServiceProcess, version: ssl.TLSVersion
) -> None:
    context = any_certificate()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await connected(service, context)


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.spec("RFC 7590 §3.4", "RFC 6120 §13.7.2.1")
async def test_the_certificate_is_for_the_domain_and_proves_the_service(
    alice: Person, service: ServiceProcess, direct: bool
) -> None:
    """A client that knows it checks chain and name, and then says its password."""
    context = ssl.create_default_context(cafile=service.data / "certificate.pem")
    if direct:
        client = Client(
            await Wire.connect(service.domain, service.tls_port, context), service.domain
        )
        await client.open()
    else:
        client = await alice.connect()
        await client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await client.expect("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await client.wire._writer.start_tls(context, server_hostname=service.domain)
        await client.open()
    await client.authenticate(alice.name, PASSWORD, "PLAIN")
    await client.hang_up()
    with pytest.raises(ssl.SSLCertVerificationError):
        await Wire.connect("127.0.0.1", service.tls_port, ssl.create_default_context())

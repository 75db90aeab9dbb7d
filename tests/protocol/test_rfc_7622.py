"""A service whose domain is not ASCII, RFC 7622 section 3.2: one name in two spellings."""

import ssl
from pathlib import Path

import pytest

from tests.bosh import Http
from tests.conftest import Person
from tests.conversation import Client, Wire
from tests.service import PASSWORD, ServiceProcess

DOMAIN, IN_ASCII = "m\xfcnchen.example", "xn--mnchen-3ya.example"


@pytest.mark.spec("RFC 7622 §3.2", "RFC 6120 §13.7.1.2.1", "XEP-0156 §3")
async def test_an_international_domain_is_served_under_both_spellings(tmp_path: Path) -> None:
    service = ServiceProcess(
        tmp_path / "data", {"CHATOPS_DOMAIN": IN_ASCII.upper() + "."}, domain=DOMAIN
    )
    service.data.mkdir()
    service.manage("migrate", "-v0")
    lines = f"alice@{DOMAIN},{PASSWORD}\njos\xe9@{IN_ASCII},{PASSWORD}"
    service.manage("account", "import", "-", text=lines)
    service.start()
    try:
        context = ssl.create_default_context(cafile=service.data / "certificate.pem")
        context.check_hostname = False  # it is asked for at an address that the test has not
        wire = await Wire.connect("127.0.0.1", service.tls_port, context)
        names = wire._writer.get_extra_info("peercert")["subjectAltName"]
        assert ("DNS", IN_ASCII) in names

        alice = Client(wire, IN_ASCII)
        await alice.open()
        await alice.authenticate("alice", PASSWORD)
        await alice.bind("desk")
        assert alice.jid == f"alice@{DOMAIN}/desk"
        await alice.appear()
        other = await Person(service, "JOSE\N{COMBINING ACUTE ACCENT}").online("phone")
        assert other.jid == f"jos\xe9@{DOMAIN}/phone"
        for domain in (DOMAIN, DOMAIN.upper(), IN_ASCII, f"{DOMAIN}."):
            await alice.send(f"<message to='Jos\xe9@{domain}'><body>Gr\xfcezi</body></message>")
            await other.expect(f"<message from='{alice.jid}'><body>Gr\xfcezi</body></message>")
        await alice.close()
        await other.close()

        http = Http("127.0.0.1", service.http_port)
        answer = await http.ask("GET", "/.well-known/host-meta.json", Host=IN_ASCII)
        assert answer.status == 200
        await http.hang_up()
    finally:
        service.stop()
    assert "Traceback" not in service.log

"""Our stream's header, RFC 6120 section 4.7: what it says to whom."""

import pytest

from tests.conftest import Person, connect
from tests.conversation import STREAM
from tests.service import PASSWORD, ServiceProcess

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
HEADER = (
    f"<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='{STREAM}'"
)


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("", {"to": None, LANG: "en"}),
        (" from='alice@localhost' xml:lang='de-AT'", {"to": "alice@localhost", LANG: "de-AT"}),
        (" from='&lt;&apos;&quot;>'", {"to": "<'\">", LANG: "en"}),
        (" id='mine' x='1'", {"to": None}),
    ],
)
@pytest.mark.spec(
    "RFC 6120 §4.7.1", "RFC 6120 §4.7.2", "RFC 6120 §4.7.3", "RFC 6120 §4.7.4", "RFC 6120 §4.7.5"
)
async def test_our_header_answers_the_clients(
    service: ServiceProcess, said: str, answered: dict[str, str | None]
) -> None:
    client = await connect(service, "tcp")
    await client.wire.write(f"{HEADER}{said}>")
    assert (await client.next()).tag == f"{{{STREAM}}}features"
    header = client.wire.header
    assert (header["from"], header["version"]) == ("localhost", "1.0")
    assert {name: header.get(name) for name in answered} == answered
    assert header["id"] != "mine"
    await client.close()


@pytest.mark.spec("RFC 6120 §4.7.3", "RFC 6120 §4.3.3", "RFC 6120 §13.8")
async def test_each_stream_has_an_id_of_its_own_that_nobody_can_guess(alice: Person) -> None:
    ids = []
    for _ in range(3):
        client = await alice.connect("tcp")
        ids.append(client.wire.header["id"])
        await client.start_tls()
        ids.append(client.wire.header["id"])
        await client.authenticate(alice.name, PASSWORD)
        ids.append(client.wire.header["id"])
    assert len(set(ids)) == 9
    assert all(len(each) >= 16 for each in ids)

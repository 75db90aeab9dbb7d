"""What every stanza has to keep to, RFC 6120 section 8: addresses, languages, requests, errors."""

import pytest

from tests.conftest import Person, connect
from tests.conversation import Client, difference, parse, shown
from tests.protocol.rfc_6121.test_delivery import heard
from tests.protocol.rfc_6121.test_presence import STANZAS
from tests.service import PASSWORD

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DOORS = ["tcp", "websocket", "bosh"]
PING = "<ping xmlns='urn:xmpp:ping'/>"
BAD_REQUEST = f"<iq type='error'><error type='modify'><bad-request xmlns='{STANZAS}'/></error></iq>"


async def speaking(person: Person, language: str, door: str) -> Client:
    """Online, on a stream of that language."""
    client = await connect(person.service, door)
    person.clients.append(client)
    client.wire.language = language
    await client.open()
    await client.authenticate(person.name, PASSWORD)
    await client.bind("desk")
    await client.appear()
    return client


# Requests


@pytest.mark.parametrize("to", ["", " to='localhost'", " to='{self}'", " to='{device}'"])
@pytest.mark.parametrize(
    "iq",
    [
        f"<iq type='get'{{to}}>{PING}</iq>",
        f"<iq type='get' id=''{{to}}>{PING}</iq>",
        f"<iq id='1'{{to}}>{PING}</iq>",
        f"<iq id='1' type='ask'{{to}}>{PING}</iq>",
        f"<iq id='1' type='GET'{{to}}>{PING}</iq>",
        "<iq id='1' type='get'{to}/>",
        "<iq id='1' type='set'{to}>words</iq>",
        f"<iq id='1' type='get'{{to}}>{PING}{PING}</iq>",
        f"<iq id='1' type='set'{{to}}>{PING}<x xmlns='urn:x'/></iq>",
    ],
)
@pytest.mark.spec("RFC 6120 §8.2.3", "RFC 6120 §8.1.3", "RFC 6120 §8.3.3.1")
async def test_a_request_has_an_id_a_known_type_and_one_payload(
    alice: Person, iq: str, to: str
) -> None:
    client = await alice.online("desk")
    other = await alice.online("phone")
    await client.nothing_more()
    said = to.replace("{self}", alice.jid).replace("{device}", other.jid)
    await client.send(iq.replace("{to}", said))
    await client.expect(BAD_REQUEST)
    await client.nothing_else()
    await other.nothing_else()


@pytest.mark.spec("RFC 6120 §8.2.3", "RFC 6120 §8.3.1")
async def test_results_and_errors_are_never_answered(alice: Person) -> None:
    client = await alice.online()
    for to in ("", " to='localhost'", f" to='{alice.jid}'", " to='x@elsewhere.example'"):
        for type_ in ("result", "error"):
            for inner in ("", PING, PING + PING):
                await client.send(f"<iq type='{type_}' id='r'{to}>{inner}</iq>")
                await client.send(f"<iq type='{type_}'{to}>{inner}</iq>")
    await client.nothing_else()


@pytest.mark.spec("RFC 6120 §8.3.1", "RFC 6120 §8.3.2")
async def test_an_error_names_its_request_its_reason_and_a_sentence(alice: Person) -> None:
    client = await alice.online()
    await client.send("<iq type='get' id='same &lt;1&gt;' to='localhost'><x xmlns='urn:x'/></iq>")
    error = await client.expect(
        f"<iq type='error' id='same &lt;1>' from='localhost' to='{client.jid}'>"
        f"<error type='cancel'><service-unavailable xmlns='{STANZAS}'/>"
        f"<text xmlns='{STANZAS}' xml:lang='en'>*</text></error></iq>"
    )
    (reason,) = error.findall("{jabber:client}error")
    assert [child.tag.partition("}")[0] for child in reason] == [f"{{{STANZAS}"] * 2


@pytest.mark.parametrize("kind", ["message", "presence", "iq"])
@pytest.mark.spec("RFC 6120 §8.3.3.8")
async def test_what_is_no_address_comes_back_as_it_was_written(alice: Person, kind: str) -> None:
    client = await alice.online()
    for to in ("a@b@c", "@localhost", "localhost/", "a b@localhost", "x" * 1_100 + "@localhost"):
        typed = " type='get'" if kind == "iq" else ""
        await client.send(f"<{kind} id='1' to='{to}'{typed}>{PING}</{kind}>")
        await client.expect(
            f"<{kind} type='error' id='1' from='{to}' to='{client.jid}'>"
            f"<error type='modify' by='localhost'><jid-malformed xmlns='{STANZAS}'/></error>"
            f"</{kind}>"
        )
        await client.send(f"<{kind} id='1' to='{to}' type='error'/>")
    await client.nothing_else()


# Addresses


@pytest.mark.parametrize("kind", ["message", "presence", "iq"])
@pytest.mark.spec("RFC 6120 §8.1.2.1")
async def test_the_service_says_whom_a_stanza_is_from(
    alice: Person, bob: Person, kind: str
) -> None:
    """Left out, bare or full, in whatever spelling: what arrives has the full address."""
    desk, phone = await alice.online("desk"), await bob.online("phone")
    await phone.send(f"<presence to='{desk.jid}'/>")
    await desk.expect(f"<presence from='{phone.jid}'/>")
    typed = " type='set'" if kind == "iq" else ""
    for said in ("", alice.jid, desk.jid, f"{alice.name.upper()}@LOCALHOST./desk"):
        sender = f" from='{said}'" if said else ""
        await desk.send(f"<{kind} id='1'{typed}{sender} to='{phone.jid}'>{PING}</{kind}>")
        await phone.expect(f"<{kind} from='{desk.jid}' to='{phone.jid}'>{PING}</{kind}>")


@pytest.mark.parametrize(
    "sender", ["{other}", "{self}/phone", "localhost", "", "a@b@c", "{name}@elsewhere.example"]
)
@pytest.mark.spec("RFC 6120 §8.1.2.1", "RFC 6120 §4.9.3.9")
async def test_nobody_speaks_for_others(alice: Person, bob: Person, sender: str) -> None:
    """Not even for another device of their own."""
    desk, phone = await alice.online("desk"), await bob.online("phone")
    said = sender.format(other=bob.jid, self=alice.jid, name=alice.name)
    await desk.send(f"<message from='{said}' to='{phone.jid}'><body>x</body></message>")
    await desk.ended("invalid-from")
    await phone.nothing_else()


@pytest.mark.spec("RFC 6120 §8.1.1.1", "RFC 6120 §10.3.1", "RFC 6121 §8.2.1")
async def test_a_message_without_an_address_is_for_the_own_account(
    alice: Person, bob: Person
) -> None:
    desk, phone = await alice.online("desk"), await alice.online("phone")
    other = await bob.online()
    await desk.nothing_more()
    await desk.send("<message type='chat' id='1'><body>a note</body></message>")
    for client in (desk, phone):
        await client.expect(f"<message from='{desk.jid}' id='1'><body>a note</body></message>")
    await desk.send("<message type='groupchat' id='2'><body>x</body></message>")
    await desk.expect(f"<message type='error' id='2' to='{desk.jid}'/>")
    await other.nothing_else()


@pytest.mark.spec("RFC 6120 §10.3.2", "RFC 6121 §8.2.2")
async def test_presence_without_an_address_is_for_those_who_may_see_it(alice: Person) -> None:
    """What only makes sense between two is refused; an error is nobody's."""
    client = await alice.online()
    for type_ in ("subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "x"):
        await client.send(f"<presence type='{type_}' id='1'/>")
        await client.expect(
            "<presence type='error' id='1'><error type='modify'>"
            f"<bad-request xmlns='{STANZAS}'/></error></presence>"
        )
    await client.send("<presence type='error' id='2'/>")
    await client.send("<presence/>")
    await client.expect(f"<presence from='{client.jid}' to='{alice.jid}'/>")
    await client.nothing_else()


@pytest.mark.spec("RFC 6120 §10.3.3", "RFC 6121 §8.2.3", "RFC 6120 §8.1.1.1")
async def test_a_request_without_an_address_is_answered_for_the_account(alice: Person) -> None:
    desk, phone = await alice.online("desk"), await alice.online("phone")
    await desk.nothing_more()
    for inner, type_ in (
        ("<query xmlns='jabber:iq:roster'/>", "result"),
        ("<x xmlns='urn:x'/>", "error"),
    ):
        await desk.send(f"<iq type='get' id='1'>{inner}</iq>")
        await desk.expect(f"<iq type='{type_}' id='1' from='-' to='{desk.jid}'/>")
    await phone.nothing_else()


@pytest.mark.spec("RFC 6120 §10.4", "RFC 6121 §8.1", "RFC 6121 §8.3")
async def test_what_cannot_leave_comes_back(alice: Person) -> None:
    client = await alice.online()
    for kind, type_ in (("message", "chat"), ("iq", "get"), ("iq", "set")):
        await client.send(f"<{kind} type='{type_}' id='1' to='x@elsewhere.example'>{PING}</{kind}>")
        await client.expect(
            f"<{kind} type='error' id='1' from='x@elsewhere.example'><error type='cancel'>"
            f"<remote-server-not-found xmlns='{STANZAS}'/></error></{kind}>"
        )
    await client.nothing_else()


@pytest.mark.spec("RFC 6121 §8.1", "RFC 6121 §8.4", "RFC 6120 §10.5.1", "RFC 6120 §10.5.2")
async def test_the_service_itself_takes_requests_and_refuses_the_rest(alice: Person) -> None:
    client = await alice.online()
    for to in ("localhost", "LOCALHOST.", "localhost/anything"):
        await client.send(f"<message id='1' to='{to}'><body>x</body></message>")
        await client.expect(
            f"<message type='error' id='1' from='{to}'><error type='cancel'>"
            f"<service-unavailable xmlns='{STANZAS}'/></error></message>"
        )
    assert (await client.ask(f"<iq type='get' id='2' to='localhost'>{PING}</iq>")).get(
        "type"
    ) == "result"
    await client.send(f"<iq type='get' id='3' to='localhost/anything'>{PING}</iq>")
    await client.expect(
        f"<iq type='error' id='3'><error><service-unavailable xmlns='{STANZAS}'/></error></iq>"
    )


# Languages, and what else is passed on as it is


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.spec("RFC 6120 §4.7.4", "RFC 6120 §8.1.5")
async def test_a_stanza_has_the_language_of_its_stream_or_its_own(
    alice: Person, bob: Person, door: str
) -> None:
    desk, phone = await speaking(alice, "de-AT", door), await bob.online("phone")
    await phone.send(f"<presence to='{desk.jid}'/>")
    await desk.expect(f"<presence from='{phone.jid}'/>")
    for stanza in (
        "<message id='1' to='{to}'{lang}><body>Tee?</body></message>",
        "<presence id='1' to='{to}'{lang}/>",
        f"<iq id='1' type='get' to='{{to}}'{{lang}}>{PING}</iq>",
    ):
        for said, language in (("", "de-AT"), (" xml:lang='fr'", "fr"), (" xml:lang=''", "")):
            await desk.send(stanza.format(to=phone.jid, lang=said))
            assert (await phone.next()).get(LANG) == language
    silent = await bob.online("silent")
    await silent.send(f"<message id='1' to='{phone.jid}'><body>Tea?</body></message>")
    assert (await phone.wait_for("<message id='1'/>")).get(LANG) is None


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.spec(
    "RFC 6121 §5.2.2",
    "RFC 6121 §5.2.3",
    "RFC 6121 §5.2.4",
    "RFC 6121 §5.2.5",
    "RFC 6121 §5.2.6",
    "RFC 6120 §8.4",
)
async def test_a_message_arrives_with_all_that_is_in_it(
    alice: Person, bob: Person, away: bool
) -> None:
    """Languages, subject, the thread and its parent, and what the service knows nothing of."""
    desk = await alice.online("desk")
    phone = await (bob.bound("phone") if away else bob.online("phone"))
    inner = (
        "<subject>Tea</subject><subject xml:lang='de'>Tee</subject>"
        "<body>Tea &lt;3 \U0001f375</body><body xml:lang='de'>  Tee </body>"
        "<thread parent='e0ffe42b'>0e3141cd &amp; more</thread>"
        "<x xmlns='urn:unknown' y:a='1' xmlns:y='urn:y'><y:b/>text<c xmlns=''/>tail</x>"
    )
    for type_ in ("chat", "strange"):
        await desk.send(f"<message to='{bob.jid}' type='{type_}' id='{type_}'>{inner}</message>")
    await desk.nothing_else()
    if away:
        await phone.send("<presence/>")
    for type_ in ("chat", "strange"):
        came = await phone.wait_for(f"<message id='{type_}'/>")
        expected = parse(f"<message type='{type_}' from='{desk.jid}'>{inner}</message>")
        assert difference(expected, came) == ""
        for child, there in zip(expected, came, strict=False):
            assert shown(child) == shown(there)


@pytest.mark.spec("RFC 6120 §4.6.1", "RFC 6120 §11.7")
async def test_whitespace_is_neither_answered_nor_in_the_way(alice: Person) -> None:
    client = await alice.online()
    for gap in (" ", "\n", "\r\n\t ", " " * 5_000):
        await client.wire.write(gap)
        await client.send(f"<iq type='get' id='1' to='{client.domain}'>{PING}</iq>")
        await client.expect("<iq type='result' id='1'/>")
    assert await heard(client) == []

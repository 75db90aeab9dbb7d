"""The stream reader: the same stanzas however the bytes are cut, and nothing that XMPP forbids."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.xmpp.elements import serialise, text_of
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.reader import Event, Footer, Header, StreamReader, read_document
from chatops.xmpp.vocabulary import Vocabulary

pytestmark = pytest.mark.spec("RFC 6120 §11")

OPEN = (
    b"<?xml version='1.0'?>\n<stream:stream to='localhost' version='1.0' xml:lang='en'"
    b" xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='urn:x'>"
)
BODY = (
    "<message to='a@b' id='>1'><body>h\u00e9 &amp; &lt;\u4f60\u597d</body><x:y/></message>"
    " <iq id='a>b' type='get'/>\n<presence xmlns='jabber:client'><show>dnd</show></presence>"
    "<r xmlns='urn:xmpp:sm:3'/></stream:stream>"
).encode()
WHOLE = OPEN + BODY


def read(*chunks: bytes, limit: int = 10_000) -> list[Event]:
    reader = StreamReader(limit, Vocabulary())
    return [event for chunk in chunks for event in reader.feed(chunk)]


def shown(events: list[Event]) -> list[object]:
    return [event if isinstance(event, Header | Footer) else serialise(event) for event in events]


def test_a_stream_is_read_into_its_header_its_stanzas_and_its_end() -> None:
    header, message, iq, presence, nonza, footer = shown(read(WHOLE))
    assert header == Header(
        "{http://etherx.jabber.org/streams}stream",
        {
            "to": "localhost",
            "version": "1.0",
            "{http://www.w3.org/XML/1998/namespace}lang": "en",
        },
        "jabber:client",
    )
    assert (
        message
        == (
            '<message xmlns="jabber:client" xmlns:x="urn:x" to="a@b" id="&gt;1">'
            "<body>h\u00e9 &amp; &lt;\u4f60\u597d</body><x:y/></message>"
        ).encode()
    )
    assert iq == b'<iq xmlns="jabber:client" id="a&gt;b" type="get"/>'
    assert presence == b'<presence xmlns="jabber:client"><show>dnd</show></presence>'
    assert nonza == b'<r xmlns="urn:xmpp:sm:3"/>'
    assert footer == Footer()


def test_the_bytes_may_be_cut_anywhere() -> None:
    whole = shown(read(WHOLE))
    for cut in range(1, len(WHOLE)):
        assert shown(read(WHOLE[:cut], WHOLE[cut:])) == whole
    assert shown(read(*(bytes([byte]) for byte in WHOLE))) == whole


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=12))
def test_the_bytes_may_be_cut_into_any_pieces(cuts: list[int]) -> None:
    edges = sorted({0, len(WHOLE), *cuts})
    pieces = [WHOLE[a:b] for a, b in itertools.pairwise(edges)]
    assert shown(read(*pieces)) == shown(read(WHOLE))


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<!-- no -->", "restricted-xml"),
        (b"<?no pi?>", "restricted-xml"),
        (b"<message><body>&no;</body></message>", "restricted-xml"),
        (b"<x:message xmlns:y='urn:y'/>", None),
        (b"<z:message/>", "bad-namespace-prefix"),
        (b"<message></iq>", "not-well-formed"),
        (b"<message><body>\x00</body></message>", "not-well-formed"),
        (b"<message a='1' a='2'/>", "not-well-formed"),
        (b"\xff\xfe\x00binary", "not-well-formed"),
        (b"words <message/>", "bad-format"),
        (b"<message><body>" + b"x" * 10_000 + b"</body></message>", "policy-violation"),
        (b"<message><body>" + b"x" * 10_001, "policy-violation"),
        (b"<a>" * 200, "policy-violation"),
    ],
)
def test_what_xmpp_forbids_is_refused_by_name(data: bytes, condition: str | None) -> None:
    if condition is None:
        assert len(read(OPEN + data)) == 2
        return
    with pytest.raises(StreamFault) as refused:
        read(OPEN, data)
    assert refused.value.condition == condition


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><stream/>", "restricted-xml"),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><stream/>", "unsupported-encoding"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not-well-formed"),
        (b"<stream a='" + b"x" * 9_000, "policy-violation"),
    ],
)
def test_a_bad_beginning_is_refused_by_name(data: bytes, condition: str) -> None:
    with pytest.raises(StreamFault) as refused:
        read(data)
    assert refused.value.condition == condition


def test_a_stanza_of_exactly_the_limit_passes() -> None:
    stanza = b"<message><body>" + b"x" * 69 + b"</body></message>"
    assert len(stanza) == 101
    assert len(read(OPEN, stanza, limit=101)) == 2
    with pytest.raises(StreamFault):
        read(OPEN, stanza, limit=100)


def test_whitespace_keeps_a_stream_alive_and_takes_no_memory() -> None:
    reader = StreamReader(100, Vocabulary())
    reader.feed(OPEN)
    for _ in range(1_000):
        assert reader.feed(b" \n" * 20) == []
    (message,) = reader.feed(b"<message><body>x</body></message>")
    assert not isinstance(message, Header | Footer)
    assert text_of(message, "body") == "x"


def test_the_names_of_all_clients_together_are_bounded() -> None:
    vocabulary = Vocabulary(most_characters=2_000)
    reader = StreamReader(10_000, vocabulary)
    reader.feed(OPEN)
    with pytest.raises(StreamFault) as refused:
        for number in range(1_000):
            reader.feed(f"<message><n{number} xmlns='urn:n'/></message>".encode())
    assert refused.value.condition == "policy-violation"
    again = StreamReader(10_000, vocabulary)
    assert len(again.feed(OPEN + b"<message><n1 xmlns='urn:n'/></message>")) == 2


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<message xmlns='jabber:client'>", "not-well-formed"),
        (b" <message xmlns='jabber:client'/>", "bad-format"),
        (b"<message xmlns='jabber:client'/><iq/>", "not-well-formed"),
        (b"<!DOCTYPE a><a/>", "restricted-xml"),
        (b"<message xmlns='jabber:client'>" + b"x" * 100 + b"</message>", "policy-violation"),
    ],
)
def test_a_frame_holds_one_whole_element(data: bytes, condition: str) -> None:
    with pytest.raises(StreamFault) as refused:
        read_document(data, 100, Vocabulary())
    assert refused.value.condition == condition
    assert read_document(b"<open xmlns='urn:x'/>", 100, Vocabulary()).tag == "{urn:x}open"

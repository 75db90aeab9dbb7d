"""The stream reader against XML that is made at random: read as expat reads it, or refused."""

import contextlib
import itertools
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.xmpp.elements import serialise
from chatops.xmpp.errors import StreamFault
from chatops.xmpp.reader import Footer, Header, StreamReader, read_document
from chatops.xmpp.vocabulary import Vocabulary

LIMIT = 50_000
HEADER = (
    "<?xml version='1.0'?><s:stream xmlns='jabber:client' xmlns:p='urn:p' version='1.0'"
    " xmlns:s='http://etherx.jabber.org/streams'>"
)
FOOTER = "</s:stream>"

NAMES = st.sampled_from(["a", "b-c", "message", "d.e", "\u4f60", "_1"])
# Prefixes "" and p are declared by the stream, q and r where they are used.
PREFIXES = st.sampled_from(["", "", "p:", "q:", "r:"])
# What XML 1.0 allows; a carriage return is written as a reference, for line ends are normalised.
CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
) | st.sampled_from("\t\n\r<>&'\"]")
URIS = st.sampled_from(['"urn:q"', "'urn:r?a&amp;b'"])
TEXTS = st.text(CHARACTERS, max_size=12)


def written(text: str, *, way: int) -> str:
    """Character data in one of the ways in which it may be written."""
    if way == 0 and "\r" not in text:
        return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
    if way == 1:
        return "".join(f"&#x{ord(each):x};" for each in text)
    if way == 2:
        return escape(text, {"\r": "&#13;", "'": "&apos;", '"': "&quot;"})
    return escape(text, {"\r": "&#13;"})


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """An element as text."""
    name = draw(PREFIXES) + draw(NAMES)
    attributes = draw(st.dictionaries(st.tuples(PREFIXES, NAMES), TEXTS, max_size=3))
    parts = [f"<{name}"]
    for (prefix, local), value in attributes.items():
        parts.append(f" {prefix}{local}={quoteattr(value).replace(chr(13), '&#13;')}")
    used = {name.partition(":")[0] for name in (name, *(f"{p}{n}" for p, n in attributes))}
    for prefix in ("q", "r"):
        if prefix in used:
            parts.append(f" xmlns:{prefix}={draw(URIS)}")
    if draw(st.booleans()):
        parts.append(
            draw(st.sampled_from([" xmlns='urn:own'", "\nxmlns=''", " xmlns:p = 'urn:o'"]))
        )
    if draw(st.integers(0, 3)) == 0:
        return "".join(parts) + draw(st.sampled_from(["/>", " />", "\n/>"]))
    parts.append(">")
    for _ in range(draw(st.integers(0, 3))):
        if depth and draw(st.booleans()):
            parts.append(draw(elements(depth - 1)))
        else:
            parts.append(written(draw(TEXTS), way=draw(st.integers(0, 3))))
    return "".join(parts) + f"</{name}{draw(st.sampled_from(['', ' ', chr(10)]))}>"


def is_well_formed(stanza: str) -> bool:
    """What was made may have an attribute twice, by two prefixes for one namespace."""
    try:
        ET.fromstring(HEADER + stanza + FOOTER)
    except ET.ParseError:
        return False
    return True


STANZAS = st.lists(elements().filter(is_well_formed), max_size=4)
CUTS = st.lists(st.floats(0, 1, exclude_max=True), max_size=8)


def meaning(element: ET.Element) -> object:
    """All that there is to an element, but for the names of its prefixes."""
    children = [(meaning(child), child.tail or "") for child in element]
    return element.tag, sorted(element.attrib.items()), element.text or "", children


def pieces(data: bytes, cuts: list[float]) -> list[bytes]:
    edges = sorted({0, len(data), *(int(cut * len(data)) for cut in cuts)})
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def fed(*data: bytes) -> list[object]:
    """What the reader makes of it."""
    reader = StreamReader(LIMIT, Vocabulary())
    header, *stanzas, footer = [event for piece in data for event in reader.feed(piece)]
    assert isinstance(header, Header)
    assert isinstance(footer, Footer)
    return [meaning(ET.fromstring(serialise(each))) for each in stanzas]  # type: ignore[arg-type]


@pytest.mark.spec("RFC 6120 §11.4", "RFC 6120 §4.8")
@given(STANZAS, st.sampled_from(["", " ", "\n\t"]), CUTS)
def test_stanzas_mean_to_us_what_they_mean_in_the_whole_stream(
    stanzas: list[str], between: str, cuts: list[float]
) -> None:
    text = HEADER + between + between.join(stanzas) + between + FOOTER
    expected = [meaning(each) for each in ET.fromstring(text)]
    assert fed(*pieces(text.encode(), cuts)) == expected


@pytest.mark.spec("RFC 7395 §3.3")
@given(elements())
def test_a_frame_means_what_it_says(text: str) -> None:
    stanza = text.replace("p:", "q:") if "xmlns:p" not in text else text
    try:
        expected = meaning(ET.fromstring(stanza))
    except ET.ParseError:
        with pytest.raises(StreamFault):
            read_document(stanza.encode(), LIMIT, Vocabulary())
        return
    assert (
        meaning(ET.fromstring(serialise(read_document(stanza.encode(), LIMIT, Vocabulary()))))
        == expected
    )


FORBIDDEN = st.sampled_from(
    [
        "<!-- note -->",
        "<!---->",
        "<?target?>",
        "<?target data?>",
        "<?xml-stylesheet href='x'?>",
        "&entity;",
    ]
)


@pytest.mark.spec("RFC 6120 §11.1")
@given(STANZAS, FORBIDDEN, st.booleans(), CUTS)
def test_comments_instructions_and_entities_are_refused_wherever_they_stand(
    stanzas: list[str], forbidden: str, inside: bool, cuts: list[float]
) -> None:
    bad = (
        f"<message><body>{forbidden}</body></message>" if inside or "&" in forbidden else forbidden
    )
    data = (HEADER + "".join(stanzas) + bad + FOOTER).encode()
    with pytest.raises(StreamFault) as refused:
        fed(*pieces(data, cuts))
    assert refused.value.condition == "restricted-xml"


@pytest.mark.spec("RFC 6120 §11.1", "RFC 6120 §11.3")
@given(STANZAS, st.binary(min_size=1, max_size=6), st.floats(0, 1), CUTS)
def test_damage_ends_in_a_stream_error_or_in_nothing(
    stanzas: list[str], damage: bytes, where: float, cuts: list[float]
) -> None:
    data = (HEADER + "".join(stanzas)).encode()
    place = int(where * len(data))
    broken = data[:place] + damage + data[place + len(damage) :]
    reader = StreamReader(LIMIT, Vocabulary())
    with contextlib.suppress(StreamFault):
        for piece in pieces(broken, cuts):
            reader.feed(piece)

"""Packed stanzas: other addresses without serialising again, and nothing else changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.xmpp.elements import Element, add, parse, serialise, stanza
from chatops.xmpp.stanzas import Packed

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("<>&'\"\n\t /="),
    max_size=20,
) | st.sampled_from([' from="evil@x"', "' to='evil'", ' to="x"/>', "</message>"])
# A resource may have anything but controls.
ADDRESSES = TEXTS.filter(lambda text: text and not {"\n", "\t"} & set(text))
NAMES = st.sampled_from(["id", "type", "to", "from", "toto", "from2", "{urn:x}to", "{urn:x}from"])


def meaning(element: Element) -> tuple[object, ...]:
    children = tuple(meaning(child) for child in element)
    return element.tag, dict(element.attrib), element.text or "", element.tail or "", children


@st.composite
def stanzas(draw: st.DrawFn) -> Element:
    element = stanza(draw(st.sampled_from(["message", "presence", "iq"])))
    for name, value in draw(st.dictionaries(NAMES, TEXTS, max_size=5)).items():
        element.set(name, value)
    for text in draw(st.lists(TEXTS, max_size=3)):
        add(element, "{urn:child}x", text, from_="somebody", to="else")
    return element


@pytest.mark.spec("RFC 6120 §8.1.2.1")
@given(stanzas(), ADDRESSES, ADDRESSES)
def test_only_the_addresses_of_a_packed_stanza_change(
    element: Element, to: str, sender: str
) -> None:
    packed = parse(Packed.pack(element).addressed(to=to, sender=sender))
    element.set("to", to)
    element.set("from", sender)
    assert meaning(packed) == meaning(element)


@given(stanzas(), TEXTS)
def test_a_child_more_is_the_last_child(element: Element, text: str) -> None:
    child = serialise(add(stanza("message"), "{urn:note}note", text))
    packed = parse(Packed.pack(element).with_child(child).addressed(to="a@b", sender="c@d"))
    add(element, "{urn:note}note", text)
    element.set("to", "a@b")
    element.set("from", "c@d")
    assert meaning(packed) == meaning(element)


@given(stanzas())
def test_no_address_is_no_attribute(element: Element) -> None:
    packed = parse(Packed.pack(element).addressed(to="", sender=""))
    assert packed.get("to") is None
    assert packed.get("from") is None

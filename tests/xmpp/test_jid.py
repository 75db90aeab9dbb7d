"""Addresses as RFC 7622 has them: its own examples, what is compared, what is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatops.xmpp import jid as module
from chatops.xmpp.jid import JID, InvalidJID, in_ascii, parse

# Section 3.5, table 1; number 18 of table 2 belongs here by erratum 4560.
ADDRESSES = {
    "juliet@example.com": ("juliet", "example.com", ""),
    "juliet@example.com/foo": ("juliet", "example.com", "foo"),
    "juliet@example.com/foo bar": ("juliet", "example.com", "foo bar"),
    "juliet@example.com/foo@bar": ("juliet", "example.com", "foo@bar"),
    "foo\\20bar@example.com": ("foo\\20bar", "example.com", ""),
    "fussball@example.com": ("fussball", "example.com", ""),
    "fu\N{LATIN SMALL LETTER SHARP S}ball@example.com": ("fu\xdfball", "example.com", ""),
    "\N{GREEK SMALL LETTER PI}@example.com": ("\u03c0", "example.com", ""),
    "\N{GREEK CAPITAL LETTER SIGMA}@example.com/foo": ("\u03c3", "example.com", "foo"),
    "\N{GREEK SMALL LETTER SIGMA}@example.com/foo": ("\u03c3", "example.com", "foo"),
    "\N{GREEK SMALL LETTER FINAL SIGMA}@example.com/foo": ("\u03c2", "example.com", "foo"),
    "king@example.com/\N{BLACK CHESS KING}": ("king", "example.com", "\u265a"),
    "example.com": ("", "example.com", ""),
    "example.com/foobar": ("", "example.com", "foobar"),
    "a.example.com/b@example.net": ("", "a.example.com", "b@example.net"),
    "juliet@example.com/ foo": ("juliet", "example.com", " foo"),
}
# Table 2.
NO_ADDRESSES = [
    '"juliet"@example.com',
    "foo bar@example.com",
    "@example.com/",
    "henry\N{ROMAN NUMERAL FOUR}@example.com",
    "\N{BLACK CHESS KING}@example.com",
    "juliet@",
    "/foobar",
]


@pytest.mark.spec("RFC 7622 §3.5", "RFC 7622 §3.1")
@pytest.mark.parametrize(("text", "parts"), ADDRESSES.items())
def test_the_examples_of_the_rfc_are_addresses(text: str, parts: tuple[str, str, str]) -> None:
    jid = parse(text)
    assert (jid.local, jid.domain, jid.resource) == parts
    assert jid == JID(*parts)


@pytest.mark.spec("RFC 7622 §3.5")
@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_the_rfc_says_is_no_address_is_none(text: str) -> None:
    with pytest.raises(InvalidJID):
        parse(text)


@pytest.mark.spec("RFC 7622 §3.1")
@pytest.mark.parametrize("text", [None, "", "/", "@", "a@/b", "a@b/", "@b", "a@b@c", "a@b@c/d"])
def test_no_part_is_empty_and_the_first_separators_cut(text: str | None) -> None:
    with pytest.raises(InvalidJID):
        parse(text)


@pytest.mark.spec("RFC 7622 §3.2")
@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("example\N{IDEOGRAPHIC FULL STOP}org\N{IDEOGRAPHIC FULL STOP}", "example.org"),
        ("m\xfcnchen.example", "m\xfcnchen.example"),
        ("xn--mnchen-3ya.example", "m\xfcnchen.example"),
        ("XN--MNCHEN-3YA.Example", "m\xfcnchen.example"),
        ("M\xdcNCHEN.example", "m\xfcnchen.example"),
        ("mu\N{COMBINING DIAERESIS}nchen.example", "m\xfcnchen.example"),
        ("fa\xdf.example", "fa\xdf.example"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}.example", "a.example"),
        ("\u05d0\u05d1.example", "\u05d0\u05d1.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("[2001:db8:0:0:0:0:0:1]", "[2001:db8::1]"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_domain_is_compared_as_idna_has_it(text: str, domain: str) -> None:
    assert parse(text).domain == domain
    assert parse(f"juliet@{text}/home").full == f"juliet@{domain}/home"


@pytest.mark.spec("RFC 7622 §3.2")
@pytest.mark.parametrize("text", ["m\xfcnchen.example", "fa\xdf.example", "example.org", "[::1]"])
def test_a_domain_and_its_spelling_in_ascii_are_the_same(text: str) -> None:
    spelled = in_ascii(parse(text).domain)
    assert spelled.isascii()
    assert parse(spelled) == parse(text)


@pytest.mark.spec("RFC 7622 §3.2")
@pytest.mark.parametrize(
    "domain",
    [
        ".",
        ".example",
        "a..example",
        "example..",
        "-a.example",
        "a-.example",
        "ab--cd.example",
        "a_b.example",
        "a b.example",
        "a" * 64 + ".example",
        "xn--example",
        "xn--zzzzzzzzz",
        "\N{BLACK CHESS KING}.example",
        "\u05d01a.example",
        "a\N{ZERO WIDTH JOINER}b",
        "[::1",
        "[::1]x",
        "[::1%eth0]",
        "[192.0.2.1]",
        "[]",
        "::1",
        "a." * 511 + "bb",
    ],
)
def test_a_domain_that_cannot_be_is_none(domain: str) -> None:
    with pytest.raises(InvalidJID):
        parse(f"juliet@{domain}")


@pytest.mark.spec("RFC 7622 §3.3")
@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("Juliet", "juliet"),
        ("JOS\xc9", "jos\xe9"),
        ("JOSE\N{COMBINING ACUTE ACCENT}", "jos\xe9"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}", "a"),
        ("\N{LATIN CAPITAL LETTER SHARP S}", "\xdf"),
        ("!#$%()*+,-.;=?[\\]^_`{|}~", "!#$%()*+,-.;=?[\\]^_`{|}~"),
        ("\u05d0\u05d1", "\u05d0\u05d1"),
        ("l\xb7l", "l\xb7l"),
    ],
)
def test_local_parts_are_compared_without_case_and_width(text: str, local: str) -> None:
    assert parse(f"{text}@example.com").local == local


@pytest.mark.spec("RFC 7622 §3.3.1")
@pytest.mark.parametrize(
    "local",
    [
        *"\"&':<>",
        "\N{FULLWIDTH QUOTATION MARK}",
        "\N{FULLWIDTH AMPERSAND}",
        "\N{FULLWIDTH SOLIDUS}",
        "\N{FULLWIDTH LESS-THAN SIGN}",
        "\N{FULLWIDTH COMMERCIAL AT}",
    ],
)
def test_a_local_part_has_none_of_what_cuts_addresses_and_xml(local: str) -> None:
    with pytest.raises(InvalidJID):
        parse(f"a{local}b@example.com")


@pytest.mark.spec("RFC 7622 §3.3")
@pytest.mark.parametrize(
    "local", ["a\x00b", "a\tb", "a\xadb", "a\u2028", "\ufb01", "a\u200db", "\u05d0a", "l\xb7a"]
)
def test_a_local_part_keeps_to_letters_digits_and_their_context(local: str) -> None:
    with pytest.raises(InvalidJID):
        parse(f"{local}@example.com")


@pytest.mark.spec("RFC 7622 §3.4")
@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("Home", "Home"),
        ("a\N{NO-BREAK SPACE}b", "a b"),
        ("e\N{COMBINING ACUTE ACCENT}", "\xe9"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}", "\N{FULLWIDTH LATIN SMALL LETTER A}"),
        ("\N{LATIN SMALL LIGATURE FI}", "\N{LATIN SMALL LIGATURE FI}"),
        ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
        ("\"&'/:<>@", "\"&'/:<>@"),
        (" ", " "),
    ],
)
def test_a_resource_keeps_its_case_and_its_symbols(text: str, resource: str) -> None:
    assert parse(f"juliet@example.com/{text}").resource == resource


@pytest.mark.spec("RFC 7622 §3.4")
@pytest.mark.parametrize(
    "resource", ["a\x00", "a\nb", "\x7f", "\x85", "\u2028", "a\u200d", "\ufff9"]
)
def test_a_resource_has_no_controls(resource: str) -> None:
    with pytest.raises(InvalidJID):
        parse(f"juliet@example.com/{resource}")


@pytest.mark.spec("RFC 7622 §3.2", "RFC 7622 §3.3", "RFC 7622 §3.4")
@pytest.mark.parametrize("pattern", ["{}@example.com", "juliet@example.com/{}"])
def test_a_part_has_1023_octets_at_most_once_it_is_prepared(pattern: str) -> None:
    for longest in ("a" * 1_023, "\xe4" * 511 + "b", "a\N{COMBINING DIAERESIS}" * 511):
        assert parse(pattern.format(longest))
        with pytest.raises(InvalidJID):
            parse(pattern.format(longest + "\xe4"))
    with pytest.raises(InvalidJID):
        parse(pattern.format("x" * 200_000))


SPECIAL = st.sampled_from('@/.[]:-xn--\xdf\u03a3\u0130\u212a\uff21\u3002\u200d\u0308\ud800 "')
TEXTS = st.text(st.one_of(SPECIAL, st.characters(codec=None)), max_size=40)


@pytest.mark.spec("RFC 7622 §3.1")
@given(TEXTS | st.tuples(TEXTS, TEXTS, TEXTS).map(lambda parts: "{}@{}/{}".format(*parts)))
@example("\u0130@x")
@example("xn--a\u0308")
def test_any_text_is_an_address_that_stays_as_it_is_or_none(text: str) -> None:
    try:
        jid = parse(text)
    except InvalidJID:
        return
    assert parse(str(jid)) == jid
    assert (parse(jid.full).local, parse(jid.bare).bare) == (jid.local, jid.bare)
    assert jid.local == jid.local.lower()
    assert jid.domain == jid.domain.lower()
    assert hash(parse(jid.full)) == hash(jid)


LETTERS = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=12)


@pytest.mark.spec("RFC 7622 §3.2", "RFC 7622 §3.3", "RFC 7622 §3.4")
@given(local=LETTERS, domain=LETTERS, resource=LETTERS)
def test_case_does_not_matter_before_the_slash_and_does_behind_it(
    local: str, domain: str, resource: str
) -> None:
    try:
        jid = parse(f"{local}@{domain}.example/{resource}")
        capitals = parse(f"{local.upper()}@{domain.upper()}.EXAMPLE/{resource}")
    except InvalidJID:
        return
    if local.upper().lower() == local.lower():
        assert jid.local == capitals.local
    assert jid.resource == capitals.resource


ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


@given(ASCII | st.tuples(ASCII, ASCII, ASCII).map(lambda parts: "{}@{}/{}".format(*parts)))
def test_the_short_way_leads_where_the_long_one_does(text: str) -> None:
    """What a pattern lets pass is what PRECIS and IDNA make of it."""
    if (match := module._PLAIN.fullmatch(text)) is None:
        return
    local, domain, resource = match.groups("")
    if local:
        assert module._prepared_local(local) == local
    assert ".".join(module._u_label(label) for label in domain.split(".")) == domain
    if resource:
        assert module._enforced(module._OPAQUE, resource) == resource


def test_only_short_addresses_are_remembered() -> None:
    before = module._remembered.cache_info().currsize
    parse("juliet@example.com/" + "x" * 1_000)
    assert module._remembered.cache_info().currsize == before

"""vCard4 as RFC 6351 writes it, to and from the vcard-temp in which cards are kept (XEP-0292)."""

import base64
from collections.abc import Callable, Iterator
from typing import Final

from chatops.xmpp.elements import Element, add, local_name, make, namespace_of, parse, serialise
from chatops.xmpp.names import VCARD, VCARD4
from chatops.xmpp.vcards import Card, Photo, decoded, tag

# vcard-temp, vCard4, and what holds the value there
PLAIN: Final = (
    ("FN", "fn", "text"),
    ("NICKNAME", "nickname", "text"),
    ("BDAY", "bday", "date"),
    ("TITLE", "title", "text"),
    ("ROLE", "role", "text"),
    ("TZ", "tz", "text"),
    ("DESC", "note", "text"),
    ("NOTE", "note", "text"),
    ("PRODID", "prodid", "text"),
    ("REV", "rev", "timestamp"),
    ("UID", "uid", "uri"),
    ("URL", "url", "uri"),
)
# The parts of one property, each an element in both.
STRUCTURED: Final = {
    "N": (
        "n",
        (
            ("FAMILY", "surname"),
            ("GIVEN", "given"),
            ("MIDDLE", "additional"),
            ("PREFIX", "prefix"),
            ("SUFFIX", "suffix"),
        ),
    ),
    "ADR": (
        "adr",
        (
            ("POBOX", "pobox"),
            ("EXTADD", "ext"),
            ("STREET", "street"),
            ("LOCALITY", "locality"),
            ("REGION", "region"),
            ("PCODE", "code"),
            ("CTRY", "country"),
        ),
    ),
}
KINDS: Final = {
    "HOME": "home",
    "WORK": "work",
    "VOICE": "voice",
    "FAX": "fax",
    "PAGER": "pager",
    "MSG": "text",
    "CELL": "cell",
    "VIDEO": "video",
}
_PLAIN_TO_4 = {old: (new, value) for old, new, value in PLAIN}
_PLAIN_FROM_4 = {new: old for old, new, _ in reversed(PLAIN)}
_STRUCTURED_FROM_4 = {new: (old, parts) for old, (new, parts) in STRUCTURED.items()}
_KINDS_FROM_4 = {new: old for old, new in KINDS.items()}


def tag4(name: str) -> str:
    """The name of an element of vCard4."""
    return f"{{{VCARD4}}}{name}"


def write(card: Card, *, name: str) -> Element:
    """The card as vCard4; it needs a name, so `name` is used where it says none."""
    whole = parse(card.document)
    vcard = make(tag4("vcard"))
    if not whole.findtext(tag("FN")):
        add(add(vcard, tag4("fn")), tag4("text"), name)
    for each in whole:
        if namespace_of(each) == VCARD:
            _convert_to_4(vcard, each)
        elif namespace_of(each) == VCARD4:
            vcard.append(parse(serialise(each)))
    if card.photo is not None:
        text = base64.b64encode(card.photo.data).decode()
        add(add(vcard, tag4("photo")), tag4("uri"), f"data:{card.photo.type};base64,{text}")
    return vcard


def read(vcard: Element) -> Card:
    """A card from ``<vcard/>``. Raises BadRequest for a photo that is no base64."""
    card, photo = make(tag("vCard")), None
    for each in vcard:
        if namespace_of(each) != VCARD4:
            continue
        kind, values = local_name(each), list(_values(each))
        if kind == "photo" and values and values[0].startswith("data:"):
            head, _, data = values[0].partition(",")
            photo = photo or Photo(head[5:].partition(";")[0][:100], decoded(data))
        elif (convert := _FROM_4.get(kind)) is not None and values:
            convert(card, each, values)
        elif kind in _STRUCTURED_FROM_4:
            _structured_from_4(card, each)
        elif kind in _PLAIN_FROM_4 and values:
            add(card, tag(_PLAIN_FROM_4[kind]), values[0])
        else:  # vcard-temp has no such thing
            card.append(parse(serialise(each)))
    return Card(serialise(card).decode(), photo)


# To vCard4


def _convert_to_4(vcard: Element, old: Element) -> None:
    kind, text = local_name(old), (old.text or "").strip()
    if kind in _PLAIN_TO_4:
        name, value = _PLAIN_TO_4[kind]
        if text:
            add(add(vcard, tag4(name)), tag4(value), text)
    elif kind in STRUCTURED:
        name, parts = STRUCTURED[kind]
        new = add(vcard, tag4(name))
        _add_parameters(new, old)
        for part, to in parts:
            add(new, tag4(to), (old.findtext(tag(part)) or "").strip())
    elif kind in _TO_4:
        name, path, value, prefix = _TO_4[kind]
        found = (old.findtext(tag(path)) if path else old.text) or ""
        if found.strip():
            new = add(vcard, tag4(name))
            _add_parameters(new, old)
            add(new, tag4(value), prefix + found.strip())
    elif kind == "ORG":
        _list_to_4(vcard, "org", [*old.findall(tag("ORGNAME")), *old.findall(tag("ORGUNIT"))])
    elif kind == "CATEGORIES":
        _list_to_4(vcard, "categories", old.findall(tag("KEYWORD")))
    elif kind == "GEO" and (old.findtext(tag("LAT")) and old.findtext(tag("LON"))):
        place = f"geo:{old.findtext(tag('LAT'))},{old.findtext(tag('LON'))}"
        add(add(vcard, tag4("geo")), tag4("uri"), place)


# vCard4's name, the part of the old element with the value, the value's element, what precedes it
_TO_4: Final = {
    "TEL": ("tel", "NUMBER", "text", ""),
    "EMAIL": ("email", "USERID", "text", ""),
    "JABBERID": ("impp", "", "uri", "xmpp:"),
    "KEY": ("key", "CRED", "text", ""),
    "PHOTO": ("photo", "EXTVAL", "uri", ""),
    "LOGO": ("logo", "EXTVAL", "uri", ""),
    "SOUND": ("sound", "EXTVAL", "uri", ""),
}


def _list_to_4(vcard: Element, name: str, parts: list[Element]) -> None:
    texts = [part.text.strip() for part in parts if part.text and part.text.strip()]
    if texts:
        new = add(vcard, tag4(name))
        for text in texts:
            add(new, tag4("text"), text)


def _add_parameters(new: Element, old: Element) -> None:
    kinds = [KINDS[local_name(each)] for each in old if local_name(each) in KINDS]
    preferred = old.find(tag("PREF")) is not None
    if not kinds and not preferred:
        return
    parameters = add(new, tag4("parameters"))
    if kinds:
        types = add(parameters, tag4("type"))
        for kind in kinds:
            add(types, tag4("text"), kind)
    if preferred:
        add(add(parameters, tag4("pref")), tag4("integer"), "1")


# From vCard4


def _values(new: Element) -> Iterator[str]:
    for each in new:
        if local_name(each) != "parameters" and each.text and each.text.strip():
            yield each.text.strip()


def _mark_kinds(old: Element, new: Element) -> None:
    for each in new.findall(f"{tag4('parameters')}/{tag4('type')}/{tag4('text')}"):
        if each.text in _KINDS_FROM_4:
            add(old, tag(_KINDS_FROM_4[each.text]))
    if new.find(f"{tag4('parameters')}/{tag4('pref')}") is not None:
        add(old, tag("PREF"))


def _structured_from_4(card: Element, new: Element) -> None:
    name, parts = _STRUCTURED_FROM_4[local_name(new)]
    old = add(card, tag(name))
    _mark_kinds(old, new)
    for to, part in parts:
        if (found := new.findtext(tag4(part))) is not None:
            add(old, tag(to), found)


def _with_kinds(name: str, part: str, prefix: str = "") -> Callable[..., None]:
    def convert(card: Element, new: Element, values: list[str]) -> None:
        old = add(card, tag(name))
        _mark_kinds(old, new)
        add(old, tag(part), values[0].removeprefix(prefix))

    return convert


def _impp(card: Element, new: Element, values: list[str]) -> None:
    if values[0].startswith("xmpp:"):
        add(card, tag("JABBERID"), values[0].removeprefix("xmpp:"))
    else:
        card.append(parse(serialise(new)))


def _org(card: Element, new: Element, values: list[str]) -> None:
    org = add(card, tag("ORG"))
    add(org, tag("ORGNAME"), values[0])
    for unit in values[1:]:
        add(org, tag("ORGUNIT"), unit)


def _categories(card: Element, new: Element, values: list[str]) -> None:
    categories = add(card, tag("CATEGORIES"))
    for value in values:
        add(categories, tag("KEYWORD"), value)


def _geo(card: Element, new: Element, values: list[str]) -> None:
    latitude, _, longitude = values[0].removeprefix("geo:").partition(",")
    geo = add(card, tag("GEO"))
    add(geo, tag("LAT"), latitude)
    add(geo, tag("LON"), longitude.partition(";")[0])


_FROM_4: Final[dict[str, Callable[[Element, Element, list[str]], None]]] = {
    "tel": _with_kinds("TEL", "NUMBER", "tel:"),
    "email": _with_kinds("EMAIL", "USERID"),
    "key": _with_kinds("KEY", "CRED"),
    "photo": _with_kinds("PHOTO", "EXTVAL"),
    "logo": _with_kinds("LOGO", "EXTVAL"),
    "sound": _with_kinds("SOUND", "EXTVAL"),
    "impp": _impp,
    "org": _org,
    "categories": _categories,
    "geo": _geo,
}

"""Entity capabilities, XEP-0115 section 5: the verification string over what disco#info says."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

from chatops.xmpp.elements import Element
from chatops.xmpp.names import DATA, DISCO_INFO

HASHES: Final = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
FORM_TYPE: Final = "FORM_TYPE"

_IDENTITY, _FEATURE, _X = f"{{{DISCO_INFO}}}identity", f"{{{DISCO_INFO}}}feature", f"{{{DATA}}}x"
_FIELD, _VALUE = f"{{{DATA}}}field", f"{{{DATA}}}value"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class IllFormed(ValueError):
    """An answer over which no hash may be made (section 5.4)."""


def verification(info: Element, hash_name: str = "sha-1") -> str:
    """The `ver` of a disco#info ``<query/>``. Raises IllFormed, also for an unknown hash."""
    if hash_name not in HASHES:
        raise IllFormed(hash_name)
    text = "".join(f"{part}<" for part in _parts(info))
    digest = hashlib.new(HASHES[hash_name], text.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def identities_of(info: Element) -> list[tuple[str, str, str, str]]:
    """Category, type, language and name of each."""
    return [
        (
            each.get("category", ""),
            each.get("type", ""),
            each.get(_LANGUAGE, ""),
            each.get("name", ""),
        )
        for each in info.iterchildren(_IDENTITY)
    ]


def features_of(info: Element) -> list[str]:
    return [each.get("var", "") for each in info.iterchildren(_FEATURE)]


def _parts(info: Element) -> Iterable[str]:
    identities, features = identities_of(info), features_of(info)
    if len(set(identities)) < len(identities) or len(set(features)) < len(features):
        raise IllFormed("something is there twice")
    for identity in sorted(identities, key=lambda each: [part.encode() for part in each]):
        yield "/".join(identity)
    yield from sorted(features, key=str.encode)
    forms: dict[str, Element] = {}
    for form in info.iterchildren(_X):
        kind = _type_of(form)
        if kind is None:
            continue
        if kind in forms:
            raise IllFormed("two forms of one type")
        forms[kind] = form
    for kind in sorted(forms, key=str.encode):
        yield kind
        yield from _form_parts(forms[kind])


def _type_of(form: Element) -> str | None:
    """The form's type; None for a form that counts for nothing."""
    for field in form.iterchildren(_FIELD):
        if field.get("var") == FORM_TYPE:
            values = {value.text or "" for value in field.iterchildren(_VALUE)}
            if len(values) > 1:
                raise IllFormed("a form of two types")
            return values.pop() if values and field.get("type") == "hidden" else None
    return None


def _form_parts(form: Element) -> Iterable[str]:
    fields = {
        field.get("var", ""): field
        for field in form.iterchildren(_FIELD)
        if field.get("var") != FORM_TYPE
    }
    for var in sorted(fields, key=str.encode):
        yield var
        yield from sorted(
            (value.text or "" for value in fields[var].iterchildren(_VALUE)), key=str.encode
        )

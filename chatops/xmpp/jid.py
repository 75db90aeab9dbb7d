"""Addresses, RFC 7622: local part by UsernameCaseMapped, domain by IDNA2008, resource as it is.

What addresses mostly look like is ASCII in small letters, and takes a short way past the tables of
PRECIS (RFC 8264) and IDNA; what was read lately is remembered.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

import idna
from precis_i18n import get_profile
from precis_i18n.profile import Profile

LONGEST: Final = 1_023  # octets of each part, sections 3.2 to 3.4
# What maps to that much is never longer: no three octets become less than one.
LONGEST_UNMAPPED: Final = 3 * LONGEST
# So many addresses are remembered, none of them longer than that.
REMEMBERED: Final = 16_384
LONGEST_REMEMBERED: Final = 256

_USERNAME, _OPAQUE = get_profile("UsernameCaseMapped"), get_profile("OpaqueString")
_EXCLUDED: Final = frozenset("\"&'/:<>@")  # section 3.3.1
# An NR-LDH label of RFC 5890: others with such hyphens are A-labels, or nothing.
_LABEL: Final = r"(?!..--)[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PLAIN: Final = re.compile(
    rf"(?:([!#$%()*+,\-.0-9;=?\[\\\]^_`a-z{{|}}~]+)@)?({_DOMAIN.pattern})(?:/([ -~]+))?"
)
_A_LABEL: Final = "xn--"


class InvalidJID(ValueError):
    """That is not an address; says why."""


class JID:
    """An address as it is compared; made by `parse`. Parts that it does not have are ''."""

    # A frozen dataclass would take four times as long to make.
    __slots__ = ("bare", "domain", "full", "local", "resource")

    def __init__(self, local: str, domain: str, resource: str) -> None:
        self.local: Final = local
        self.domain: Final = domain
        self.resource: Final = resource
        self.bare: Final = f"{local}@{domain}" if local else domain
        self.full: Final = f"{self.bare}/{resource}" if resource else self.bare

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, JID) and self.full == other.full)

    def __hash__(self) -> int:
        return hash(self.full)

    def __str__(self) -> str:
        return self.full

    def __repr__(self) -> str:
        return f"JID({self.full!r})"


def parse(text: str | None) -> JID:
    """The address that `text` spells. Raises InvalidJID, also for nothing at all."""
    if not text:
        raise InvalidJID("There is no address.")
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _read(text)


def _read(text: str) -> JID:
    """Section 3.1: cut at the first / and at the first @ before it."""
    plain = _PLAIN.fullmatch(text) if len(text) <= LONGEST else None
    if plain is not None:
        return JID(*plain.groups(""))
    front, slash, resource = text.partition("/")
    local, at, domain = front.partition("@")
    if not at:
        local, domain = "", front
    if (at and not local) or (slash and not resource):
        raise InvalidJID("A part of the address is empty.")
    return JID(
        _prepared_local(local) if local else "",
        _prepared_domain(domain),
        _enforced(_OPAQUE, resource) if resource else "",  # section 3.4
    )


_remembered = lru_cache(REMEMBERED)(_read)


def in_ascii(domain: str) -> str:
    """A domain as DNS, certificates and web addresses spell it (A-labels, RFC 5890)."""
    if domain.isascii():
        return domain
    return ".".join(idna.alabel(label).decode() for label in domain.split("."))


def _prepared_local(text: str) -> str:
    """Section 3.3: UsernameCaseMapped (RFC 8265 section 3.3), without what would be ambiguous."""
    local = _enforced(_USERNAME, text)
    if not _EXCLUDED.isdisjoint(local):
        raise InvalidJID("A local part has none of \" & ' / : < > @.")
    return local


def _enforced(profile: Profile, text: str) -> str:
    if len(text) > LONGEST_UNMAPPED:
        raise InvalidJID("A part of the address is too long.")
    try:
        enforced = profile.enforce(text)
    except UnicodeError as error:
        raise InvalidJID("A part of the address has a character that it must not have.") from error
    return _measured(enforced)


def _measured(text: str) -> str:
    if len(text.encode()) > LONGEST:
        raise InvalidJID("A part of the address is too long.")
    return text


@lru_cache(1_024)
def _prepared_domain(text: str) -> str:
    """Section 3.2: a name in the letters of IDNA2008, as UTS 46 maps it, or an IP literal."""
    if len(text) > LONGEST:
        raise InvalidJID("The domain is too long.")
    if text.startswith("["):
        return _ip_literal(text)
    domain = text.lower().removesuffix(".")
    if _DOMAIN.fullmatch(domain) is None:
        try:
            mapped = idna.uts46_remap(text).removesuffix(".")
            domain = ".".join(_u_label(label) for label in mapped.split("."))
        except ValueError as error:  # mostly an idna.IDNAError
            raise InvalidJID("That is not a domain.") from error
    return _measured(domain)


def _u_label(label: str) -> str:
    """Raises ValueError."""
    unicode_label = idna.ulabel(label) if label.startswith(_A_LABEL) else label
    idna.alabel(unicode_label)  # with all checks, and its length
    if idna.uts46_remap(unicode_label) != unicode_label:
        raise idna.IDNAError("An A-label for what is written in another way.")
    return unicode_label


def _ip_literal(text: str) -> str:
    """An IPv6 address in brackets (RFC 3986 section 3.2.2), without a zone."""
    try:
        address = IPv6Address(text[1:].removesuffix("]"))
    except AddressValueError as error:
        raise InvalidJID("That is not an IPv6 address.") from error
    if address.scope_id is not None or not text.endswith("]"):
        raise InvalidJID("That is not an IPv6 address in brackets.")
    return f"[{address.compressed}]"

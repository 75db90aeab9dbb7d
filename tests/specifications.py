"""What the tests may prove: the RFCs with those sections that bind a server, and the XEPs.

The XEPs that are announced, and how far they are supported, are the registry's. Those that others
are made of (forms, paging) are named by the modules that hold them.
"""

import ast
import re
from dataclasses import dataclass, field
from functools import cache

from chatops.console.management.commands.features import rows
from tests.service import ROOT

SPEC = re.compile(r"(RFC \d{4}|XEP-\d{4})(?: (?:§|Appendix )([0-9A-Z]+(?:\.\d+)*))?\Z")
_TITLES = re.compile(r"(?:\A|, and )([^,:.(]+), (XEP-\d{4})")
BUILT_IN = "as far as others need it"


@dataclass(frozen=True)
class Specification:
    """An RFC or XEP; `sections` are those that a server has to follow, by number."""

    name: str
    title: str
    level: str = "complete"
    note: str = ""
    sections: dict[str, str] = field(default_factory=dict)

    @property
    def link(self) -> str:
        if self.name.startswith("RFC "):
            return f"https://www.rfc-editor.org/rfc/rfc{self.name[4:]}"
        return f"https://xmpp.org/extensions/{self.name.lower()}.html"

    def section_of(self, number: str) -> str:
        """The listed section that this number belongs to; itself where none is listed."""
        while number and number not in self.sections:
            shorter = number.rpartition(".")[0]
            if not shorter:
                break
            number = shorter
        return number


def _rfc(number: int, title: str, **sections: str) -> Specification:
    numbered = {key.lstrip("s").replace("_", "."): value for key, value in sections.items()}
    return Specification(f"RFC {number}", title, sections=numbered)


RFCS = [
    _rfc(
        6120,
        "XMPP: core",
        s4_2="Opening a stream",
        s4_3="Stream negotiation",
        s4_4="Closing a stream",
        s4_6="Silent peers",
        s4_7="Stream attributes",
        s4_8="Namespaces",
        s4_9="Stream errors",
        s5="STARTTLS",
        s6="SASL",
        s7="Resource binding",
        s8_1="Attributes of stanzas",
        s8_2="IQ semantics",
        s8_3="Stanza errors",
        s10="Routing",
        s11="XML usage",
        s13_12="Denial of service",
    ),
    _rfc(
        6121,
        "XMPP: instant messaging and presence",
        s2_1="Syntax of the roster",
        s2_2="Retrieving the roster",
        s2_3="Adding a contact",
        s2_4="Changing a contact",
        s2_5="Removing a contact",
        s2_6="Roster versions",
        s3_1="Asking for a subscription",
        s3_2="Cancelling a subscription",
        s3_3="Unsubscribing",
        s3_4="Pre-approval",
        s4_2="Initial presence",
        s4_3="Probes",
        s4_4="Later presence",
        s4_5="Unavailable presence",
        s4_6="Directed presence",
        s4_7="Syntax of presence",
        s5_2="Syntax of messages",
        s8_1="Rules that hold for all stanzas",
        s8_2="Stanzas without an address",
        s8_3="Stanzas to other domains",
        s8_4="Stanzas to the service itself",
        s8_5_1="Stanzas to an account that is not there",
        s8_5_2="Stanzas to an account",
        s8_5_3="Stanzas to a device",
        s8_5_4="Table of message delivery",
        A="States of subscriptions",
    ),
    _rfc(
        7395,
        "XMPP over WebSocket",
        s3_1="Handshake",
        s3_3="Framing",
        s3_4="Opening a stream",
        s3_5="Stream errors",
        s3_6="Closing",
        s3_7="Stream restarts",
        s3_8="Pings and keepalives",
    ),
    _rfc(
        7590,
        "TLS in XMPP",
        s3_1="Support for TLS",
        s3_2="Compression",
        s3_4="Authenticated connections",
    ),
    _rfc(
        7622,
        "XMPP addresses",
        s3_1="Addresses as a whole",
        s3_2="Domains",
        s3_3="Local parts",
        s3_4="Resources",
    ),
    _rfc(3921, "The session request of older clients"),
    _rfc(4616, "SASL PLAIN"),
    _rfc(5122, "XMPP URIs"),
    _rfc(5802, "SCRAM"),
    _rfc(5929, "Channel bindings for TLS"),
    _rfc(6415, "Host metadata"),
    _rfc(7677, "SCRAM-SHA-256"),
    _rfc(9266, "Channel bindings for TLS 1.3"),
]

# Named by tests, while no module of their own opens with their name.
OTHER_XEPS = {
    "XEP-0009": "Remote procedure calls",
    "XEP-0071": "XHTML-IM",
    "XEP-0080": "User location",
    "XEP-0082": "Dates and times",
    "XEP-0106": "Escaped addresses",
    "XEP-0128": "Extensions of discovery",
    "XEP-0131": "Headers",
    "XEP-0178": "Certificates in SASL",
    "XEP-0297": "Forwarding",
    "XEP-0398": "User avatar to vCard-based avatars conversion",
}


@cache
def specifications() -> dict[str, Specification]:
    """All of them, by name, the RFCs first."""
    xeps = {name: Specification(name, title, BUILT_IN) for name, title in OTHER_XEPS.items()}
    xeps |= {name: Specification(name, title, BUILT_IN) for name, title in _of_modules().items()}
    for row in rows():
        known = xeps.get(row.spec)
        if known is None or known.level == BUILT_IN or row.level == "partial":
            xeps[row.spec] = Specification(row.spec, row.title, row.level, row.note)
    return {rfc.name: rfc for rfc in RFCS} | dict(sorted(xeps.items()))


def announced() -> set[str]:
    """The XEPs that the registry has."""
    return {row.spec for row in rows()}


def _of_modules() -> dict[str, str]:
    """What modules that are no features say that they hold: "Data forms, XEP-0004: …"."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "chatops").rglob("*.py")):
        opening = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0]
        for title, name in _TITLES.findall(opening.replace("\n", " ")):
            found.setdefault(name, title[:1].upper() + title[1:])
    return found

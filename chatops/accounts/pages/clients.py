"""What somebody who is new here needs to connect: programs, addresses, codes to scan."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from chatops.core.addresses import read_addresses


@dataclass(frozen=True, slots=True)
class Program:
    """A client that knows invitations and what a service of today offers."""

    name: str
    system: str
    url: str


PROGRAMS = (
    Program("Conversations", "Android", "https://conversations.im/"),
    Program("Monal", "iPhone, iPad, Mac", "https://monal-im.org/"),
    Program("Gajim", "Windows, Linux", "https://gajim.org/"),
    Program("Dino", "Linux", "https://dino.im/"),
)
# What a browser says of itself, and the system as we call it; the first that fits counts.
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Macintosh", "Mac"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Recommended:
    """Programs for the system one is looking with, and the others."""

    system: str
    here: Sequence[Program]
    elsewhere: Sequence[Program]


def recommended(user_agent: str) -> Recommended:
    """XEP-0379 section 3.3: fitting ones first."""
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    here = [each for each in PROGRAMS if system and system in each.system]
    return Recommended(system, here, [each for each in PROGRAMS if each not in here])


def code(uri: str) -> SafeString:
    """A QR code as an SVG element, dark on light whatever the page's colours."""
    svg = segno.make(uri, error="m", micro=False).svg_inline(
        scale=5, border=3, dark="#111827", light="#fff", title="QR code", omitsize=True
    )
    return mark_safe(svg)  # noqa: S308 - segno draws paths; the text is not in it


def ports() -> dict[str, str]:
    """Where clients that ask for it connect to; "" where there is no such door."""
    return {
        "starttls": _port(settings.CHATOPS_C2S),
        "tls": _port(settings.CHATOPS_C2S_TLS),
        "websocket": settings.CHATOPS_PUBLIC_URL
        and f"ws{settings.CHATOPS_PUBLIC_URL.removeprefix('http')}/xmpp-websocket",
    }


def _port(door: str) -> str:
    """Of the first of its addresses."""
    return "".join(str(each.port) for each in read_addresses(door)[:1])

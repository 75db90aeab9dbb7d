"""What a client asks of its BOSH session, within what the settings allow: XEP-0124 section 7."""

import re
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from chatops.xmpp.wrapper import Body

XML = "text/xml; charset=utf-8"
CONTENT = re.compile(r"[\w.+-]+/[\w.+-]+(; ?charset=utf-8)?", re.ASCII | re.IGNORECASE)
VERSION = (1, 11)


@dataclass(frozen=True, slots=True)
class Terms:
    """Agreed on with the first request, for the whole session."""

    wait: int  # seconds
    hold: int  # requests
    polls: bool  # nothing waits (section 12)
    acks: bool  # it says which answers it has (section 9)
    content: str
    ver: str | None  # None: a client from before such versions

    @classmethod
    def agreed(cls, body: Body) -> Self:
        longest, most = settings.CHATOPS_BOSH_WAIT_SECONDS, settings.CHATOPS_BOSH_MAX_HOLD
        wait = longest if body.wait is None else min(body.wait, longest)
        hold = min(1 if body.hold is None else body.hold, most)
        polls = not (wait and hold)
        return cls(
            wait=wait,
            hold=0 if polls else hold,
            polls=polls,
            acks=body.ack is not None,
            content=body.content if CONTENT.fullmatch(body.content) else XML,
            ver=_lower(body.ver),
        )

    @property
    def requests(self) -> int:
        """So many may be under way at a time."""
        return self.hold + 1

    @property
    def inactivity(self) -> int:
        """So many seconds it may have none under way."""
        return int(settings.CHATOPS_BOSH_INACTIVITY_SECONDS) * (2 if self.polls else 1)

    def told(self, rid: int) -> dict[str, str | int | None]:
        """As attributes of the answer to the first request, of that number (section 7.2)."""
        return {
            "wait": self.wait,
            "hold": self.hold,
            "requests": self.requests,
            "inactivity": self.inactivity,
            "polling": settings.CHATOPS_BOSH_POLLING_SECONDS,
            "maxpause": settings.CHATOPS_BOSH_MAX_PAUSE_SECONDS or None,
            "ack": rid if self.acks else None,
            "ver": self.ver,
            "from_": settings.CHATOPS_DOMAIN,
            "xmpp_version": "1.0",
            "xmpp_restartlogic": "true",
        }


def _lower(ver: str) -> str | None:
    """The version both speak: numbers, not decimals."""
    major, _, minor = ver.partition(".")
    if not (ver.isascii() and major.isdecimal() and minor.isdecimal() and len(ver) < 10):
        return None
    return "{}.{}".format(*min(VERSION, (int(major), int(minor))))

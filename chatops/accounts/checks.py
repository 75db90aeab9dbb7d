"""What is often set wrongly, told when the service starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from chatops.xmpp.jid import InvalidJID, parse

FEWEST_ITERATIONS = 4096  # RFC 7677 section 4
HASHER = "chatops.accounts.hashers.ScramPasswordHasher"


def check_accounts(**kwargs: Any) -> list[CheckMessage]:
    """The domain, and what passwords are kept with."""
    found: list[CheckMessage] = []
    domain = settings.CHATOPS_DOMAIN
    if not _is_domain(domain):
        found.append(
            Error(
                f"CHATOPS_DOMAIN is {domain!r}, which cannot be the domain of an XMPP address.",
                hint="Set it to a name such as example.org, as it is compared: in small letters.",
                id="accounts.E001",
            )
        )
    if settings.PASSWORD_HASHERS[:1] != [HASHER]:
        found.append(
            Error(
                "The first of PASSWORD_HASHERS must be the one that keeps SCRAM records.",
                hint=f"Put {HASHER} first, or nobody can log in with a client.",
                id="accounts.E002",
            )
        )
    if settings.CHATOPS_SCRAM_ITERATIONS < FEWEST_ITERATIONS:
        found.append(
            Warning(
                f"CHATOPS_SCRAM_ITERATIONS is {settings.CHATOPS_SCRAM_ITERATIONS}.",
                hint=f"RFC 7677 asks for {FEWEST_ITERATIONS} at least, and clients may insist.",
                id="accounts.W001",
            )
        )
    return found


def _is_domain(text: str) -> bool:
    try:
        jid = parse(text)
    except InvalidJID:
        return False
    return bool(text) and jid.domain == text and not jid.local and not jid.resource

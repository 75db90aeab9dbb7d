"""What is often set wrongly, told when the service starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from chatops.bridge.handlers.xep_0215 import read_services


def check_external_services(**kwargs: Any) -> list[CheckMessage]:
    """The STUN and TURN servers that clients are told of."""
    try:
        read_services(settings.CHATOPS_EXTERNAL_SERVICES)
    except ValueError as error:
        return [
            Error(
                f"CHATOPS_EXTERNAL_SERVICES: {error}",
                hint="Write URIs as RFC 7064 and 7065 have them, with blanks between.",
                id="bridge.E001",
            )
        ]
    return []

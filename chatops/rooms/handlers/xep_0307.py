"""Unique room names, XEP-0307: a name that no room has, to make a new one with."""

import secrets

from chatops.core.features import Feature, IqRequest
from chatops.rooms.handlers.xep_0045 import conference
from chatops.xmpp.elements import Element, make
from chatops.xmpp.names import MUC_UNIQUE

unique = Feature("XEP-0307", (MUC_UNIQUE,), at=(conference.host,))


@unique.iq("get", f"{{{MUC_UNIQUE}}}unique")
async def name_a_room(request: IqRequest) -> Element:
    """Section 2: too long to have been used, or to be guessed."""
    return make(f"{{{MUC_UNIQUE}}}unique", secrets.token_hex(16))

"""SASL Channel-Binding Type Capability, XEP-0440, and SASL SCRAM Downgrade Protection, XEP-0474.

The latter is a hash over both lists in the challenge: `Offer.digest`.
"""

from chatops.core.features import Feature
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.names import SASL_CB
from chatops.xmpp.sasl.scram import Offer

types = Feature("XEP-0440", (), at=())
downgrades = Feature("XEP-0474", (), at=())


def announce(offer: Offer) -> Element:
    """The stream feature (XEP-0440 section 2)."""
    feature = make(f"{{{SASL_CB}}}sasl-channel-binding")
    for type_ in offer.bindings:
        add(feature, f"{{{SASL_CB}}}channel-binding", type=type_)
    return feature

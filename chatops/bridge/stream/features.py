"""Stream features, RFC 6120 section 4.3.2."""

from lxml import etree

from chatops.bridge.stream import bindings, management, sasl2
from chatops.core.features import registry
from chatops.xmpp.elements import Element, add
from chatops.xmpp.names import BIND, SASL, SESSION, STREAM, TLS
from chatops.xmpp.sasl.scram import Offer


def _features() -> Element:
    return etree.Element(f"{{{STREAM}}}features", nsmap={"stream": STREAM})


def first_features(
    *, tls: bool, tls_required: bool, offer: Offer, secure: bool, managed: bool
) -> Element:
    """Before authentication: encryption, and the mechanisms that this connection may use."""
    features = _features()
    if tls:
        starttls = add(features, f"{{{TLS}}}starttls")
        if tls_required:
            add(starttls, f"{{{TLS}}}required")
    if offer.mechanisms:
        offered = add(features, f"{{{SASL}}}mechanisms")
        for mechanism in offer.mechanisms:
            add(offered, f"{{{SASL}}}mechanism", mechanism)
        features.append(sasl2.announce(offer.mechanisms, managed=managed))
    if offer.bindings:
        features.append(bindings.announce(offer))
    for build in registry.first_stream_features:
        feature = build(secure)
        if feature is not None:
            features.append(feature)
    return features


def bound_features(*, bound: bool, managed: bool) -> Element:
    """After authentication: a resource, what manages the stream, and what features have added.

    What has been done with the authentication (XEP-0386) is not on offer again: xmpp.js does it.
    """
    features = _features()
    if not bound:
        add(features, f"{{{BIND}}}bind")
        add(add(features, f"{{{SESSION}}}session"), f"{{{SESSION}}}optional")
    if managed:
        features.append(management.announce())
    features.extend(build() for build in registry.stream_features)
    return features

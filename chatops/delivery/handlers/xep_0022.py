"""Message events, XEP-0022, of older clients.

The service answers ``<offline/>`` itself; delivered and displayed are written down where they pass
(`delivery.policies`).
"""

from chatops.core.features import ACCOUNT, DOMAIN, Feature
from chatops.xmpp.names import EVENTS

events = Feature("XEP-0022", (EVENTS,), at=(DOMAIN, ACCOUNT))

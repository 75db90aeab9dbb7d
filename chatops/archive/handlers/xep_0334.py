"""Message processing hints, XEP-0334: heeded by archives, queues and carbons.

`archive.policies` and `bridge.policies` do what the hints say.
"""

from chatops.core.features import ACCOUNT, DOMAIN, Feature
from chatops.xmpp.names import HINTS

hints = Feature("XEP-0334", (HINTS,), at=(DOMAIN, ACCOUNT))

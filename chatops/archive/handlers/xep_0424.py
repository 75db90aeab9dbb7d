"""Message retraction, XEP-0424: archives keep the retraction, and a tombstone of what it took back.

`archive.policies.retract` does it for what people send each other, rooms for what is said in them.
"""

from chatops.core.features import ACCOUNT, DOMAIN, Feature
from chatops.xmpp.names import RETRACT

retraction = Feature("XEP-0424", (RETRACT, f"{RETRACT}#tombstone"), at=(DOMAIN, ACCOUNT))

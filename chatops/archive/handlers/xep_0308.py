"""Last message correction, XEP-0308: between clients; archives keep both, the old and the new.

Whether a client understands corrections is for itself to announce.
"""

from chatops.core.features import Feature

correction = Feature("XEP-0308")

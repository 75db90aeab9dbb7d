"""MUC activity indicator, XEP-0502: how many messages an hour a public room has.

Counted in `rooms.directory`, told with the rest of what disco says of a room (`xep_0045`).
"""

from chatops.core.features import Feature

activity = Feature("XEP-0502", (), at=())

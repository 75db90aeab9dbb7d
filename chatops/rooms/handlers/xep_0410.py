"""Am I still in the room, XEP-0410: a ping to one's own nickname, which the room answers.

All requests between occupants pass `xep_0045.relaying`, so there it is answered.
"""

from chatops.core.features import Feature
from chatops.rooms.handlers.xep_0045 import conference
from chatops.xmpp.names import MUC

self_ping = Feature("XEP-0410", (f"{MUC}#self-ping-optimization",), at=(conference.node,))

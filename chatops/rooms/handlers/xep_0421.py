"""Anonymous unique occupant identifiers, XEP-0421: who somebody is, under whichever nickname.

Made in `rooms.occupants`; each presence (`rooms.inside`) and each message (`xep_0045.messages`,
`xep_0045.whispers`) has it, live, in the history and in the archive.
"""

from chatops.core.features import Feature
from chatops.rooms.handlers.xep_0045 import conference
from chatops.xmpp.names import OCCUPANT_ID

ids = Feature("XEP-0421", (OCCUPANT_ID,), at=(conference.host, conference.node))

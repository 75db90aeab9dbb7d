"""vCard-based avatars, XEP-0153: presence tells the hash of the photo.

Clients that say nothing of photos in their presence get the hash of their owner's added, so that
an avatar set with one client, or in the browser, is seen whichever client is used.
"""

from chatops.accounts.services.vcards import AvatarChanged
from chatops.contacts.presences import PACKED, available, broadcast, roster_of
from chatops.contacts.rosters import CachedRoster, rosters
from chatops.core.features import Feature
from chatops.core.live import hears
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, add
from chatops.xmpp.names import VCARD_UPDATE
from chatops.xmpp.stanzas import Packed

UPDATE, PHOTO = f"{{{VCARD_UPDATE}}}x", f"{{{VCARD_UPDATE}}}photo"
# Noted on a session: its client leaves it to the service to tell of the photo.
LEFT_TO_US = "avatar is told by the service"

avatars = Feature("XEP-0153", (), at=())


def tell_photo(session: Session, presence: Element, roster: CachedRoster) -> None:
    """Complete available presence of a session before it is passed on (section 3.2)."""
    session.notes.pop(LEFT_TO_US, None)
    if presence.find(UPDATE) is None:
        session.notes[LEFT_TO_US] = True
        if roster.avatar:
            add(add(presence, UPDATE), PHOTO, roster.avatar)


@hears(AvatarChanged)
async def hear_of_photo(news: AvatarChanged) -> None:
    """Those who see its owner hear of the new hash; an empty one says that there is no photo."""
    roster = rosters.known(news.bare)
    if roster is None or roster.avatar == news.hash:
        return
    roster.avatar = news.hash
    for session in available(news.bare):
        presence, held = session.presence, roster_of(session)
        if presence is None or held is None or LEFT_TO_US not in session.notes:
            continue
        for old in presence.findall(UPDATE):
            presence.remove(old)
        add(add(presence, UPDATE), PHOTO, news.hash)
        session.notes[PACKED] = Packed.pack(presence)
        broadcast(session, session.notes[PACKED], held)

"""All sessions of this node, by account, by full JID and by what they are resumed with."""

from collections import OrderedDict
from collections.abc import Collection

from chatops.bridge.sessions import LiveSession
from chatops.xmpp.jid import JID

REMEMBERED = 10_000  # sessions that are over, for those who still want to resume them


class SessionTable:
    """Who is logged in here."""

    def __init__(self) -> None:
        self._by_bare: dict[str, dict[str, LiveSession]] = {}
        self._resumable: dict[str, LiveSession] = {}
        self._over: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def of(self, bare: str) -> Collection[LiveSession]:
        found = self._by_bare.get(bare)
        return found.values() if found else ()

    def get(self, jid: JID) -> LiveSession | None:
        found = self._by_bare.get(jid.bare)
        return found.get(jid.resource) if found else None

    def all(self) -> list[LiveSession]:
        return [session for found in self._by_bare.values() for session in found.values()]

    def add(self, session: LiveSession) -> None:
        self._by_bare.setdefault(session.bare, {})[session.jid.resource] = session

    def remove(self, session: LiveSession) -> None:
        found = self._by_bare.get(session.bare, {})
        if found.get(session.jid.resource) is session:
            del found[session.jid.resource]
            if not found:
                del self._by_bare[session.bare]
        if self._resumable.pop(session.resumption_id, None) is not None:
            self._over[session.resumption_id] = (session.user_id, session.handled)
            if len(self._over) > REMEMBERED:
                self._over.popitem(last=False)

    def let_resume(self, session: LiveSession) -> None:
        self._resumable[session.resumption_id] = session

    def resumable(self, resumption_id: str) -> LiveSession | None:
        return self._resumable.get(resumption_id)

    def handled_before_end(self, resumption_id: str, user_id: int) -> int | None:
        """The last `h` of that person's session, which is over; None where nobody remembers."""
        owner, handled = self._over.get(resumption_id, (None, 0))
        return handled if owner == user_id else None

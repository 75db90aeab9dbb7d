"""How many connections there may be: from one address, and without a login."""

from collections import Counter

from chatops.core.addresses import LOOPBACK, network_of
from chatops.core.limits import Limit
from chatops.xmpp.errors import StreamFault

PER_ADDRESS = Limit(
    "CHATOPS_MAX_CONNECTIONS_PER_ADDRESS",
    "connections",
    "Open connections from one network address (of IPv6, from one /64 network).",
    "policy-violation",
)
WAITING = Limit(
    "CHATOPS_MAX_CONNECTIONS_WAITING",
    "connections",
    "Open connections, of all addresses together, on which nobody has logged in yet.",
    "resource-constraint",
)


class Ticket:
    """One connection's place; given back once."""

    def __init__(self, admission: "Admission", network: str) -> None:
        self._admission, self._network = admission, network
        self._waiting = self._inside = True

    def logged_in(self) -> None:
        """It waits no longer."""
        if self._waiting:
            self._waiting = False
            self._admission.waiting -= 1

    def leave(self) -> None:
        """The connection is closed."""
        self.logged_in()
        if self._inside:
            self._inside = False
            self._admission.leave(self._network)


class Admission:
    """The connections that are open, through whichever door they came."""

    def __init__(self) -> None:
        self.waiting = 0
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> Ticket:
        """A new connection. Raises StreamFault where there are too many."""
        network = network_of(address)
        # A proxy on this machine brings everybody's connections.
        if network != LOOPBACK and PER_ADDRESS.is_exceeded_by(self._open[network] + 1):
            raise StreamFault("policy-violation", "Too many connections from your address.")
        if WAITING.is_exceeded_by(self.waiting + 1):
            raise StreamFault("resource-constraint", "Too many are logging in; try again later.")
        self._open[network] += 1
        self.waiting += 1
        return Ticket(self, network)

    def leave(self, network: str) -> None:
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]


admission = Admission()

"""How often one network address may try something, whichever door it knocks at.

Each process counts for itself, in bounded memory: one number for each address.
"""

import threading
import time
from collections import OrderedDict

from chatops.core.addresses import LOOPBACK, network_of
from chatops.core.limits import Limit
from chatops.xmpp.errors import Condition, Overloaded, Refused

REMEMBERED = 20_000
HOUR = 3_600.0


class TooManyAttempts(Refused):
    """There were too many attempts from your network; try again later."""

    condition, type = Condition.POLICY_VIOLATION, "wait"


class TooManyAccounts(Overloaded):
    """Enough accounts were made from your network for now; try again later."""


class Allowance:
    """So many an hour for each address: all at once if they like, then one by one as time passes.

    What is kept of an address is the moment at which its allowance is whole again.
    """

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._whole_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Use one up; False where none is left."""
        if not self.limit.value:
            return True
        key, now, each = _place(address), time.monotonic(), HOUR / self.limit.value
        with self._lock:
            whole_at = max(self._whole_at.get(key, 0.0), now)
            if whole_at - now > HOUR - each:
                self.limit.hit()
                return False
            self._whole_at[key] = whole_at + each
            self._whole_at.move_to_end(key)
            if len(self._whole_at) > REMEMBERED:
                self._whole_at.popitem(last=False)
        return True

    def forget(self) -> None:
        """Everybody's allowance is whole again."""
        with self._lock:
            self._whole_at.clear()

    def has_some(self, address: str) -> bool:
        """Whether one is left."""
        if not self.limit.value:
            return True
        now, each = time.monotonic(), HOUR / self.limit.value
        if self._whole_at.get(_place(address), 0.0) - now <= HOUR - each:
            return True
        self.limit.hit()
        return False


def _place(address: str) -> str:
    """What counts as one; also on this machine each address by itself."""
    network = network_of(address)
    return address if network == LOOPBACK else network


ATTEMPTS = Allowance(
    Limit(
        "CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR",
        "attempts an hour",
        "Requests to register, to see a riddle or to use an invitation, from one network address.",
        "policy-violation",
    )
)
ACCOUNTS = Allowance(
    Limit(
        "CHATOPS_REGISTRATIONS_PER_HOUR",
        "accounts an hour",
        "Accounts made without an invitation from one network address.",
        "resource-constraint",
    )
)
FAILED_LOGINS = Allowance(
    Limit(
        "CHATOPS_WEB_LOGIN_FAILURES_PER_HOUR",
        "failures an hour",
        "Wrong passwords typed into pages, from one network address.",
        "429",
    )
)


def count_attempt(address: str) -> None:
    """Raises TooManyAttempts."""
    if not ATTEMPTS.take(address):
        raise TooManyAttempts


def must_have_room_for_account(address: str) -> None:
    """Raises TooManyAccounts."""
    if not ACCOUNTS.has_some(address):
        raise TooManyAccounts

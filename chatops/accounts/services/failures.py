"""Logins that fail: who guesses waits longer and longer, and administrators see it.

Each process counts the guesses of its own doors, in bounded memory.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from chatops.accounts.models import FailedLogin, User
from chatops.accounts.services import doorkeeper
from chatops.audit.services import Actor, record
from chatops.core.addresses import LOOPBACK, network_of
from chatops.core.limits import Limit

REMEMBERED = 20_000
NETWORK = 10  # accounts that may mistype behind one address before it has to wait as a whole
FIRST_PAUSE = 0.01
FREE = Limit(
    "CHATOPS_AUTH_FREE_FAILURES",
    "failures",
    "Wrong passwords in a row, of one account or from one address, until pauses begin; "
    "0: no pauses.",
    "not-authorized",
)
LOCK = Limit(
    "CHATOPS_AUTH_LOCK_SECONDS",
    "seconds",
    "The longest time for which no further password of an account is looked at from an address "
    "that sent wrong ones: 1 s at first, twice as long each time.",
    "temporary-auth-failure",
)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tried to log in as whom, and how."""

    account: str  # a user name, or "" for what can be none
    address: str
    door: str
    mechanism: str = ""


class Guesses:
    """Wrong passwords by account, by address, and by both.

    Whoever knows the password is not kept waiting by those elsewhere who guess it.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[Key, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def failed(self, attempt: Attempt) -> None:
        """The password was wrong."""
        now = time.monotonic()
        with self._lock:
            for key in _keys(attempt):
                self._failures[key] = (self._count(key, now)[0] + 1, now)
                self._failures.move_to_end(key)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, attempt: Attempt) -> None:
        """It was right: that account begins anew, its address does not."""
        with self._lock:
            for key in _keys(attempt):
                if key[1]:
                    self._failures.pop(key, None)

    def locked_for(self, attempt: Attempt) -> float:
        """Seconds for which no password is looked at, right or wrong; 0 for who may try.

        A proxy on this machine brings everybody: its address locks nobody out.
        """
        network = network_of(attempt.address)
        if not FREE.value or network == LOOPBACK:
            return 0.0
        now, left = time.monotonic(), 0.0
        for key, free in (
            ((network, attempt.account), FREE.value),
            ((network, ""), FREE.value * NETWORK),
        ):
            count, last = self._count(key, now)
            if count >= free:
                pause = min(float(LOCK.value), 2.0 ** min(count - free, 30))
                left = max(left, last + pause - now)
        if left:
            LOCK.hit()
        return left

    def pause(self, attempt: Attempt) -> float:
        """Seconds until somebody hears that he failed: doubles up to the setting."""
        now = time.monotonic()
        worst = max(self._count(key, now)[0] for key in _keys(attempt))
        if not FREE.value or worst <= FREE.value:
            return 0.0
        FREE.hit()
        longest = settings.CHATOPS_AUTH_PAUSE_MILLISECONDS / 1000
        return float(min(longest, FIRST_PAUSE * 2.0 ** min(worst - FREE.value - 1, 30)))

    def forget(self) -> None:
        """Everybody begins anew."""
        with self._lock:
            self._failures.clear()

    def _count(self, key: Key, now: float) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        return (count, last) if now - last < settings.CHATOPS_AUTH_FORGET_SECONDS else (0, 0.0)


def _keys(attempt: Attempt) -> tuple[Key, Key, Key]:
    """The address and the account together, the address, the account."""
    network = network_of(attempt.address)
    return (network, attempt.account), (network, ""), ("", attempt.account)


guesses = Guesses()


def may_not_try(attempt: Attempt) -> bool:
    """Whether a page does not look at the password because too many wrong ones came."""
    return not doorkeeper.FAILED_LOGINS.has_some(attempt.address) or guesses.locked_for(attempt) > 0


def fail(attempt: Attempt) -> None:
    """A page has got a wrong password."""
    if attempt.address:
        doorkeeper.FAILED_LOGINS.take(attempt.address)
        guesses.failed(attempt)
    note_failed_logins({attempt: 1})


@transaction.atomic
def note_failed_logins(attempts: Mapping[Attempt, int]) -> None:
    """Add so many failures of each kind to their hours; the first of an hour is audited.

    What was typed for a name is not kept where it is no account: too often it is the password.
    """
    names = {attempt.account for attempt in attempts}
    people = {user.username: user for user in User.objects.filter(username__in=names)}
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    for attempt, count in attempts.items():
        user = people.get(attempt.account)
        kind = {
            "address": attempt.address[:50],
            "door": attempt.door,
            "mechanism": attempt.mechanism,
            "hour": hour,
        }
        whose = {"user__isnull": True} if user is None else {"user": user}
        known = FailedLogin.objects.filter(**kind, **whose)
        if known.update(count=F("count") + count, last_at=now):
            continue
        FailedLogin.objects.create(**kind, user=user, count=count, first_at=now, last_at=now)
        record(
            Actor("somebody", attempt.door, address=attempt.address or None),
            "login.failed",
            "an unknown account" if user is None else user.jid,
            suspended=user is not None and not user.is_active,
            **({"mechanism": attempt.mechanism} if attempt.mechanism else {}),
        )


def forget_failed_logins() -> int:
    """Remove those that are older than the setting says; returns how many rows that were."""
    days = settings.CHATOPS_KEEP_FAILED_LOGINS_DAYS
    if not days:
        return 0
    old = FailedLogin.objects.filter(last_at__lt=timezone.now() - timedelta(days=days))
    return old.delete()[0]

"""What the loop learns of registrations, as the journal writes it."""

from chatops.core.journal import Update, Write
from chatops.push.models import Registration

LONGEST_ERROR = 500

_SENT = Update(Registration, order=50, fields=("sent", "waiting", "failures", "error"))
_FAILED = Update(Registration, order=50, fields=("failed", "failures", "error", "broken"))
_WAITING = Update(Registration, order=51, fields=("waiting",))


def sent_write(registration_id: int, *, moment: int, waiting: int) -> Write:
    """The app server knows that so many messages wait."""
    return Write(_SENT, (registration_id, moment, waiting, 0, ""))


def failed_write(
    registration_id: int, *, moment: int, failures: int, error: str, broken: bool
) -> Write:
    """It has not; `broken` if it is not to be asked again."""
    row = (registration_id, moment, failures, error[:LONGEST_ERROR], broken)
    return Write(_FAILED, row)


def waiting_write(registration_id: int, waiting: int) -> Write:
    """Of so many messages the app server was told that the device misses them."""
    return Write(_WAITING, (registration_id, waiting))

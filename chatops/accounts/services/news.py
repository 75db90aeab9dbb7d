"""What accounts have to tell to those who run connections."""

import time
from dataclasses import field

from chatops.core.live import bell


@bell
class SessionsEnd:
    """An account's sessions are to end: all of them, or one resource's."""

    bare: str
    resource: str
    condition: str
    text: str
    # Those that were there then (time.time()): a login with the new password is not meant.
    at: float = field(default_factory=time.time)
    spared: str = ""  # the resource that asked for it, and goes on or ends by itself


@bell
class AccountChanged:
    """What is known of a person, or what he may do, is different now."""

    user_id: int
    bare: str


@bell
class AccountRemoved:
    """The account is gone, with everything that belonged to it."""

    bare: str

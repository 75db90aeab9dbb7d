"""Settings of a service that dies at one exact moment: after a commit, before anything is sent.

The message pipeline is a list in the settings; this adds an entry to it.
"""

import os
from typing import cast

import chatops.settings as usual
from chatops.core.envelope import Copy, Envelope
from chatops.core.wire import Session

globals().update({name: value for name, value in vars(usual).items() if name.isupper()})

DEADLY = "the last words"


class Precipice:
    """The first of those who are handed a message; by then it is stored."""

    def send(self, *_: object) -> None:
        os._exit(9)


def die_before_sending(envelope: Envelope) -> None:
    if envelope.id == DEADLY:
        envelope.copies.insert(0, Copy(cast(Session, Precipice())))


MESSAGE_POLICY = [*usual.MESSAGE_POLICY, "tests.faults.dying.die_before_sending"]

"""What accounts have to tell to those who run connections."""

from chatops.core.live import bell


@bell
class SessionsEnd:
    """An account's sessions are to end: all of them, or one resource's."""

    bare: str
    resource: str
    condition: str
    text: str


@bell
class AccountChanged:
    """What is known of a person, or what he may do, is different now."""

    user_id: int
    bare: str


@bell
class AccountRemoved:
    """The account is gone, with everything that belonged to it."""

    bare: str

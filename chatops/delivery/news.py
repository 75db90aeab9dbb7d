"""What deliveries tell the rest of the service."""

from chatops.core.live import bell


@bell
class Waiting:
    """Messages were queued for these people; whoever of them is online gets them now."""

    user_ids: tuple[int, ...]


@bell
class Beside:
    """These wait in queues while other devices have copies that they may still confirm.

    Each is a message and its recipient.
    """

    copies: tuple[tuple[int, int], ...]


@bell
class ExportMoved:
    """An export of this person's has more rows, or is done."""

    owner_id: int


@bell
class LedgerGrew:
    """These messages' timelines have more lines."""

    message_ids: tuple[int, ...]

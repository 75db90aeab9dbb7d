"""Whose archives there are, and pages of them."""

import threading

from chatops.archive.models import Archive

_ids: dict[str, int] = {}
_lock = threading.Lock()
REMEMBERED = 100_000


def cached_archive_id(jid: str) -> int | None:
    """The archive's key, if memory has it; for the hot path."""
    return _ids.get(jid)


def archive_id(jid: str) -> int:
    """The key of the archive of that bare JID, made where there was none."""
    archive, _ = Archive.objects.get_or_create(jid=jid)
    with _lock:
        if len(_ids) >= REMEMBERED:
            _ids.clear()
        _ids[jid] = archive.pk
    return archive.pk

"""Two administrators at once: what the other one has changed since a page was made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatops.audit.models import Entry
from chatops.rooms.models import Room
from chatops.rooms.options import OPTIONS
from chatops.xmpp.errors import Conflict

CONFIGURE, AFFILIATION = "room.configure", "room.affiliation"
MOST = 200  # changes that are looked through
_BY_COLUMN = {option.column: option for option in OPTIONS}


class ChangedMeanwhile(Conflict):
    """Somebody else has changed it meanwhile."""


@dataclass(frozen=True, slots=True)
class OptionChange:
    """One option that somebody has set to something else."""

    by: str
    at: datetime
    column: str
    before: Any
    after: Any

    def __str__(self) -> str:
        option = _BY_COLUMN[self.column]
        before, after = option.words(self.before), option.words(self.after)
        change = f"{option.label} from {before} to {after}"
        return f"{self.by} changed {change} at {self.at:%H:%M:%S} UTC"


def changes_since(room: Room, version: int) -> list[OptionChange]:
    """What was changed after that version, the last change of each option, oldest first."""
    latest: dict[str, OptionChange] = {}
    for entry in _entries(room, CONFIGURE):
        if entry.details.get("version", 0) <= version:
            break
        for column, values in entry.details.items():
            if column in _BY_COLUMN and column not in latest:
                latest[column] = OptionChange(entry.actor_name, entry.at, column, *values)
    return list(reversed(latest.values()))


def must_not_overwrite(room: Room, changes: Mapping[str, Any], *, seen: int) -> None:
    """Whether what somebody changes is still as he saw it. Raises ChangedMeanwhile."""
    if room.version == seen:
        return
    others = [
        change
        for change in changes_since(room, seen)
        if change.column in changes and getattr(room, change.column) != changes[change.column]
    ]
    if others:
        told = "; ".join(str(change) for change in others)
        raise ChangedMeanwhile(
            f"Nothing is saved yet: meanwhile {told}. Save again if you still want yours."
        )


def rank_changed(room: Room, jid: str, *, seen: str, now: str) -> ChangedMeanwhile:
    """Somebody's affiliation is not the one that was seen; says since when, and by whom."""
    who = ""
    for entry in _entries(room, AFFILIATION):
        if entry.details.get("jid") == jid:
            who = f" {entry.actor_name} changed it at {entry.at:%H:%M:%S} UTC."
            break
    words = {"none": "no affiliation"}
    return ChangedMeanwhile(
        f"Nothing was changed: {jid} has {words.get(now, now)} now, not"
        f" {words.get(seen, seen)} as you saw it.{who}"
    )


def _entries(room: Room, action: str) -> Iterator[Entry]:
    found = Entry.objects.filter(target=room.jid, action=action, at__gte=room.created_at)
    yield from found.order_by("-pk")[:MOST]

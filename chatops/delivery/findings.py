"""What a verification of the ledger can find, in words."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from chatops.core.ids import moment_of

MOST_KEPT = 1_000  # findings; more are counted


class What(StrEnum):
    """What is wrong with an event, a seal or the end of a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SEAL_CHANGED = "seal changed"
    SEAL_FORGED = "seal forged"
    SEAL_REMOVED = "seal removed"
    SEAL_MOVED = "seal out of order"
    CUT = "chain cut off"
    REPLACED = "chain replaced"
    ANCHOR = "anchor"
    UNREADABLE = "unreadable"


_SENTENCES = {
    What.CHANGED: "Event {event} of message {message}, {at}, is not what it was: it was changed.",
    What.REMOVED: "Event {event} of message {message}, {at}, was removed.",
    What.INSERTED: "Event {event} of message {message}, {at}, is in no seal that holds:"
    " it was inserted, or its seal was changed or removed.",
    What.SEAL_CHANGED: "Seal {number} of chain {chain}, {at}, is not what it was: it was changed.",
    What.SEAL_FORGED: "Seal {number} of chain {chain}, {at}, was not made by this service.",
    What.SEAL_REMOVED: "Before seal {number} of chain {chain}, {at}, {count} were removed.",
    What.SEAL_MOVED: "Seal {number} of chain {chain}, {at}, does not follow the one before it.",
    What.CUT: "Chain {chain} ends with seal {number}; seal {noted} was there at {at}.",
    What.REPLACED: "Seal {number} of chain {chain} is another than the one that was there at {at}.",
    What.ANCHOR: "{text}",
    What.UNREADABLE: "The ledger cannot be read to its end, because its rows are no longer what can"
    " be in them: {error}.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `at` is in UTC, ids are 0 where they mean nothing."""

    what: What
    sentence: str
    at: str = ""
    event_id: int = 0
    message_id: int = 0
    chain: int = 0
    number: int = 0

    def as_json(self) -> dict[str, Any]:
        """Fit for a JSONField; ids as text, which JavaScript's numbers cannot hold."""
        return asdict(self) | {"event_id": str(self.event_id), "message_id": str(self.message_id)}


@dataclass(slots=True)
class Report:
    """What was looked at and what was found."""

    since: int  # id; 0 for everything
    events: int = 0
    seals: int = 0
    anchors: int = 0
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)  # chain → number, hash
    findings: list[Finding] = field(default_factory=list)
    found: int = 0  # all of them, kept or not

    def event(self, what: What, event_id: int, message_id: int) -> None:
        """Something is wrong with an event."""
        at = _moment(event_id)
        sentence = _SENTENCES[what].format(event=event_id, message=message_id, at=at)
        self._add(Finding(what, sentence, at, event_id, message_id))

    def seal(self, what: What, chain: int, number: int, at_id: int, **more: object) -> None:
        """Something is wrong with a seal or its place."""
        at = _moment(at_id)
        sentence = _SENTENCES[what].format(chain=chain, number=number, at=at, **more)
        self._add(Finding(what, sentence, at, chain=chain, number=number))

    def anchor(self, text: str) -> None:
        """Something is wrong with what was noted of the chains' heads."""
        self._add(Finding(What.ANCHOR, text))

    def unreadable(self, error: Exception) -> None:
        """Something is so wrong that it cannot be compared."""
        sentence = _SENTENCES[What.UNREADABLE].format(error=f"{type(error).__name__}: {error}")
        self._add(Finding(What.UNREADABLE, sentence))

    def _add(self, finding: Finding) -> None:
        self.found += 1
        if len(self.findings) < MOST_KEPT:
            self.findings.append(finding)


def _moment(identifier: int) -> str:
    return f"{moment_of(identifier):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"

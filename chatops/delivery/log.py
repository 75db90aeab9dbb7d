"""What is looked for in the delivery log, at a cost that does not grow with the table.

Rows come in the order in which their messages were accepted. An index leads to them, by an
address, an id, a state; where more is asked that no index knows (words, a kind, a second filter),
only so many of the rows that the index finds are looked at, and the page says how far back it got.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db.models import F, Q

from chatops.accounts.models import User
from chatops.archive.models import Kind, Message
from chatops.core.ids import first_at, read_id, start_of_day
from chatops.delivery.models import Delivery, State
from chatops.delivery.walking import LAST, Page, Place, Rows, Way, walk

MOST_COUNTED = 5_000

_PARAMS = {"search": "q", "state": "state__exact", "owed": "owed__exact"}


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What somebody wants to see of the log."""

    search: str = ""
    state: int | None = None
    owed: bool | None = None
    kind: int | None = None
    sender: str = ""
    recipient: str = ""
    device: str = ""
    since: str = ""  # days: 2026-11-21
    until: str = ""
    words: bool = False  # whether `search` may be looked for in what people wrote

    @classmethod
    def read(cls, params: Mapping[str, str], *, words: bool) -> Self:
        """As the page's address has it."""

        def text(name: str) -> str:
            return params.get(name, "").replace("\x00", "").strip()

        owed = text("owed__exact")
        return cls(
            text("q"),
            read_id(text("state__exact")),
            bool(int(owed)) if owed in ("0", "1") else None,
            read_id(text("kind")),
            _bare(text("sender")),
            _bare(text("recipient")),
            text("device"),
            text("since"),
            text("until"),
            words,
        )

    def as_json(self) -> dict[str, Any]:
        """What is asked for, and nothing else."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["words"] = self.looks_into_words or None
        return {name: value for name, value in values.items() if value not in ("", None)}

    def as_params(self) -> dict[str, str]:
        """For the page's address: what `read` reads."""
        values = self.as_json()
        return {
            _PARAMS.get(name, name): str(int(value) if isinstance(value, bool) else value)
            for name, value in values.items()
            if name != "words"
        }

    @property
    def looks_into_words(self) -> bool:
        """Whether people's words are searched, which the audit trail has to say."""
        return self.words and bool(self.search) and not (_is_address(self.search) or self._number)

    @property
    def _number(self) -> int | None:
        """The id of a message of ours that is looked for."""
        number = read_id(self.search)
        known = number is not None and Delivery.objects.of_message(number).exists()
        return number if known else None

    def page(
        self,
        *,
        size: int,
        older: Place | None = None,
        newer: Place | None = None,
        columns: Collection[str] = (),
    ) -> Page:
        """The rows after a place, or before one, or the newest; whole, or with `columns` alone."""
        upwards = newer is not None
        low, high = self._span()
        ways = list(self._ways())
        rest = self._rest()
        pages = [
            walk(
                way,
                rest,
                size + 1,
                low=low,
                high=high,
                after=newer or older,
                upwards=upwards,
                columns=columns,
            )
            for way in ways
        ]
        found = {row.pk: row for page in pages for row in page.rows}
        rows = sorted(found.values(), key=Place.of, reverse=not upwards)
        ends = [page.looked_to for page in pages if page.looked_to is not None]
        looked_to: int | None = None
        if ends:  # of what lies beyond, not all ways have told
            looked_to = min(ends) if upwards else max(ends)
            rows = [
                row
                for row in rows
                if (row.message_id <= looked_to if upwards else row.message_id >= looked_to)
            ]
        has_more = len(rows) > size
        rows = rows[:size]
        return Page(rows[::-1] if upwards else rows, has_more, None if has_more else looked_to)

    def counts(self) -> tuple[dict[State, int], bool]:
        """How many there are in each state, to MOST_COUNTED; and whether those are the newest only.

        Without other filters each state is counted by its index; with some, the newest that they
        show are.
        """
        others = replace(self, state=None)
        if not others.as_json():
            some = {
                state: Delivery.objects.filter(state=state).order_by()[: MOST_COUNTED + 1].count()
                for state in State
            }
            return {state: count for state, count in some.items() if count}, False
        page = others.page(size=MOST_COUNTED, columns=("message_id", "state"))
        counted = Counter(State(row.state) for row in page.rows)
        return dict(sorted(counted.items())), page.has_more or page.looked_to is not None

    def _span(self) -> tuple[int, int]:
        since, until = start_of_day(self.since), start_of_day(self.until)
        low = first_at(since) if since else 0
        return low, first_at(until + timedelta(days=1)) - 1 if until else LAST

    def _ways(self) -> Iterator[Way]:
        text = self.search
        if not text:
            yield self._way_of_filters()
        elif (number := self._number) is not None:
            yield _deliveries(Q(message_id=number))
        elif _is_address(text):
            yield from _ways_of_address(text)
        else:
            yield _messages(Q(stanza_id=text))
            if self.words:
                yield _messages(Q(body__icontains=text), Q())

    def _way_of_filters(self) -> Way:
        if self.sender:
            return _messages(Q(sender_bare=self.sender))
        if self.recipient:
            return _deliveries(Q(recipient_id=_user_id(self.recipient)))
        if self.state is not None:
            return _deliveries(Q(state=self.state))
        return _deliveries(Q())

    def _rest(self) -> Q:
        """What the index has not seen to."""
        rest = Q()
        if self.state is not None and (self.search or self.sender or self.recipient):
            rest &= Q(state=self.state)
        if self.owed is not None:
            rest &= Q(owed=self.owed)
        if self.kind is not None:
            rest &= Q(message__kind=self.kind) if self.kind in Kind else Q(pk=None)
        if self.sender and self.search:
            rest &= Q(message__sender_bare=self.sender)
        if self.recipient and (self.search or self.sender):
            rest &= Q(recipient_id=_user_id(self.recipient))
        if self.device:
            rest &= Q(device__resource__icontains=self.device)
        return rest


def _deliveries(found: Q) -> Way:
    rows = Delivery.objects.filter(found)
    return Way(
        rows.values_list("message_id", flat=True),
        lambda low, high: rows.filter(message_id__gte=low, message_id__lte=high),
    )


def _messages(found: Q, indexed: Q | None = None) -> Way:
    """By a column of the message; `indexed` is what of it an index knows, else all."""
    keys = Message.objects.filter(found if indexed is None else indexed)

    def within(low: int, high: int) -> Rows:
        some = Message.objects.filter(found, pk__gte=low, pk__lte=high)
        return Delivery.objects.filter(message__in=some.values("pk"))

    return Way(keys.annotate(message_id=F("pk")).values_list("message_id", flat=True), within)


def _ways_of_address(text: str) -> Iterator[Way]:
    """What an address, bare or full, has sent or was to get; a room's is what was said in it."""
    bare, resource = _bare(text), text.partition("/")[2]
    user_id = _user_id(bare)
    if resource:
        full = f"{bare}/{resource}"
        yield _messages(Q(sender_bare=bare, sender=full), Q(sender_bare=bare))
        yield _messages(Q(recipient_bare=bare, recipient=full), Q(recipient_bare=bare))
        yield _deliveries(Q(recipient_id=user_id, device__resource=resource))
    else:
        yield _messages(Q(sender_bare=bare))
        yield _messages(Q(recipient_bare=bare))
        yield _deliveries(Q(recipient_id=user_id))


def _user_id(bare: str) -> int:
    """Whose account it is; 0 for nobody's."""
    name, at, domain = bare.partition("@")
    if at and domain != settings.CHATOPS_DOMAIN:
        return 0
    return User.objects.filter(username=name).values_list("pk", flat=True).first() or 0


def _is_address(text: str) -> bool:
    return "@" in text and not any(letter.isspace() for letter in text.partition("/")[0])


def _bare(text: str) -> str:
    return text.strip().partition("/")[0].lower()


def describe(query: Mapping[str, Any]) -> str:
    """What is asked for (as_json), in words."""
    values = {name: value for name, value in query.items() if name != "words"}
    if "state" in values:
        values["state"] = State(values["state"]).label if values["state"] in State else "none"
    if "kind" in values:
        values["kind"] = Kind(values["kind"]).label if values["kind"] in Kind else "none"
    if "owed" in values:
        values["owed"] = "yes" if values["owed"] else "no"
    return ", ".join(f"{name}: {value}" for name, value in values.items()) or "everything"

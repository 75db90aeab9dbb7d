"""Affiliations from a table: room, person, affiliation, reason, nickname."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from chatops.accounts.models import User
from chatops.audit.services import Actor
from chatops.rooms.models import Affiliation, Room
from chatops.rooms.privileges import RANKS
from chatops.rooms.services.ground import NONE, OWNER, whom
from chatops.rooms.services.people import RankChange, set_affiliations
from chatops.rooms.services.sheets import (
    CHANGE,
    NEW,
    SAME,
    WRONG,
    BadSheet,
    Line,
    Plan,
    localpart_of,
    must_be_as_shown,
    read_rows,
    write_rows,
)
from chatops.xmpp.errors import Refused
from chatops.xmpp.jid import InvalidJID, parse

HEADINGS = ("room", "person", "affiliation", "reason", "nickname")
_NEEDED = 3  # of them
LONGEST_NICK = 200
MOST_MEMBERS = 2_000  # in one transaction, for which others wait


class _Table:
    """The affiliations as they would be after the lines so far."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.rows: dict[str, dict[str, Affiliation]] = {}
        self.ranks: dict[str, dict[str, str]] = {}
        self.nicknames: dict[str, dict[str, str]] = {}
        self.seen: set[tuple[str, str]] = set()

    def room(self, localpart: str) -> Room:
        if localpart not in self.rooms:
            room = Room.objects.filter(localpart=localpart).first()
            if room is None:
                raise BadSheet(f"There is no room {localpart}.")
            self.rooms[localpart] = room
            self.rows[localpart] = {row.jid: row for row in room.affiliations.all()}
            self.nicknames[localpart] = {
                row.nickname: jid for jid, row in self.rows[localpart].items() if row.nickname
            }
            self.ranks[localpart] = {jid: row.rank for jid, row in self.rows[localpart].items()}
        return self.rooms[localpart]

    def nickname(self, room: Room, jid: str, text: str) -> str | None:
        """One to be reserved, as addresses are compared, and nobody else's. Raises BadSheet."""
        if not text:
            return None
        try:
            nickname = parse(f"{room.jid}/{text}").resource
        except InvalidJID as error:
            raise BadSheet(f"“{text}” cannot be a nickname.") from error
        holder = self.nicknames[room.localpart].setdefault(nickname, jid)
        if holder != jid or len(nickname) > LONGEST_NICK:
            raise BadSheet(f"“{text}” is too long, or registered by {holder}.")
        return nickname

    def loses_owner(self, localpart: str) -> bool:
        had = any(row.rank == OWNER for row in self.rows[localpart].values())
        return had and OWNER not in self.ranks[localpart].values()


def plan_members(text: str) -> Plan:
    """What a table of affiliations would do. Raises BadSheet for what is none."""
    rows = read_rows(text, most=MOST_MEMBERS)
    headings = [heading.casefold() for heading in next(rows)[1]]
    if unknown := [heading for heading in headings if heading not in HEADINGS]:
        raise BadSheet(f"There is no column called “{unknown[0]}”: use {', '.join(HEADINGS)}.")
    if missing := [heading for heading in HEADINGS[:_NEEDED] if heading not in headings]:
        raise BadSheet(f"The column “{missing[0]}” is missing.")
    cells = [(number, dict(zip(headings, row, strict=False))) for number, row in rows]
    known = _known(row.get("person", "") for _, row in cells)
    table = _Table()
    lines = []
    for number, row in cells:
        try:
            lines.append(_plan_one(number, row, table, known))
        except Refused as refusal:
            what = f"{row.get('person', '')} in {row.get('room', '')}"
            lines.append(Line(number, what, WRONG, error=refusal.sentence))
    return Plan([_with_owner(line, table) for line in lines])


def apply_members(text: str, *, digest: str, by: Actor) -> Plan:
    """Do what was shown. Raises ChangedMeanwhile where it would be something else now."""
    plan = must_be_as_shown(plan_members(text), digest)
    changes: dict[int, list[RankChange]] = defaultdict(list)
    rooms: dict[int, Room] = {}
    for line in plan.lines:
        if line.verb in (NEW, CHANGE):
            room, change = line.work
            rooms[room.pk] = room
            changes[room.pk].append(change)
    with transaction.atomic():
        for pk, wanted in changes.items():
            set_affiliations(rooms[pk], changes=wanted, by=by)
    return plan


def write_members(rooms: Iterable[Room]) -> str:
    """A table that can be changed and read again."""
    found = Affiliation.objects.filter(room__in=[room.pk for room in rooms])
    rows: list[Sequence[str]] = [HEADINGS]
    for row in found.select_related("room").order_by("room__localpart", "jid"):
        rows.append((row.room.localpart, row.jid, row.rank, row.reason, row.nickname))
    return write_rows(rows)


def _plan_one(number: int, cells: Mapping[str, str], table: _Table, known: set[str]) -> Line:
    localpart = localpart_of(cells.get("room", ""))
    room = table.room(localpart)
    rank = cells.get("affiliation", "").casefold()
    if rank not in RANKS:
        raise BadSheet(f"“{rank}” is no affiliation: write {', '.join(reversed(RANKS))}.")
    jid = whom(cells.get("person", ""), rank=rank, known=known)
    if (localpart, jid) in table.seen:
        raise BadSheet("The same person and room stand on another line, too.")
    table.seen.add((localpart, jid))
    row = table.rows[localpart].get(jid)
    if row is not None and row.by_group and rank == NONE:
        raise BadSheet(f"{jid} is {row.rank} through a group; take the person out of the group.")
    before = row.rank if row is not None else NONE
    nickname = table.nickname(room, jid, cells.get("nickname", ""))
    renamed = nickname is not None and (row is None or row.nickname != nickname)
    table.ranks[localpart][jid] = rank
    changes = [*([f"{before} → {rank}"] if before != rank else [])]
    changes += [f"nickname: {nickname}"] if renamed else []
    verb = SAME if not changes else NEW if before == NONE else CHANGE
    change = RankChange(jid, rank, cells.get("reason", ""), nickname=nickname, seen=before)
    return Line(number, f"{jid} in {localpart}", verb, changes, work=(room, change))


def _with_owner(line: Line, table: _Table) -> Line:
    """What would leave a room without its last owner is wrong, once all lines are known."""
    if line.verb != CHANGE:
        return line
    room, change = line.work
    was = table.rows[room.localpart][change.jid].rank
    if was == OWNER and table.loses_owner(room.localpart):
        error = "The room would have no owner: make somebody else one, too."
        return Line(line.number, line.what, WRONG, error=error)
    return line


def _known(people: Iterable[str]) -> set[str]:
    """Usernames that there are, of those on the lines."""
    names = {person.partition("@")[0].casefold() for person in people}
    return set(User.objects.filter(username__in=names).values_list("username", flat=True))

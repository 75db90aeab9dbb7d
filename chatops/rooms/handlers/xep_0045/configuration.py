"""A room's settings and its end, XEP-0045 section 10."""

from functools import partial
from typing import Any

from chatops.core.database import in_db
from chatops.core.features import IqRequest
from chatops.core.live import hears
from chatops.rooms import services
from chatops.rooms.configuration import (
    CONFIG,
    ShownForm,
    Wishes,
    form_fields,
    rank_changes,
    read_form,
)
from chatops.rooms.handlers.xep_0045 import conference, muc
from chatops.rooms.handlers.xep_0045.leaving import close_if_empty, expel, expel_all
from chatops.rooms.handlers.xep_0045.moderation import actor_of
from chatops.rooms.inside import RunningRoom, Turn
from chatops.rooms.news import RoomArchived, RoomChanged, RoomDestroyed
from chatops.rooms.occupants import Occupant
from chatops.rooms.running import changed, in_order, in_slices, rooms, show_again
from chatops.rooms.services import NoSuchRoom, RankChange
from chatops.xmpp.elements import Element, add, make, text_of
from chatops.xmpp.errors import BadRequest, Forbidden
from chatops.xmpp.forms import Submission, X, build
from chatops.xmpp.names import MUC_OWNER, MUC_USER

FORM = "form of a room"  # noted on a session: the last one that it was sent
QUERY, DESTROY = f"{{{MUC_OWNER}}}query", f"{{{MUC_OWNER}}}destroy"


class OwnersOnly(Forbidden):
    """Only an owner of the room may do this."""


@muc.iq("get", QUERY, at=(conference.node,))
async def send_form(request: IqRequest) -> Element:
    """Section 10.2: the settings as they are."""
    room = await _owned(request)
    query = make(QUERY)
    fields = form_fields(room.room, room.ranks)
    query.append(build("form", CONFIG, fields, f"Settings of {room.room}"))
    if request.session is not None:
        request.session.notes[FORM] = ShownForm.of(room.room, room.ranks)
    return query


@muc.iq("set", QUERY, at=(conference.node,))
async def change(request: IqRequest) -> None:
    """Sections 10.1.2, 10.1.3, 10.2 and 10.9: submit, accept the defaults, cancel, destroy."""
    room = await _owned(request)
    by = actor_of(request)
    destroy = request.payload.find(DESTROY)
    if destroy is not None:
        reason = text_of(destroy, "reason", MUC_OWNER) or ""
        await in_db(
            services.destroy,
            room.room,
            by=by,
            reason=reason,
            alternate=destroy.get("jid", ""),
            password=text_of(destroy, "password", MUC_OWNER) or "",
        )
        return
    form = request.payload.find(X)
    if form is None:
        raise BadRequest("There is no form.")
    submission = Submission.read(form)
    if submission.type == "cancel":
        if room.room.locked:
            await in_db(services.destroy, room.room, by=by, reason="Not configured.")
        return
    if submission.type != "submit" or submission.form_type not in ("", CONFIG):
        raise BadRequest("That is not the room's form.")
    columns, ranks = _touched(room, request, read_form(submission))
    await in_db(
        services.submit,
        room.room,
        columns=columns,
        ranks=[RankChange(jid, rank) for jid, rank in ranks.items()],
        by=by,
        acting=request.sender.bare,
    )
    await rooms.reload(room.localpart)


def _touched(
    room: RunningRoom, request: IqRequest, wishes: Wishes
) -> tuple[dict[str, Any], dict[str, str]]:
    """What differs from the form that this client was shown; all of it, if it was shown none."""
    shown = request.session.notes.get(FORM) if request.session is not None else None
    if isinstance(shown, ShownForm) and shown.room_id == room.room.pk:
        return shown.touched(wishes)
    return wishes.columns, rank_changes(wishes.lists, room.ranks)


@hears(RoomChanged)
async def apply_change(news: RoomChanged) -> None:
    """From whichever door: the people inside are told, and who may not stay goes."""
    room = await rooms.reload(news.localpart)
    if room is None:
        return
    leavers: list[Occupant] = []
    shown: list[Occupant] = []
    await in_order(partial(_begin, room, news.codes, leavers, shown))
    await expel_all(room, leavers, Turn((322,), "unavailable"))
    await in_slices(room, shown, partial(show_again, room))
    await in_order(partial(close_if_empty, room))  # it may be a temporary one now


def _begin(
    room: RunningRoom, codes: list[int], leavers: list[Occupant], shown: list[Occupant]
) -> None:
    """Finds who has to leave, and whose presence is another one now."""
    if codes:
        room.announce(codes)
    silent = set(room.give_voice_to_all())
    for occupant in room.occupants:
        if room.room.is_members_only and occupant.rank == "none":
            leavers.append(occupant)
        elif occupant in silent or room.is_shown(occupant.role) != occupant.seen:
            shown.append(occupant)  # it has voice, appears, or vanishes for the others
    changed(room)


@hears(RoomArchived)
async def apply_archiving(news: RoomArchived) -> None:
    """Nobody stays in a room that is closed."""
    room = await rooms.reload(news.localpart)
    if room is not None:
        await in_order(partial(_empty, room, news))


def _empty(room: RunningRoom, news: RoomArchived) -> None:
    by = room.name_of(news.by)
    for occupant in room.occupants:
        occupant.seen = False  # everybody gets only the own farewell
        expel(room, occupant, Turn((307,), "unavailable", reason=news.reason, by=by))
    changed(room)


@hears(RoomDestroyed)
async def apply_end(news: RoomDestroyed) -> None:
    """Section 10.9: everybody leaves, and learns why and where to go."""
    async with rooms.lock(news.localpart):
        room = rooms.get(news.localpart)
        if room is not None:
            await in_order(partial(_end, room, news))


def _end(room: RunningRoom, news: RoomDestroyed) -> None:
    rooms.close(room)
    end = make(f"{{{MUC_USER}}}destroy", jid=news.alternate or None)
    if news.password:
        add(end, f"{{{MUC_USER}}}password", news.password)
    if news.reason:
        add(end, f"{{{MUC_USER}}}reason", news.reason)
    for occupant in room.occupants:
        occupant.rank, occupant.seen = "none", False  # everybody gets only the own farewell
        expel(room, occupant, Turn(type="unavailable", destroyed=end))
    changed(room)


async def _owned(request: IqRequest) -> RunningRoom:
    room = await rooms.wake(request.to.local)
    if room is None:
        raise NoSuchRoom
    if room.rank_of(request.sender.bare) != "owner":
        raise OwnersOnly
    return room

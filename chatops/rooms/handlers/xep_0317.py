"""Hats, XEP-0317: titles of people in a room, made and given by its admins with commands."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import TypeAlias

from chatops.core.database import in_db
from chatops.core.features import Feature, Identity, Info, IqRequest, Item
from chatops.core.live import hears
from chatops.rooms.handlers.xep_0045 import conference, item_nodes, nodes
from chatops.rooms.handlers.xep_0045.moderation import actor_of
from chatops.rooms.inside import RunningRoom
from chatops.rooms.news import HatsChanged
from chatops.rooms.privileges import STAFF, NeedsAdmin
from chatops.rooms.running import in_slices, rooms, show_again
from chatops.rooms.services import NoSuchRoom, decoration
from chatops.rooms.services.decoration import HatShown
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest, Forbidden, NotFound
from chatops.xmpp.forms import FormField, Submission, X, build
from chatops.xmpp.names import COMMANDS, DATA, HATS

FORM = "urn:xmpp:hats:commands"
TAG = f"{{{COMMANDS}}}command"
URI, TITLE, HUE, JID = "hats#uri", "hats#title", "hats#hue", "hats#jid"
_FIELD, _VALUE = f"{{{DATA}}}field", f"{{{DATA}}}value"

hats = Feature("XEP-0317", (HATS, COMMANDS), at=(conference.node,))


class NotInside(Forbidden):
    """Only who belongs to the room may ask for that."""


class NoSuchCommand(NotFound):
    """There is no such command."""


@dataclass(frozen=True, slots=True)
class Command:
    """`ask` gives the form's fields; `run` does it, and returns a table where there is one."""

    name: str
    run: Callable[[RunningRoom, IqRequest, Submission], Awaitable[Element | None]]
    ask: Callable[[RunningRoom], Awaitable[list[FormField]]] | None = None
    for_all: bool = False  # who belongs to the room, not its admins alone


Commands: TypeAlias = dict[str, Command]


@hats.iq("set", TAG, at=(conference.node,))
async def take(request: IqRequest) -> Element:
    """Sections 4.2 to 4.7: the form, or what it says, with or without having been asked for."""
    node = request.payload.get("node", "")
    command = COMMANDS_OF_ROOMS.get(node)
    if command is None:
        raise NoSuchCommand
    room = await _room_for(request, command)
    run_id = request.payload.get("sessionid") or secrets.token_urlsafe(9)
    if request.payload.get("action") == "cancel":
        return make(TAG, node=node, sessionid=run_id, status="canceled")
    form = request.payload.find(X)
    if command.ask is not None and form is None:
        answer = make(TAG, node=node, sessionid=run_id, status="executing")
        add(add(answer, f"{{{COMMANDS}}}actions", execute="complete"), f"{{{COMMANDS}}}complete")
        answer.append(build("form", FORM, await command.ask(room), command.name))
        return answer
    submission = Submission.read(form) if form is not None else Submission("submit", FORM, {})
    if submission.type != "submit" or submission.form_type not in ("", FORM):
        raise BadRequest("That is not the command's form.")
    table = await command.run(room, request, submission)
    answer = make(TAG, node=node, sessionid=run_id, status="completed")
    if table is not None:
        answer.append(table)
    return answer


async def _make(room: RunningRoom, request: IqRequest, form: Submission) -> None:
    hat = HatShown(*(form.text(var) or "" for var in (URI, TITLE, HUE)))
    await in_db(decoration.make_hat, room.room, hat=hat, by=actor_of(request))


async def _destroy(room: RunningRoom, request: IqRequest, form: Submission) -> None:
    # COMPAT: the form of the specification's example calls the field so.
    uri = form.text(URI) or form.text("hat") or ""
    await in_db(decoration.destroy_hat, room.room, uri=uri, by=actor_of(request))


async def _give(room: RunningRoom, request: IqRequest, form: Submission) -> None:
    uri, jid = form.text(URI) or "", form.text(JID) or ""
    await in_db(decoration.give_hat, room.room, uri=uri, jid=jid, by=actor_of(request))


async def _take(room: RunningRoom, request: IqRequest, form: Submission) -> None:
    uri, jid = form.text(URI) or "", form.text(JID) or ""
    await in_db(decoration.take_hat, room.room, uri=uri, jid=jid, by=actor_of(request))


async def _list(room: RunningRoom, request: IqRequest, form: Submission) -> Element:
    found = await in_db(decoration.hats_of, room.room)
    return _table((URI, TITLE, HUE), (astuple(hat) for hat in found))


async def _list_worn(room: RunningRoom, request: IqRequest, form: Submission) -> Element:
    found = await in_db(decoration.worn_hats, room.room)
    return _table((JID, URI, TITLE, HUE), ((jid, *astuple(hat)) for jid, hat in found))


async def _new_hat(room: RunningRoom) -> list[FormField]:
    return [
        FormField(TITLE, label="Title", required=True),
        FormField(URI, label="URI", required=True),
        FormField(HUE, label="Hue of its colour, 0 to 360"),
    ]


async def _which_hat(room: RunningRoom) -> list[FormField]:
    choices = [(hat.uri, hat.title) for hat in await in_db(decoration.hats_of, room.room)]
    return [FormField(URI, "list-single", "Hat", options=choices, required=True)]


async def _whose_hat(room: RunningRoom) -> list[FormField]:
    who = FormField(JID, "jid-single", "Address", required=True)
    return [who, *await _which_hat(room)]


COMMANDS_OF_ROOMS: Commands = {
    f"{FORM}:create": Command("Make a hat", _make, _new_hat),
    f"{FORM}:destroy": Command("Destroy a hat", _destroy, _which_hat),
    f"{FORM}:list": Command("The hats", _list, for_all=True),
    f"{FORM}:assign": Command("Give somebody a hat", _give, _whose_hat),
    f"{FORM}:unassign": Command("Take somebody's hat", _take, _whose_hat),
    f"{FORM}:list-assigned": Command("Who has which hat", _list_worn),
}


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Element:
    """A form of several items (XEP-0004 section 3.4)."""
    table = build("result", FORM, ())
    reported = add(table, f"{{{DATA}}}reported")
    for var in columns:
        add(reported, _FIELD, var=var)
    for row in rows:
        item = add(table, f"{{{DATA}}}item")
        for var, value in zip(columns, row, strict=True):
            add(add(item, _FIELD, var=var), _VALUE, value)
    return table


async def describe_command(request: IqRequest, info: Info) -> None:
    """XEP-0050 section 2.3."""
    command = COMMANDS_OF_ROOMS.get(request.payload.get("node", ""))
    await _room_for(request, command)
    info.features.clear()
    if command is not None:
        info.identities.append(Identity("automation", "command-node", command.name))
        info.features |= {COMMANDS, DATA}
    else:
        info.identities.append(Identity("automation", "command-list", "Commands"))
        info.features.add(COMMANDS)


async def list_commands(request: IqRequest) -> list[Item]:
    """XEP-0050 section 2.2: what the one who asks may run."""
    room = await _room_for(request, None)
    runs_all = room.rank_of(request.sender.bare) in STAFF
    return [
        Item(room.jid, each.name, node)
        for node, each in COMMANDS_OF_ROOMS.items()
        if runs_all or each.for_all
    ]


nodes |= dict.fromkeys((COMMANDS, *COMMANDS_OF_ROOMS), describe_command)
item_nodes[COMMANDS] = list_commands


@hears(HatsChanged)
async def show_hats(news: HatsChanged) -> None:
    """Everybody inside sees what those have now."""
    room = await rooms.reload(news.localpart)
    if room is not None:
        jids = set(news.jids)
        wearers = [occupant for occupant in room.occupants if occupant.bare in jids]
        await in_slices(room, wearers, partial(show_again, room))


async def _room_for(request: IqRequest, command: Command | None) -> RunningRoom:
    """The room, if the one who asks may run that there; None stands for the list of commands."""
    room = await rooms.wake(request.to.local)
    if room is None:
        raise NoSuchRoom
    rank = room.rank_of(request.sender.bare)
    if command is not None and not command.for_all and rank not in STAFF:
        raise NeedsAdmin
    if rank in ("none", "outcast") and room.occupants.by_device(request.sender.full) is None:
        raise NotInside
    return room

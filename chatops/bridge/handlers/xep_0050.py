"""Ad-hoc commands, XEP-0050: listed for those who may run them, asked for, run.

What the service can be told is declared where it is done (`core.commands`). A run that is not
finished lies on the session that began it, so nobody else can go on with it.
"""

import secrets
import time
from dataclasses import dataclass

from django.conf import settings

from chatops.accounts.models import User
from chatops.core.commands import Call, Command, Done, commands
from chatops.core.database import in_db
from chatops.core.features import DOMAIN, Feature, Identity, Info, IqRequest, Item
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest, Forbidden, NotAllowed, NotFound
from chatops.xmpp.forms import Submission, X, build
from chatops.xmpp.names import COMMANDS, DATA

TAG = f"{{{COMMANDS}}}command"
ACTIONS = ("execute", "prev", "next", "complete", "cancel")
MOST_OPEN = 10  # runs of one session that are not finished
OPEN_SECONDS = 900
_RUNS = "command runs"  # noted on sessions

adhoc = Feature("XEP-0050", (COMMANDS,), at=(DOMAIN,))


class NoSuchCommand(NotFound):
    """There is no such command."""


class MayNot(Forbidden):
    """You may not run this command."""


class SessionExpired(NotAllowed):
    """That run is over; begin again."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that waits for its form."""

    node: str
    until: float  # time.monotonic()


@adhoc.info(DOMAIN, node=COMMANDS)
async def describe_list(request: IqRequest, info: Info) -> None:
    """Section 2.2: the list itself."""
    info.identities.append(Identity("automation", "command-list", "Commands"))
    info.features.add(COMMANDS)


@adhoc.items(DOMAIN, node=COMMANDS)
async def list_commands(request: IqRequest) -> list[Item]:
    """Section 2.2: what the one who asks may run."""
    if request.session is None:
        return []
    held = await in_db(permissions_of, request.session.user_id)
    return [
        Item(settings.CHATOPS_DOMAIN, each.name, each.node)
        for each in sorted(commands.values(), key=lambda each: each.name)
        if each.enabled() and each.needs() in ("", *held)
    ]


@adhoc.when_loaded
def describe_each() -> None:
    """Section 2.3: disco#info of each command."""
    for each in commands.values():
        adhoc.info(DOMAIN, node=each.node)(_Description(each))


class _Description:
    def __init__(self, described: Command) -> None:
        self._described = described

    async def __call__(self, request: IqRequest, info: Info) -> None:
        if request.session is None:
            raise MayNot
        await _must_be_allowed(self._described, request.session)
        info.identities.append(Identity("automation", "command-node", self._described.name))
        info.features |= {COMMANDS, DATA}


@adhoc.iq("set", TAG, at=(DOMAIN,))
async def take(request: IqRequest) -> Element:
    """Section 2.4 and 3: one step of a run."""
    session, payload = request.session, request.payload
    found = commands.get(payload.get("node", ""))
    if found is None or not found.enabled():
        raise NoSuchCommand
    if session is None:
        raise MayNot
    action = payload.get("action", "execute")
    if action not in ACTIONS:
        raise _bad("malformed-action", "There is no such action.")
    await _must_be_allowed(found, session)
    run_id = payload.get("sessionid")
    if run_id is None:
        return await _begin(found, session, action)
    return await _go_on(found, session, run_id, action, payload.find(X))


async def _begin(found: Command, session: Session, action: str) -> Element:
    if action not in ("execute", "next", "complete"):
        raise _bad("bad-action", "A run begins with execute.")
    if not found.fields:
        done = await found.run(Call(session, Submission("submit", "", {})))
        return _completed(found, secrets.token_urlsafe(9), done)
    runs = _runs(session)
    if len(runs) >= MOST_OPEN:
        del runs[next(iter(runs))]
    run_id = secrets.token_urlsafe(9)
    runs[run_id] = Run(found.node, time.monotonic() + OPEN_SECONDS)
    answer = _answer(found, run_id, "executing")
    offered = add(answer, f"{{{COMMANDS}}}actions", None, execute="complete")
    add(offered, f"{{{COMMANDS}}}complete")
    answer.append(build("form", found.form_type, found.fields, title=found.name))
    return answer


async def _go_on(
    found: Command, session: Session, run_id: str, action: str, form: Element | None
) -> Element:
    runs = _runs(session)
    run = runs.get(run_id)
    if run is None or run.node != found.node:
        raise _bad("bad-sessionid", "There is no such run.")
    if run.until < time.monotonic():
        raise SessionExpired(details=make(f"{{{COMMANDS}}}session-expired"))
    if action == "cancel" or (form is not None and form.get("type") == "cancel"):
        _close(runs, run_id)
        return _answer(found, run_id, "canceled")
    if action in ("prev", "next"):
        raise _bad("bad-action", "There is no step but this one.")
    if form is None:
        raise _bad("bad-payload", "The form is missing.")
    submission = Submission.read(form)
    missing = [
        field.label or field.var
        for field in found.fields
        if field.required and not any(submission.values.get(field.var, []))
    ]
    if missing:
        raise _bad("bad-payload", f"Missing: {', '.join(missing)}.")
    done = await found.run(Call(session, submission))
    _close(runs, run_id)
    return _completed(found, run_id, done)


def permissions_of(user_id: int) -> frozenset[str]:
    """What somebody may do in the console, and so here."""
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=True).first()
    return frozenset() if user is None else frozenset(user.get_all_permissions())


async def _must_be_allowed(found: Command, session: Session) -> None:
    needed = found.needs()
    if needed and needed not in await in_db(permissions_of, session.user_id):
        raise MayNot


def _runs(session: Session) -> dict[str, Run]:
    runs: dict[str, Run] = session.notes.setdefault(_RUNS, {})
    return runs


def _close(runs: dict[str, Run], run_id: str) -> None:
    """It stays known as one that is over, until others need the place (section 3.4)."""
    runs[run_id] = Run(runs[run_id].node, 0)


def _answer(found: Command, run_id: str, status: str) -> Element:
    return make(TAG, node=found.node, sessionid=run_id, status=status)


def _completed(found: Command, run_id: str, done: Done) -> Element:
    answer = _answer(found, run_id, "completed")
    if done.fields:
        form = build("result", found.form_type, done.fields, title=found.name)
        if done.payload is not None:
            form.append(done.payload)
        answer.append(form)
    if done.note:
        add(answer, f"{{{COMMANDS}}}note", done.note, type_="info")
    return answer


def _bad(name: str, sentence: str) -> BadRequest:
    return BadRequest(sentence, details=make(f"{{{COMMANDS}}}{name}"))

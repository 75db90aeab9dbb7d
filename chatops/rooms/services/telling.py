"""System messages to people whom an administrator makes members, or something else, of a room.

Each asks for a receipt and stands in the delivery log, as a notice does.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from chatops.accounts.models import User
from chatops.archive.models import Kind, Message
from chatops.audit.services import Actor
from chatops.core.ids import new_id
from chatops.delivery.retries import Allowance
from chatops.delivery.services import queue
from chatops.rooms.models import Room, RoomPolicy
from chatops.rooms.services.ground import NONE, OUTCAST, shown_name
from chatops.rooms.services.rules import policy
from chatops.rooms.stanzas import system_message
from chatops.xmpp.errors import NotAcceptable
from chatops.xmpp.text import fit_for_xml

DOORS = ("browser", "api", "task")  # where administrators act; clients tell each other
VARIABLES = {
    "event": "added, changed or removed",
    "person": "the address of who is told",
    "address": "the room's address",
    "name": "the room's name, or what stands before the @ of its address",
    "link": "an address that opens the room in a client: xmpp:…?join",
    "affiliation": "owner, admin, member, outcast or none, as it is now",
    "before": "the affiliation as it was",
    "by": "who has changed it",
    "reason": "the reason that was given",
    "time": "when, in UTC: 2026-01-31T12:00:00Z",
}
_VARIABLE = re.compile(r"\{([^{}]*)\}")


class BadTemplate(NotAcceptable):
    """A template cannot be filled in."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's affiliation with a room has become another one."""

    jid: str
    before: str
    after: str
    reason: str = ""

    @property
    def concerns_members(self) -> bool:
        """Bans of others are no news of a membership."""
        return not {self.before, self.after} <= {NONE, OUTCAST}

    @property
    def event(self) -> str:
        if self.after in (NONE, OUTCAST):
            return "removed"
        return "added" if self.before in (NONE, OUTCAST) else "changed"


def tell_members(room: Room, turns: Sequence[Turn], *, by: Actor) -> None:
    """A message to each of those who have an account, in the caller's transaction.

    It goes where an administrator acts, or a group for him, not where a client does. Who has done
    it himself knows. People with the same words share one message of the archive.
    """
    rules = policy()
    names = {
        jid.partition("@")[0]: turn
        for turn in turns
        if turn.concerns_members
        and (jid := turn.jid).endswith(f"@{settings.CHATOPS_DOMAIN}")
        and jid != by.name
    }
    if by.door not in DOORS or rules.message_format == RoomPolicy.Format.NONE or not names:
        return
    people = User.objects.filter(username__in=names, is_active=True).exclude(pk=by.user_id or 0)
    alike: dict[tuple[str, str], list[User]] = defaultdict(list)
    for person in people.order_by("pk"):
        words = written(rules, variables(room, names[person.username], by=by))
        if words is not None:
            alike[words].append(person)
    for (subject, body), those in alike.items():
        message = _message(room, subject, body, those)
        queue(message.pk, user_ids=[person.pk for person in those], allowance=_allowance(room))


def _allowance(room: Room) -> Allowance:
    """The room's numbers; None, which is the service's, where it has none."""
    return Allowance(
        attempts=room.message_attempts or None, lifetime_days=room.message_lifetime_days or None
    )


def variables(room: Room, turn: Turn, *, by: Actor) -> dict[str, str]:
    """What the templates may say, by the names of VARIABLES."""
    return {
        "event": turn.event,
        "person": turn.jid,
        "address": room.jid,
        "name": str(room),
        "link": f"xmpp:{room.jid}?join",
        "affiliation": turn.after,
        "before": turn.before,
        "by": shown_name(by),
        "reason": turn.reason,
        "time": f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}",
    }


def written(rules: RoomPolicy, values: Mapping[str, str]) -> tuple[str, str] | None:
    """Subject and body; None where nothing is to be said."""
    if rules.message_format == RoomPolicy.Format.JSON:
        body = json.dumps(_filled(json.loads(rules.json), values), ensure_ascii=False)
        return "", fit_for_xml(body)
    texts = {"added": rules.added, "changed": rules.changed, "removed": rules.removed}
    body = fill(texts[values["event"]], values).strip()
    subject = " ".join(fill(rules.subject, values).split())
    return (fit_for_xml(subject), fit_for_xml(body)) if body else None


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace the variables; what they say is not looked through for further ones."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), template)


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    """In the strings of a document: so nothing that somebody is called can break it."""
    if isinstance(node, str):
        return fill(node, values)
    if isinstance(node, list):
        return [_filled(each, values) for each in node]
    if isinstance(node, dict):
        return {fill(key, values): _filled(each, values) for key, each in node.items()}
    return node


def must_be_templates(texts: Iterable[str]) -> None:
    """Whether all that stands in braces is a variable. Raises BadTemplate."""
    unknown = {name for text in texts for name in _VARIABLE.findall(text) if name not in VARIABLES}
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in sorted(unknown))
        raise BadTemplate(f"There is no variable {names}.")


def must_be_json(text: str) -> None:
    """Whether a template is a JSON object whose strings have known variables only."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadTemplate(f"This is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BadTemplate("The JSON template has to be an object, in braces.")
    must_be_templates(_strings(document))


def _strings(node: Any) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from _strings(each)
    elif isinstance(node, dict):
        for key, each in node.items():
            yield key
            yield from _strings(each)


def _message(room: Room, subject: str, body: str, people: Sequence[User]) -> Message:
    number = new_id()
    recipient = people[0].jid if len(people) == 1 else f"members of {room.jid}"
    return Message.objects.create(
        id=number,
        kind=Kind.NORMAL,
        sender=settings.CHATOPS_DOMAIN,
        recipient=recipient,
        sender_bare=settings.CHATOPS_DOMAIN,
        recipient_bare=recipient,
        stanza_id=str(number),
        body=body,
        wants_receipt=True,
        xml=system_message(identifier=str(number), subject=subject, body=body),
    )

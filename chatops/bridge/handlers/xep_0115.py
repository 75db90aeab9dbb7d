"""Entity capabilities, XEP-0115: the service's own, and what clients can do, asked once per kind.

What a client's software is called (XEP-0092) is asked of those that say they tell.
"""

import asyncio
from collections import OrderedDict
from typing import Final, cast

from chatops.accounts import services as accounts
from chatops.accounts.services.software import Software, remember_software, software_of
from chatops.bridge.handlers.xep_0030 import domain_info
from chatops.bridge.questions import ask
from chatops.core.database import in_db
from chatops.core.features import DOMAIN, Feature
from chatops.core.wire import Session, Unanswered, wire
from chatops.xmpp.caps import HASHES, IllFormed, features_of, identities_of, verification
from chatops.xmpp.elements import Element, make, text_of
from chatops.xmpp.names import CAPS, DISCO_INFO, VERSION

NODE: Final = "https://xmpp.org/software/chatops"
C = f"{{{CAPS}}}c"
REMEMBERED = 1_000
LONGEST_VER = 200
# Noted on sessions: the hash that their client claims, and what is known of it.
_CLAIM, _SOFTWARE, _ASKED = "caps claim", "software", "asked for its version"

Key = tuple[str, str]

caps = Feature("XEP-0115", (CAPS,), at=(DOMAIN,))

_known: OrderedDict[Key, Software] = OrderedDict()
_learning: dict[Key, asyncio.Future[Software | None]] = {}


class Own:
    """The service's own hash, made when it starts."""

    ver = ""


@caps.when_started
async def describe_oneself() -> None:
    """Section 5: over what disco#info of the domain answers."""
    Own.ver = verification(await domain_info())


@caps.stream_feature
def announce() -> Element:
    """Section 6.3."""
    return make(C, hash_="sha-1", node=NODE, ver=Own.ver)


@caps.own_node(DOMAIN)
def is_own(node: str) -> bool:
    """Section 6.2: the node that is asked to explain the hash."""
    return node == f"{NODE}#{Own.ver}"


def software(session: Session) -> Software | None:
    """What is known of a session's client; None as long as nothing is."""
    return cast("Software | None", session.notes.get(_SOFTWARE))


@caps.on_session("presence")
def learn(session: Session) -> None:
    """Presence carries the hash (section 6.1); one that is known costs nothing more."""
    claim = session.presence.find(C) if session.presence is not None else None
    if claim is None or claim.get("hash") not in HASHES:
        return
    key = claim.get("hash", ""), claim.get("ver", "")
    if not key[1] or len(key[1]) > LONGEST_VER or session.notes.get(_CLAIM) == key:
        return
    session.notes[_CLAIM] = key
    wire().spawn(_learn(session, key, claim.get("node", "")))


async def _learn(session: Session, key: Key, node: str) -> None:
    found = await _look_up(session, key, node)
    if found is None or session.notes.get(_CLAIM) != key:
        return
    session.notes[_SOFTWARE] = found
    if VERSION in found.features and _ASKED not in session.notes:
        session.notes[_ASKED] = True
        await _ask_version(session, found.name)
    elif found.name and not session.client:
        await _note(session, found.name)


async def _look_up(session: Session, key: Key, node: str) -> Software | None:
    """From memory, from the database, or from the client: each kind is asked once at a time."""
    if key in _known:
        _known.move_to_end(key)
        return _known[key]
    if key in _learning:
        found = await asyncio.shield(_learning[key])
        # Whoever was asked did not answer, or lied; this one may know better.
        return found or await _ask_client(session, key, node)
    _learning[key] = asyncio.get_running_loop().create_future()
    found = None
    try:
        found = await in_db(software_of, hash_name=key[0], hash_value=key[1])
        found = found or await _ask_client(session, key, node)
    finally:
        _learning.pop(key).set_result(found)
    return found


async def _ask_client(session: Session, key: Key, node: str) -> Software | None:
    """Section 5.4: believed, and kept for all, only if the hash is right."""
    try:
        answer = await ask(session, make(f"{{{DISCO_INFO}}}query", node=f"{node}#{key[1]}"))
        if answer is None or verification(answer, key[0]) != key[1]:
            return None
    except (Unanswered, IllFormed):
        return None
    found = await in_db(
        remember_software,
        hash_name=key[0],
        hash_value=key[1],
        node=node,
        identities=identities_of(answer),
        features=features_of(answer),
    )
    _known[key] = found
    if len(_known) > REMEMBERED:
        _known.popitem(last=False)
    return found


async def _ask_version(session: Session, name: str) -> None:
    try:
        answer = await ask(session, make(f"{{{VERSION}}}query"))
    except Unanswered:
        answer = None
    if answer is not None:
        told = [text_of(answer, part, VERSION) or "" for part in ("name", "version")]
        name = " ".join(part.strip() for part in told if part.strip()) or name
    if name:
        await _note(session, name)


async def _note(session: Session, name: str) -> None:
    session.client = name
    await in_db(accounts.note_client, device_id=session.device_id, client=name)

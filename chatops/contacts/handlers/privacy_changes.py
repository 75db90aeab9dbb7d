"""A change of somebody's lists takes effect: in memory, in who sees whom, on all his devices."""

from collections.abc import Iterable
from typing import Final

from chatops.accounts.services import AccountRemoved
from chatops.contacts.news import PrivacyChanged
from chatops.contacts.privacy import guard
from chatops.contacts.reach import reaches_of, tell_changes
from chatops.contacts.rules import RuleList
from chatops.contacts.services import Privacy
from chatops.core.ids import new_id
from chatops.core.live import hears
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, add, stanza
from chatops.xmpp.names import BLOCKING, PRIVACY
from chatops.xmpp.stanzas import Packed

# Noted on sessions: they have asked for the block list, or for privacy lists.
WANTS_BLOCKS: Final = "wants the block list"
WANTS_LISTS: Final = "wants privacy lists"


async def take_effect(
    user_id: int, bare: str, *, by_list: bool = False, all_at_once: bool = False
) -> None:
    """After a commit. Pushes go out behind the answer to the request that has led to them.

    `by_list`: a client changed a privacy list, so all devices hear of it (XEP-0016 section 2.2);
    `all_at_once`: everybody was unblocked in one go.
    """
    before = reaches_of(bare)
    old, new = await guard.read_again(user_id, bare)
    tell_changes(before)

    def push() -> None:
        _push_blocks(bare, _blocked(old), _blocked(new), all_at_once=all_at_once)
        _push_lists(bare, _changed_lists(old, new), everybody=by_list)

    wire().loop.call_soon(push)


def _blocked(privacy: Privacy | None) -> frozenset[str]:
    return privacy.blocked if privacy is not None else frozenset()


def _changed_lists(old: Privacy | None, new: Privacy | None) -> list[str]:
    before: dict[str, RuleList] = old.lists if old is not None else {}
    after: dict[str, RuleList] = new.lists if new is not None else {}
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )


def _push_blocks(bare: str, old: frozenset[str], new: frozenset[str], *, all_at_once: bool) -> None:
    """XEP-0191 sections 3.3 to 3.5: to who has asked for the list."""
    listeners = [each for each in wire().sessions_of(bare) if WANTS_BLOCKS in each.notes]
    if new - old:
        _send(listeners, f"{{{BLOCKING}}}block", sorted(new - old))
    if old - new:
        _send(listeners, f"{{{BLOCKING}}}unblock", [] if all_at_once else sorted(old - new))


def _send(listeners: Iterable[Session], tag: str, jids: list[str]) -> None:
    push = stanza("iq", type_="set", id_=f"block-{new_id()}")
    payload = add(push, tag)
    for jid in jids:
        add(payload, f"{{{BLOCKING}}}item", jid=jid)
    _send_each(listeners, push)


def _push_lists(bare: str, names: list[str], *, everybody: bool) -> None:
    """XEP-0016 section 2.2, rule 10: only the name."""
    listeners = [
        each for each in wire().sessions_of(bare) if everybody or WANTS_LISTS in each.notes
    ]
    for name in names:
        push = stanza("iq", type_="set", id_=f"privacy-{new_id()}")
        add(add(push, f"{{{PRIVACY}}}query"), f"{{{PRIVACY}}}list", name=name)
        _send_each(listeners, push)


def _send_each(listeners: Iterable[Session], push: Element) -> None:
    packed = Packed.pack(push)
    for session in listeners:
        session.send(packed.addressed(to=session.jid.full, sender=session.bare))


@hears(PrivacyChanged)
async def hear_of_change(news: PrivacyChanged) -> None:
    """Somebody else than the owner's client has changed them."""
    await take_effect(news.user_id, news.bare)


@hears(AccountRemoved)
async def forget(news: AccountRemoved) -> None:
    """Whoever gets the name next keeps nobody away."""
    guard.forget(news.bare)

"""The registry: a feature declares what it answers, where, and what disco says of it.

One XEP is one module that makes one `Feature` and hangs its handlers on it. Nothing lists the
modules: `core.discovery` finds them. Disco, stream features and the table of XEPs come from here.
"""

import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from chatops.core.wire import Session
from chatops.xmpp.elements import Element, SlixmppStanza
from chatops.xmpp.errors import NotFound, Refused, Unavailable
from chatops.xmpp.jid import JID

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """A kind of addressee. `label` is the sub-service's label, '' for the domain itself."""

    label: str
    node: bool  # True: node@host, an account or a room; False: the bare host


DOMAIN = Address(
    "", node=False
)  # the service; also an IQ without `to` that names no account feature
ACCOUNT = Address("", node=True)  # a bare JID, answered by the service on the account's behalf
ITSELF = Address("@", node=False)  # the domain, for presence that names it as its addressee
ELSEWHERE = Address("*", node=True)  # no account of ours: for subscriptions that our clients send


@dataclass(frozen=True, slots=True)
class IqRequest:
    """An IQ of type get or set that the service answers itself."""

    stanza: Element
    payload: Element
    sender: JID
    to: JID  # never empty: without `to` it is the sender's bare JID (RFC 6120 section 8.1.2.1)
    type: str
    session: Session | None  # None for foreign domains

    @property
    def id(self) -> str:
        return self.stanza.get("id", "")

    def own_session(self, refusal: Callable[[], Refused]) -> Session:
        """The session that asks about its own account; raises that refusal for anybody else's."""
        if self.session is None or self.to.bare != self.session.bare:
            raise refusal()
        return self.session


@dataclass(frozen=True, slots=True)
class StrangerRequest:
    """An IQ on a stream that nobody has logged in on yet, as XEP-0077 section 3.1 has it."""

    stanza: Element
    payload: Element
    type: str
    address: str  # the client's network address
    secure: bool  # under TLS, or as good as that (loopback)
    notes: dict[str, Any]  # what features remember of this stream, under their own names


# Noted on a stream (`StrangerRequest.notes`): so many seconds after its beginning it must log in.
PATIENCE = "patience"

Payload: TypeAlias = Element | SlixmppStanza | None
IqHandler: TypeAlias = Callable[[IqRequest], Awaitable[Payload]]
StrangerHandler: TypeAlias = Callable[[StrangerRequest], Awaitable[Payload]]
NonzaHandler: TypeAlias = Callable[[Session, Element], Awaitable[None] | None]
StanzaHandler: TypeAlias = Callable[[Element, JID, JID, Session | None], Awaitable[None] | None]
DeviceCheck: TypeAlias = Callable[[JID, JID], Awaitable[None]]
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Identity:
    """XEP-0030 identity."""

    category: str
    type: str
    name: str


def _always() -> bool:
    return True


@dataclass
class Feature:
    """An XEP (or RFC part) that is supported: ``Feature("XEP-0199", (PING,), at=(DOMAIN,))``.

    `namespaces` are announced by disco#info at every address of `at`, as long as it is `enabled`.
    """

    spec: str
    namespaces: tuple[str, ...] = ()
    at: tuple[Address, ...] = (DOMAIN,)
    level: str = "complete"  # or "partial", for the table of XEPs
    note: str = ""
    enabled: Callable[[], bool] = _always  # the settings may switch it off
    module: str = field(default="", init=False)

    def __post_init__(self) -> None:
        # The caller of the dataclass's __init__: whoever declares the feature.
        self.module = sys._getframe(2).f_globals["__name__"]
        registry.features.append(self)

    def iq(self, type_: str, tag: str, at: tuple[Address, ...] | None = None) -> Callable[[H], H]:
        """Answer IQs of that type whose payload is ``{namespace}tag``.

        The handler returns the payload of the result (None: empty) or raises Refused.
        """

        def register(handler: H) -> H:
            for address in at or self.at:
                key = (address, type_, tag)
                if key in registry.iqs:
                    raise RuntimeError(f"{key} is answered twice")
                registry.iqs[key] = self._while_enabled(handler)
            return handler

        return register

    def _while_enabled(self, handler: Any) -> Any:
        if self.enabled is _always:
            return handler

        async def answer(request: IqRequest) -> Any:
            if not self.enabled():
                raise Unavailable("Nothing here answers that request.")
            return await handler(request)

        return answer

    def presence(self, address: Address) -> Callable[[H], H]:
        """Take presence to that kind of address: ``handler(stanza, sender, to, session)``."""
        return self._stanzas(registry.presences, address)

    def message(self, address: Address, having: str = "") -> Callable[[H], H]:
        """Take messages to that kind of address (accounts have the pipeline instead).

        `having`: only those with such a child, ``{namespace}tag``; they come before the others.
        """
        return self._stanzas(registry.messages.setdefault(having, {}), address)

    def relay(self, address: Address) -> Callable[[H], H]:
        """Take whole IQ stanzas, results too, sent to a full JID there (an occupant of a room)."""
        return self._stanzas(registry.relays, address)

    def with_bind(self, tag: str, var: str) -> Callable[[H], H]:
        """Have ``begin(session, element)`` called for such a child of Bind 2's (XEP-0386).

        `var` is what is announced.
        """

        def register(begin: H) -> H:
            registry.inline_binds[tag] = begin
            registry.inline_features.add(var)
            return begin

        return register

    def told_when_bound(self, tell: H) -> H:
        """Add what ``async tell(session)`` returns to what Bind 2 answers; None for nothing."""
        registry.bound_news.append(tell)
        return tell

    def iq_to_device(self, tag: str) -> Callable[[H], H]:
        """Have ``async check(sender, to)`` raise Refused before a device is asked such a thing."""

        def register(check: H) -> H:
            registry.device_checks[tag] = check
            return check

        return register

    def stream_feature(self, build: Callable[[], Element]) -> Callable[[], Element]:
        """Announce an element among the stream features after authentication."""
        registry.stream_features.append(build)
        return build

    def first_stream_feature(
        self, build: Callable[[bool], Element | None]
    ) -> Callable[[bool], Element | None]:
        """Announce ``build(secure)``, unless it is None, before authentication."""
        registry.first_stream_features.append(build)
        return build

    def iq_of_strangers(self, type_: str, tag: str) -> Callable[[H], H]:
        """Answer IQs that come before authentication: ``handler(request: StrangerRequest)``."""

        def register(handler: H) -> H:
            registry.strangers_iqs[type_, tag] = handler
            return handler

        return register

    def nonza(self, tag: str) -> Callable[[H], H]:
        """Take elements of a bound stream that are no stanzas: ``handler(session, element)``."""

        def register(handler: H) -> H:
            registry.nonzas[tag] = handler
            return handler

        return register

    def info(self, address: Address, node: str = "") -> Callable[[H], H]:
        """Add to disco#info there, or answer for a node: ``async hook(request, info)``.

        For the domain and for accounts; a sub-service has its own hook (`SubService.info`).
        """

        def register(hook: H) -> H:
            registry.info_hooks.setdefault((address, node), []).append(hook)
            return hook

        return register

    def own_node(self, address: Address) -> Callable[[H], H]:
        """Have ``is_own(node)`` say which further nodes of disco#info stand for the address."""

        def register(is_own: H) -> H:
            registry.own_nodes.setdefault(address, []).append(is_own)
            return is_own

        return register

    def items(self, address: Address, node: str = "") -> Callable[[H], H]:
        """Add to disco#items there, or answer for a node: ``async hook(request) -> list[Item]``."""

        def register(hook: H) -> H:
            registry.items_hooks.setdefault((address, node), []).append(hook)
            return hook

        return register

    def on_session(self, moment: str) -> Callable[[H], H]:
        """Call ``handler(session)`` at a moment of its life; a coroutine is awaited.

        "bound", "bound inline" (XEP-0386, before "bound"), "ended";
        "presence": it has said that it is available, or is so in another way;
        "available": its presence came to have a priority of 0 or more, so messages may flow.
        """

        def register(handler: H) -> H:
            registry.session_hooks.setdefault(moment, []).append(handler)
            return handler

        return register

    def when_started(self, begin: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Call it when the service starts, before anybody can connect."""
        registry.beginnings.append(begin)
        return begin

    def when_stopping(self, end: Callable[[], None]) -> Callable[[], None]:
        """Call it when the service is about to stop, while everybody is still connected."""
        registry.endings.append(end)
        return end

    def when_loaded(self, complete: Callable[[], None]) -> Callable[[], None]:
        """Call it when every module has been loaded, so that all that is declared is known."""
        registry.completions.append(complete)
        return complete

    def _stanzas(self, table: dict[Address, Any], address: Address) -> Callable[[H], H]:
        def register(handler: H) -> H:
            if address in table:
                raise RuntimeError(f"{address} is taken twice")
            table[address] = handler
            return handler

        return register


class NoSuchNode(NotFound):
    """There is no such node here."""


@dataclass
class SubService:
    """A host of its own below the domain: ``conference.`` and its like.

    Its hooks raise NoSuchNode for a node of disco that they do not know; without hooks none is.
    """

    label: str
    identity: Identity
    info: "InfoHook | None" = None  # extends disco#info of a node
    items: "ItemsHook | None" = None  # disco#items of the host and of a node

    def __post_init__(self) -> None:
        registry.subservices[self.label] = self

    @property
    def host(self) -> Address:
        return Address(self.label, node=False)

    @property
    def node(self) -> Address:
        return Address(self.label, node=True)


@dataclass
class Info:
    """What disco#info answers; hooks add to it or raise Refused."""

    identities: list[Identity] = field(default_factory=list)
    features: set[str] = field(default_factory=set)
    forms: list[Element] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Item:
    """One of disco#items."""

    jid: str
    name: str = ""
    node: str = ""


class ItemPage(list[Item]):
    """Some of many items; `info` is the ``<set/>`` that says so (XEP-0059 section 2.6)."""

    def __init__(self, items: Iterable[Item], info: Element) -> None:
        super().__init__(items)
        self.info = info


InfoHook: TypeAlias = Callable[[IqRequest, Info], Awaitable[None]]
ItemsHook: TypeAlias = Callable[[IqRequest], Awaitable[list[Item]]]


@dataclass
class Registry:
    """All that has been declared."""

    features: list[Feature] = field(default_factory=list)
    iqs: dict[tuple[Address, str, str], IqHandler] = field(default_factory=dict)
    presences: dict[Address, StanzaHandler] = field(default_factory=dict)
    messages: dict[str, dict[Address, StanzaHandler]] = field(default_factory=dict)
    device_checks: dict[str, DeviceCheck] = field(default_factory=dict)
    relays: dict[Address, StanzaHandler] = field(default_factory=dict)
    stream_features: list[Callable[[], Element]] = field(default_factory=list)
    first_stream_features: list[Callable[[bool], Element | None]] = field(default_factory=list)
    strangers_iqs: dict[tuple[str, str], StrangerHandler] = field(default_factory=dict)
    nonzas: dict[str, NonzaHandler] = field(default_factory=dict)
    info_hooks: dict[tuple[Address, str], list["InfoHook"]] = field(default_factory=dict)
    inline_binds: dict[str, Callable[[Session, Element], None]] = field(default_factory=dict)
    inline_features: set[str] = field(default_factory=set)
    bound_news: list[Callable[[Session], Awaitable[Element | None]]] = field(default_factory=list)
    own_nodes: dict[Address, list[Callable[[str], bool]]] = field(default_factory=dict)
    items_hooks: dict[tuple[Address, str], list["ItemsHook"]] = field(default_factory=dict)
    session_hooks: dict[str, list[Callable[[Session], Awaitable[None] | None]]] = field(
        default_factory=dict
    )
    subservices: dict[str, SubService] = field(default_factory=dict)
    completions: list[Callable[[], None]] = field(default_factory=list)
    beginnings: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    endings: list[Callable[[], None]] = field(default_factory=list)

    def namespaces(self, address: Address) -> set[str]:
        """What disco#info announces at that kind of address."""
        return {
            namespace
            for feature in self.features
            if address in feature.at and feature.enabled()
            for namespace in feature.namespaces
        }

    def message_handler(self, address: Address, element: Element) -> StanzaHandler | None:
        """Who takes a message to that kind of address: for one of its children, or for any."""
        for having, handlers in self.messages.items():
            if having and address in handlers and element.find(having) is not None:
                return handlers[address]
        return self.messages.get("", {}).get(address)


registry = Registry()


async def run_hooks(moment: str, session: Session) -> None:
    """Call what features have hung on that moment; one's failure does not keep the others."""
    for hook in registry.session_hooks.get(moment, ()):
        try:
            pending = hook(session)
            if pending is not None:
                await pending
        except Exception:
            logger.exception("at session %s", moment)

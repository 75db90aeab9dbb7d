"""Service discovery, XEP-0030: made from the registry: what works is announced, no more."""

from django.conf import settings

from chatops.accounts.visibility import sees_presence
from chatops.core.features import (
    ACCOUNT,
    DOMAIN,
    Address,
    Feature,
    Identity,
    Info,
    IqRequest,
    Item,
    ItemPage,
    NoSuchNode,
    SubService,
    registry,
)
from chatops.core.wire import wire
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.jid import parse
from chatops.xmpp.names import DISCO_INFO, DISCO_ITEMS

disco = Feature("XEP-0030", (DISCO_INFO, DISCO_ITEMS), at=(DOMAIN, ACCOUNT))

SERVER = Identity("server", "im", "ChatOps")
PERSON = Identity("account", "registered", "")


@disco.iq("get", f"{{{DISCO_INFO}}}query", at=(DOMAIN,))
async def describe_domain(request: IqRequest) -> Element:
    """Section 3.1, for the service and for nodes of it."""
    return await _describe(request, DOMAIN, SERVER)


async def domain_info() -> Element:
    """What the service says of itself, for its own hash (XEP-0115)."""
    domain = parse(settings.CHATOPS_DOMAIN)
    payload = make(f"{{{DISCO_INFO}}}query")
    return await describe_domain(IqRequest(payload, payload, domain, domain, "get", None))


@disco.iq("get", f"{{{DISCO_INFO}}}query", at=(ACCOUNT,))
async def describe_account(request: IqRequest) -> Element:
    """Section 3.1, for an account: to its owner and to those who may see its presence."""
    await _must_be_visible(request)
    return await _describe(request, ACCOUNT, PERSON)


@disco.iq("get", f"{{{DISCO_ITEMS}}}query", at=(DOMAIN,))
async def list_domain(request: IqRequest) -> Element:
    """Section 4.1: the sub-services, or what features say of a node."""
    return await _list(
        request,
        DOMAIN,
        [
            Item(f"{label}.{settings.CHATOPS_DOMAIN}", service.identity.name)
            for label, service in sorted(registry.subservices.items())
        ],
    )


@disco.iq("get", f"{{{DISCO_ITEMS}}}query", at=(ACCOUNT,))
async def list_account(request: IqRequest) -> Element:
    """Section 4.1, for an account: its available resources, to those who may know (section 8)."""
    await _must_be_visible(request)
    return await _list(
        request,
        ACCOUNT,
        [
            Item(session.jid.full)
            for session in wire().sessions_of(request.to.bare)
            if session.presence is not None
        ],
    )


async def _describe(request: IqRequest, address: Address, identity: Identity) -> Element:
    asked = request.payload.get("node", "")
    stands_for_it = any(is_own(asked) for is_own in registry.own_nodes.get(address, ()))
    node = "" if stands_for_it else asked
    hooks = registry.info_hooks.get((address, node), [])
    if node and not hooks:
        raise NoSuchNode
    info = Info() if node else Info([identity], registry.namespaces(address))
    for hook in hooks:
        await hook(request, info)
    return _info_element(info, asked or None)


async def _list(request: IqRequest, address: Address, items: list[Item]) -> Element:
    node = request.payload.get("node", "")
    hooks = registry.items_hooks.get((address, node), [])
    if node and not hooks:
        raise NoSuchNode
    found = [] if node else items
    for hook in hooks:
        found.extend(await hook(request))
    return _items_element(found, node or None)


async def _must_be_visible(request: IqRequest) -> None:
    """The owner, and contacts that may see the account's presence; others learn nothing."""
    if not await sees_presence(request.sender.bare, request.to.bare):
        raise Unavailable("Nothing here answers that request.")


@disco.when_loaded
def answer_for_subservices() -> None:
    """Every sub-service that is declared is described by its own hooks."""
    for service in registry.subservices.values():
        answers = SubServiceDisco(service)
        for address in (service.host, service.node):
            disco.iq("get", f"{{{DISCO_INFO}}}query", at=(address,))(answers.info)
            disco.iq("get", f"{{{DISCO_ITEMS}}}query", at=(address,))(answers.items)


class SubServiceDisco:
    """disco of one sub-service and of what it holds."""

    def __init__(self, service: SubService) -> None:
        self._service = service

    async def info(self, request: IqRequest) -> Element:
        info = Info(
            features={DISCO_INFO, DISCO_ITEMS} | registry.namespaces(self._address(request))
        )
        if not request.to.local:
            info.identities.append(self._service.identity)
        if self._service.info is not None:
            await self._service.info(request, info)
        elif request.payload.get("node"):
            raise NoSuchNode
        return _info_element(info, request.payload.get("node"))

    async def items(self, request: IqRequest) -> Element:
        found: list[Item] = []
        if self._service.items is not None:
            found = await self._service.items(request)
        elif request.payload.get("node"):
            raise NoSuchNode
        return _items_element(found, request.payload.get("node"))

    def _address(self, request: IqRequest) -> Address:
        return self._service.node if request.to.local else self._service.host


def _info_element(info: Info, node: str | None = None) -> Element:
    query = make(f"{{{DISCO_INFO}}}query", node=node)
    for identity in info.identities:
        add(
            query,
            f"{{{DISCO_INFO}}}identity",
            category=identity.category,
            type_=identity.type,
            name=identity.name or None,
        )
    for namespace in sorted(info.features):
        add(query, f"{{{DISCO_INFO}}}feature", var=namespace)
    query.extend(info.forms)
    return query


def _items_element(items: list[Item], node: str | None = None) -> Element:
    query = make(f"{{{DISCO_ITEMS}}}query", node=node)
    for item in items:
        add(
            query,
            f"{{{DISCO_ITEMS}}}item",
            jid=item.jid,
            name=item.name or None,
            node=item.node or None,
        )
    if isinstance(items, ItemPage):
        query.append(items.info)
    return query

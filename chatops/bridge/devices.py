"""Whose requests a device gets, RFC 6121 section 8.5.3.1.

The RFC would have devices asked only by those who see their presence; other servers let everybody
ask who knows the resource, and clients count on it. CHATOPS_DEVICE_REQUESTS decides.
"""

from django.conf import settings

from chatops.accounts.visibility import sees_presence
from chatops.core.features import registry
from chatops.core.wire import wire
from chatops.xmpp.elements import Element, tag_of
from chatops.xmpp.errors import Unavailable
from chatops.xmpp.jid import JID


class NoSuchDevice(Unavailable):
    """That device is not connected."""


def is_free(request: Element, asker: JID, device: JID) -> bool:
    """Whether nothing has to be looked up before the device is asked."""
    if request.get("type") not in ("get", "set") or asker.bare == device.bare:
        return True
    checked = tag_of(request[0]) in registry.device_checks
    return settings.CHATOPS_DEVICE_REQUESTS == "everybody" and not checked


async def must_be_askable(request: Element, asker: JID, device: JID) -> None:
    """Raises NoSuchDevice for who must not learn that it is there, or what a feature refuses."""
    check = registry.device_checks.get(tag_of(request[0]))
    if check is not None and request.get("type") == "get":
        await check(asker, device)
    if settings.CHATOPS_DEVICE_REQUESTS == "everybody":
        return
    if not await _shows_presence(device, asker.bare):
        raise NoSuchDevice


async def _shows_presence(device: JID, asker: str) -> bool:
    """By a subscription, or because it has said directly that it is there (section 4.6)."""
    session = wire().session(device)
    if session is None:
        return False
    if any(greeted.partition("/")[0] == asker for greeted in session.directed):
        return True
    return await sees_presence(asker, device.bare)

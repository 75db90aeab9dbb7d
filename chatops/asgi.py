"""The ASGI application: Django's pages, the WebSocket and BOSH doors, the live pages' socket."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatops.settings")
pages = get_asgi_application()

from chatops.bridge.doors.bosh.door import bosh_door  # noqa: E402 - needs the apps loaded
from chatops.bridge.doors.websocket import websocket_door  # noqa: E402 - needs the apps loaded
from chatops.console.routing import websocket_urlpatterns  # noqa: E402


async def http(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Pages, but for the one address where clients talk."""
    if settings.CHATOPS_BOSH and scope["path"].rstrip("/") == "/http-bind":
        await bosh_door(scope, receive, send)
    else:
        await pages(scope, receive, send)  # type: ignore[arg-type]  # its types are asgiref's


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter(
            [
                path("xmpp-websocket", websocket_door),  # type: ignore[arg-type]
                re_path(
                    "",  # the rest: below it, the console's own routes
                    AllowedHostsOriginValidator(
                        AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
                    ),
                ),
            ]
        ),
    }
)

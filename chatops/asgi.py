"""The ASGI application: Django's pages, the WebSocket door, the live pages' socket."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatops.settings")
pages = get_asgi_application()

from chatops.bridge.doors.websocket import websocket_door  # noqa: E402 - needs the apps loaded
from chatops.console.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": pages,
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

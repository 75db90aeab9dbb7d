"""The live pages' WebSocket routes."""

from django.urls import URLPattern, path

from chatops.console.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/live/", LiveConsumer.as_asgi())]

"""The start page and its live socket: nobody sees, or breaks, more than he may."""

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import Permission
from django.test import Client

from chatops.accounts.models import User
from chatops.console.consumers import MOST_GROUPS, LiveConsumer
from chatops.notices.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)


def staff(name: str, *permissions: str) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.mark.parametrize(
    ("permissions", "sees"), [((), False), (("view_notice", "view_room"), True)]
)
def test_titles_are_shown_to_those_who_may_see_them(
    permissions: tuple[str, ...], *, sees: bool
) -> None:
    Notice.objects.create(subject="Redundancies", body="x", state=Notice.State.SENT)
    client = Client()
    client.force_login(staff("carol", *permissions))
    page = client.get("/admin/").content.decode()
    assert ("Redundancies" in page) is sees
    assert ("Rooms with people" in page) is sees


async def connected(user: Any) -> ApplicationCommunicator:
    scope = {"type": "websocket", "path": "/ws/live/", "headers": [], "user": user}
    socket = ApplicationCommunicator(LiveConsumer.as_asgi(), scope)
    await socket.send_input({"type": "websocket.connect"})
    return socket


async def said(socket: ApplicationCommunicator) -> dict[str, Any]:
    return dict(await socket.receive_output(10))


@pytest.mark.parametrize("text", ["not json", "", "{"])
async def test_what_is_not_json_closes_its_own_socket(text: str) -> None:
    socket = await connected(User(username="root", is_staff=True, is_superuser=True))
    assert (await said(socket))["type"] == "websocket.accept"
    await socket.send_input({"type": "websocket.receive", "text": text})
    closing = await said(socket)
    assert (closing["type"], closing["code"]) == ("websocket.close", 1007)
    await socket.send_input({"type": "websocket.disconnect", "code": 1007})
    await socket.wait(10)


async def test_groups_of_any_kind_are_bounded_and_odd_ones_left_out() -> None:
    consumer = LiveConsumer()
    consumer.followed, consumer.scope = set(), {"user": User(is_staff=True, is_superuser=True)}
    consumer.channel_name = "test"

    class Layer:
        async def group_add(self, group: str, channel: str) -> None:
            assert len(group) < 100

    consumer.channel_layer = Layer()
    odd = ["room-" + "1" * 200, "room-", "room-\u0661", "else-1", 7, "message-1"]
    await consumer.receive_json({"follow": odd[:4] + odd[5:]})
    assert consumer.followed == {"message-1"}
    for start in range(0, 200, 10):
        await consumer.receive_json({"follow": [f"room-{start + n}" for n in range(10)]})
    assert len(consumer.followed) == MOST_GROUPS
    await consumer.receive_json(json.loads('{"follow": "room-1"}'))


async def test_a_stranger_is_not_let_in() -> None:
    socket = await connected(None)
    assert (await said(socket))["type"] == "websocket.close"


async def test_nobody_follows_anothers_exports() -> None:
    consumer = LiveConsumer()
    user = User(pk=7, is_staff=True, is_superuser=True)
    consumer.followed, consumer.scope = set(), {"user": user}
    consumer.channel_name, added = "test", []

    class Layer:
        async def group_add(self, group: str, channel: str) -> None:
            added.append(group)

    consumer.channel_layer = Layer()
    await consumer.receive_json({"follow": ["exports-7", "exports-77", "exports-8"]})
    assert added == ["exports-7"]

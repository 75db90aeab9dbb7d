"""A room's whole life with slixmpp's own XEP-0045 plugin, as a program uses it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slixmpp import JID

from tests.conftest import Person
from tests.journeys import SlixmppClient
from tests.service import ServiceProcess

pytestmark = pytest.mark.spec("XEP-0045")

PATIENCE = 20
_numbers = itertools.count()


class Listener(SlixmppClient):
    """Keeps, too, what the plugin tells of rooms."""

    def __init__(self, service: ServiceProcess, person: Person) -> None:
        super().__init__(service, person.name, "slixmpp")
        self.told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        for event in (
            "groupchat_message",
            "groupchat_subject",
            "groupchat_presence",
            "groupchat_invite",
            "groupchat_config_status",
        ):
            self.add_event_handler(event, lambda told, event=event: self.note(event, told))

    def note(self, event: str, told: Any) -> None:
        self.told.put_nowait((event, told))

    async def hears(self, event: str, **wanted: str) -> Any:
        """The next such event whose stanza has these values; others are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                name, told = await self.told.get()
                if name == event and all(str(told[key]) == want for key, want in wanted.items()):
                    return told


@asynccontextmanager
async def connected(service: ServiceProcess, *people: Person) -> AsyncIterator[list[Listener]]:
    clients = [Listener(service, person) for person in people]
    try:
        for client in clients:
            await client.come()
        yield clients
    finally:
        for client in clients:
            await client.leave()


async def test_a_room_from_its_beginning_to_its_end(
    service: ServiceProcess, alice: Person, bob: Person, charlie: Person
) -> None:
    room = JID(f"slixmpp{next(_numbers)}-{alice.name}@conference.{service.domain}")
    async with connected(service, alice, bob, charlie) as (owner, guest, other):
        muc = {client: client.plugin["xep_0045"] for client in (owner, guest, other)}

        # Made, and configured by the form that the service sends.
        own, *_ = await muc[owner].join_muc_wait(room, "alice", maxstanzas=0)
        assert {110, 201} <= set(own["muc"]["status_codes"])
        form = await muc[owner].get_room_config(room)
        form["type"] = "submit"
        form.set_values(
            {
                "muc#roomconfig_roomname": "Tea",
                "muc#roomconfig_membersonly": True,
                "muc#roomconfig_allowinvites": True,
            }
        )
        await muc[owner].set_room_config(room, form)

        # A member by the owner's list, another one by that member's invitation.
        await muc[owner].set_affiliation(room, "member", jid=JID(bob.jid))
        await muc[guest].join_muc_wait(room, "bob", maxstanzas=0)
        await owner.hears("groupchat_presence", **{"from": f"{room}/bob"})
        muc[guest].invite(room, JID(charlie.jid), reason="tea")
        await other.hears("groupchat_invite", **{"from": str(room)})
        await muc[other].join_muc_wait(room, "charlie", maxstanzas=0)

        # They talk, in the open and apart, and the owner changes the subject.
        guest.send_message(mto=room, mbody="Tea?", mtype="groupchat")
        for client in (owner, guest, other):
            await client.hears("groupchat_message", **{"from": f"{room}/bob", "body": "Tea?"})
        other.send_message(mto=JID(f"{room}/bob"), mbody="psst", mtype="chat")
        whisper = await guest.next_message("psst")
        assert str(whisper["from"]) == f"{room}/charlie"
        muc[owner].set_subject(room, "Milk")
        await guest.hears("groupchat_subject", subject="Milk")

        # Voice is taken, lists are read, somebody is banned, and the room ends.
        await muc[owner].set_role(room, "charlie", "none", reason="noise")
        gone = await guest.hears(
            "groupchat_presence", **{"from": f"{room}/charlie", "type": "unavailable"}
        )
        assert 307 in gone["muc"]["status_codes"]
        assert gone["muc"]["item"]["reason"] == "noise"
        members = await muc[owner].get_affiliation_list(room, "member")
        assert {str(jid) for jid in members} == {bob.jid, charlie.jid}
        await muc[owner].set_affiliation(room, "outcast", jid=JID(charlie.jid))
        assert [str(jid) for jid in await muc[owner].get_affiliation_list(room, "outcast")] == [
            charlie.jid
        ]
        await muc[owner].destroy(room, reason="enough")
        await guest.hears("groupchat_presence", **{"from": f"{room}/bob", "type": "unavailable"})


@pytest.mark.spec(
    "XEP-0045 §8.5", "XEP-0045 §8.6", "XEP-0410", "XEP-0421", "XEP-0425", "XEP-0313 §6.2.3"
)
async def test_a_moderated_room_with_what_belongs_to_it(
    service: ServiceProcess, alice: Person, bob: Person
) -> None:
    room = JID(f"slixmpp{next(_numbers)}-{alice.name}@conference.{service.domain}")
    async with connected(service, alice, bob) as (owner, guest):
        muc = {client: client.plugin["xep_0045"] for client in (owner, guest)}
        for client in (owner, guest):
            for plugin in ("xep_0313", "xep_0317", "xep_0410", "xep_0421", "xep_0425"):
                client.register_plugin(plugin)
            client.add_event_handler(
                "moderated_message", lambda told, at=client: at.note("moderated", told)
            )
        owner.add_event_handler("message_xform", lambda told: owner.note("asked", told))
        await muc[owner].join_muc_wait(room, "alice", maxstanzas=0)
        form = await muc[owner].get_room_config(room)
        form["type"] = "submit"
        form.set_values({"muc#roomconfig_moderatedroom": True})
        await muc[owner].set_room_config(room, form)
        info = await guest.plugin["xep_0030"].get_info(room)
        assert "urn:xmpp:occupant-id:0" in info["disco_info"]["features"]

        # A visitor has no voice, asks for it by another name, and gets it.
        own, *_ = await muc[guest].join_muc_wait(room, "bob", maxstanzas=0)
        assert own["muc"]["role"] == "visitor"
        who = own["occupant-id"]["id"]
        assert await muc[guest].set_self_nick(room, "robert") == "robert"
        muc[guest].request_voice(room, "participant")
        request = await owner.hears("asked", **{"from": str(room)})
        assert request["form"].get_values()["muc#roomnick"] == "robert"
        assert await muc[owner].get_roles_list(room, "visitor") == ["robert"]
        await muc[owner].set_role(room, "robert", "participant")
        while (told := await guest.hears("groupchat_presence", **{"from": f"{room}/robert"}))[
            "muc"
        ]["role"] != "participant":
            pass

        # What he says then has his id; a moderator takes it back, and the archive says so.
        guest.send_message(mto=room, mbody="spam", mtype="groupchat")
        heard = await owner.hears("groupchat_message", body="spam")
        assert heard["occupant-id"]["id"] == told["occupant-id"]["id"] == who
        await owner.plugin["xep_0425"].moderate(room, heard["stanza_id"]["id"], "Not here.")
        moderated = await guest.hears("moderated", **{"from": str(room)})
        assert moderated["retract"]["id"] == heard["stanza_id"]["id"]
        assert moderated["retract"]["reason"] == "Not here."
        kept = [
            each["mam_result"]["forwarded"]["stanza"]
            async for each in guest.plugin["xep_0313"].iterate(jid=room)
        ]
        assert [str(each["from"]) for each in kept][:1] == [f"{room}/robert"]
        assert kept[0]["body"] == ""

        # The self-ping tells who is inside, and who is not any more.
        nick = JID(f"{room}/robert")
        ping = guest.plugin["xep_0410"].send_self_ping
        assert (await ping(nick)).name == "JOINED"
        await muc[owner].set_role(room, "robert", "none")
        await guest.hears("groupchat_presence", **{"type": "unavailable", "from": str(nick)})
        assert (await ping(nick)).name == "DISCONNECTED"

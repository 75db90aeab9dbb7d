"""What makes no sense to a room is answered, and hurts nobody.

That the service has logged no exception is seen to at the end of all tests.
"""

import pytest

from tests.conftest import Person
from tests.protocol.xep_0045.talk import MUC, USER, condition, enter, settled, tea_room

pytestmark = pytest.mark.spec("XEP-0045")

OWNER, ADMIN, DATA = f"{MUC}#owner", f"{MUC}#admin", "jabber:x:data"
COMMANDS, HATS = "http://jabber.org/protocol/commands", "urn:xmpp:hats:commands"
MAM, RSM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm"
LONG = "n" * 201
INVITES = "<invite to='a@b'/>" * 51


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (f"<query xmlns='{ADMIN}'/>", "bad-request"),
        (f"<query xmlns='{ADMIN}'><item/></query>", "bad-request"),
        (f"<query xmlns='{ADMIN}'><item affiliation='king' jid='a@b'/></query>", "bad-request"),
        (f"<query xmlns='{ADMIN}'><item affiliation='member'/></query>", "item-not-found"),
        (f"<query xmlns='{ADMIN}'><item affiliation='member' jid='@'/></query>", "jid-malformed"),
        (f"<query xmlns='{ADMIN}'><item role='none' nick=''/></query>", "item-not-found"),
        (f"<query xmlns='{OWNER}'/>", "bad-request"),
        (f"<query xmlns='{OWNER}'><x xmlns='{DATA}'/></query>", "bad-request"),
        (f"<query xmlns='{OWNER}'><x xmlns='{DATA}' type='submit'><field/></x></query>", ""),
        (f"<query xmlns='{OWNER}'><destroy jid='@'/></query>", "jid-malformed"),
        (
            f"<query xmlns='{OWNER}'><x xmlns='{DATA}' type='submit'>"
            f"<field var='muc#roomconfig_roomname'><value>{'x' * 201}</value></field></x></query>",
            "not-acceptable",
        ),
        ("<query xmlns='urn:example:unknown'/>", "service-unavailable"),
        (
            f"<query xmlns='{ADMIN}'><item affiliation='member' jid='a@b' nick='{LONG}'/></query>",
            "not-acceptable",
        ),
        (
            f"<query xmlns='{ADMIN}'><item affiliation='member' jid='a@b' nick=' '/></query>",
            "not-acceptable",
        ),
        (f"<command xmlns='{COMMANDS}'/>", "item-not-found"),
        (f"<command xmlns='{COMMANDS}' node='{HATS}:create' action='odd'/>", ""),
        (
            f"<command xmlns='{COMMANDS}' node='{HATS}:create'><x xmlns='{DATA}'/></command>",
            "bad-request",
        ),
        (
            f"<command xmlns='{COMMANDS}' node='{HATS}:assign'><x xmlns='{DATA}' type='submit'>"
            "<field var='hats#jid'><value>@</value></field></x></command>",
            "jid-malformed",
        ),
        (
            "<vCard xmlns='vcard-temp'><PHOTO><BINVAL>*</BINVAL></PHOTO></vCard>",
            "bad-request",
        ),
        (f"<query xmlns='{MAM}'><x xmlns='{DATA}' type='submit'/></query>", "bad-request"),
        (
            f"<query xmlns='{MAM}'><set xmlns='{RSM}'><after>x</after></set></query>",
            "item-not-found",
        ),
        (
            f"<query xmlns='{MAM}'><set xmlns='{RSM}'><index>3</index></set></query>",
            "feature-not-implemented",
        ),
        (f"<prefs xmlns='{MAM}' default='never'/>", "service-unavailable"),
        ("<apply-to xmlns='urn:xmpp:fasten:0'/>", "bad-request"),
        ("<moderate xmlns='urn:xmpp:message-moderate:1' id='1'/>", "bad-request"),
    ],
)
async def test_odd_requests_get_their_errors(alice: Person, payload: str, expected: str) -> None:
    owner = await alice.online()
    room = await tea_room(owner)
    answer = await owner.ask(f"<iq type='set' id='odd' to='{room}'>{payload}</iq>")
    assert condition(answer) == expected
    await settled(owner)


@pytest.mark.parametrize(
    ("stanza", "expected"),
    [
        ("<presence to='{room}'/>", "jid-malformed"),
        (f"<presence to='{{room}}/{LONG}'/>", "jid-malformed"),
        ("<presence to='conference.localhost/x'/>", "service-unavailable"),
        ("<presence to='{room}/x' type='probe'/>", ""),
        ("<presence to='{room}/x' type='error'/>", ""),
        ("<presence to='{room}' type='unavailable'/>", ""),
        ("<message to='{room}'/>", "bad-request"),
        ("<message to='{room}' type='chat'><body>x</body></message>", "bad-request"),
        ("<message to='{room}/bob' type='groupchat'><body>x</body></message>", "bad-request"),
        ("<message to='{room}' type='error'/>", ""),
        ("<message to='{room}/x' type='error'><error/></message>", ""),
        (f"<message to='{{room}}'><x xmlns='{DATA}' type='submit'/></message>", "bad-request"),
        (f"<message to='{{room}}'><x xmlns='{USER}'/></message>", "bad-request"),
        (f"<message to='{{room}}'><x xmlns='{USER}'><invite/></x></message>", "jid-malformed"),
        (
            f"<message to='{{room}}'><x xmlns='{USER}'><decline to='{{room}}'/></x></message>",
            "item-not-found",
        ),
        (
            f"<message to='{{room}}'><x xmlns='{USER}'>{INVITES}</x></message>",
            "policy-violation",
        ),
        ("<iq type='result' id='r1' to='{room}/alice'/>", ""),
        (
            "<iq type='get' id='g' to='{room}/x'><ping xmlns='urn:xmpp:ping'/></iq>",
            "item-not-found",
        ),
        ("<message to='conference.localhost'><body>x</body></message>", "service-unavailable"),
    ],
)
async def test_odd_stanzas_get_their_errors_or_silence(
    alice: Person, bob: Person, stanza: str, expected: str
) -> None:
    owner, guest = await alice.online(), await bob.online()
    room = await tea_room(owner)
    await enter(guest, room, "bob")
    await settled(guest)
    await guest.send(stanza.format(room=room))
    if expected:
        assert condition(await guest.next()) == expected
    await settled(guest)
    await owner.send(f"<message to='{room}' type='groupchat'><body>still here</body></message>")
    await owner.wait_for("<message><body>still here</body></message>")

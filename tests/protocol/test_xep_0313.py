"""Message archive management, XEP-0313, in the archives of people."""

import pytest

from tests.conftest import Person
from tests.conversation import Client, Element

pytestmark = pytest.mark.spec("XEP-0313")

MAM = "urn:xmpp:mam:2"


async def query(
    client: Client, form: dict[str, str] | None = None, rsm: str = "", more: str = "", to: str = ""
) -> tuple[list[Element], Element]:
    """The results' forwarded messages, and the answer."""
    fields = "".join(
        f"<field var='{var}'><value>{value}</value></field>" for var, value in (form or {}).items()
    )
    filled = (
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MAM}</value></field>"
        f"{fields}</x>"
        if form is not None
        else ""
    )
    addressed = f"to='{to}'" if to else ""
    await client.send(
        f"<iq type='set' id='mam' {addressed}><query xmlns='{MAM}' queryid='q'>{filled}"
        f"<set xmlns='http://jabber.org/protocol/rsm'>{rsm}</set>{more}</query></iq>"
    )
    results = []
    while (element := await client.next()).tag.endswith("message"):
        assert element.find(f"{{{MAM}}}result[@queryid='q']") is not None
        results.append(element)
    return results, element


def bodies(results: list[Element]) -> list[str | None]:
    return [each.findtext(".//{jabber:client}body") for each in results]


def id_of(result: Element) -> str:
    return result[0].get("id", "")


async def talk(alice: Person, bob: Person, count: int = 5) -> Client:
    """Alice writes m0, m1 … to the absent bob."""
    desk = await alice.bound("desk")
    for number in range(count):
        await desk.send(
            f"<message to='{bob.jid}' type='chat' id='i{number}'><body>m{number}</body></message>"
        )
    return desk


async def test_what_was_just_sent_is_in_both_archives(alice: Person, bob: Person) -> None:
    desk = await talk(alice, bob, 2)
    mine, answer = await query(desk)
    phone = await bob.bound("phone")
    theirs, _ = await query(phone)
    assert bodies(mine) == bodies(theirs) == ["m0", "m1"]
    assert [id_of(each) for each in mine] == [id_of(each) for each in theirs]
    fin = answer.find(f"{{{MAM}}}fin")
    assert fin is not None
    assert fin.get("complete") == "true"
    assert fin.findtext(".//{*}count") == "2"
    message = mine[0].find(".//{jabber:client}message")
    assert message is not None
    assert message.get("from") == desk.jid
    assert mine[0].find(".//{urn:xmpp:delay}delay[@stamp]") is not None


async def test_pages_forwards_backwards_and_flipped(alice: Person, bob: Person) -> None:
    desk = await talk(alice, bob)
    first, answer = await query(desk, rsm="<max>2</max>")
    assert bodies(first) == ["m0", "m1"]
    assert answer[0].get("complete") is None
    second, _ = await query(desk, rsm=f"<max>2</max><after>{id_of(first[1])}</after>")
    assert bodies(second) == ["m2", "m3"]
    third, answer = await query(desk, rsm=f"<max>2</max><after>{id_of(second[1])}</after>")
    assert bodies(third) == ["m4"]
    assert answer[0].get("complete") == "true"
    last, answer = await query(desk, rsm="<max>2</max><before/>", more="<flip-page/>")
    assert bodies(last) == ["m4", "m3"]
    assert answer[0].findtext(".//{*}first") == id_of(last[1])
    before, _ = await query(desk, rsm=f"<max>9</max><before>{id_of(second[1])}</before>")
    assert bodies(before) == ["m0", "m1", "m2"]
    none, answer = await query(desk, rsm="<max>0</max>")
    assert none == []
    assert answer[0].findtext(".//{*}count") == "5"


async def test_a_query_names_a_person_a_time_or_ids(
    alice: Person, bob: Person, charlie: Person
) -> None:
    desk = await talk(alice, bob, 2)
    await desk.send(f"<message to='{charlie.jid}' type='chat'><body>else</body></message>")
    everything, _ = await query(desk)
    assert bodies((await query(desk, {"with": charlie.jid}))[0]) == ["else"]
    assert bodies((await query(desk, {"with": f"{bob.jid}/none"}))[0]) == []
    assert bodies((await query(desk, {"start": "2100-01-01T00:00:00Z"}))[0]) == []
    assert len((await query(desk, {"end": "2100-01-01T00:00:00Z"}))[0]) == 3
    assert bodies((await query(desk, {"after-id": id_of(everything[1])}))[0]) == ["else"]
    assert bodies((await query(desk, {"before-id": id_of(everything[1])}))[0]) == ["m0"]
    assert bodies((await query(desk, {"ids": id_of(everything[1])}))[0]) == ["m1"]


@pytest.mark.parametrize(
    ("form", "rsm", "condition"),
    [
        ({"start": "yesterday"}, "", "bad-request"),
        ({"with": "@@"}, "", "bad-request"),
        ({}, "<max>many</max>", "bad-request"),
        ({}, "<after>unknown</after>", "item-not-found"),
        ({}, "<before>12345</before>", "item-not-found"),
        ({}, f"<before>{2**63 + 1}</before>", "item-not-found"),
        ({"ids": "12345"}, "", "item-not-found"),
        ({"before-id": "12345"}, "", "item-not-found"),
        ({"after-id": "12345"}, "", "item-not-found"),
        ({"with-words": "tea"}, "", "feature-not-implemented"),
        ({"include-groupchat": "perhaps"}, "", "bad-request"),
        ({}, "<index>3</index>", "feature-not-implemented"),
    ],
)
async def test_a_query_that_means_nothing_is_refused(
    alice: Person, form: dict[str, str], rsm: str, condition: str
) -> None:
    client = await alice.bound()
    _, answer = await query(client, form, rsm)
    assert answer.find(f"{{*}}error/{{*}}{condition}") is not None


async def test_what_one_writes_to_oneself_is_found_by_ones_own_address(
    alice: Person, bob: Person
) -> None:
    desk = await talk(alice, bob, 1)
    await desk.send(f"<message to='{alice.jid}' type='chat'><body>buy tea</body></message>")
    assert bodies((await query(desk, {"with": alice.jid}))[0]) == ["buy tea"]


async def test_an_empty_archive_answers_with_nothing(alice: Person) -> None:
    client = await alice.bound()
    results, answer = await query(client, {"include-groupchat": "true"})
    assert results == []
    assert answer[0].get("complete") == "true"
    assert answer.find(".//{*}first") is None
    metadata = await client.ask(f"<iq type='get' id='1'><metadata xmlns='{MAM}'/></iq>")
    assert len(metadata[0]) == 0


async def test_a_result_is_the_stanza_as_it_was_sent_whatever_it_holds(
    alice: Person, bob: Person
) -> None:
    desk = await alice.bound("desk")
    strange = "&lt;b&gt; \"ID\" 'STAMP' message ]]&gt; \u4f60\u597d \U0001f375"
    await desk.send(
        f"<message to='{bob.jid}' type='chat' id='s'><body>{strange}</body>"
        "<data xmlns='urn:example:private'><deep a='1'/></data></message>"
    )
    await desk.send(
        f"<iq type='set' id='m'><query xmlns='{MAM}'"
        " queryid='&quot;ID&quot; &amp; &lt;STAMP'/></iq>"
    )
    result = await desk.expect(
        f"<message from='{alice.jid}' to='{desk.jid}'><result xmlns='{MAM}'"
        " queryid='&quot;ID&quot; &amp; &lt;STAMP'>"
        "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='*'/>"
        f"<message xmlns='jabber:client' id='s' from='{desk.jid}' to='{bob.jid}' type='chat'>"
        "<data xmlns='urn:example:private'><deep a='1'/></data></message>"
        "</forwarded></result></message>"
    )
    assert bodies([result]) == ["<b> \"ID\" 'STAMP' message ]]> \u4f60\u597d \U0001f375"]
    await desk.expect("<iq type='result' id='m'/>")


async def test_nobody_reads_anothers_archive(alice: Person, bob: Person) -> None:
    client = await alice.bound()
    _, answer = await query(client, to=bob.jid)
    assert answer.find("{*}error/{*}forbidden") is not None


async def test_hints_keep_a_message_out(alice: Person, bob: Person) -> None:
    desk = await alice.bound()
    for hint in ("no-store", "no-permanent-store"):
        await desk.send(
            f"<message to='{bob.jid}' type='chat'><body>x</body><{hint} xmlns='urn:xmpp:hints'/>"
            "</message>"
        )
    await desk.send(
        f"<message to='{bob.jid}' type='chat'><store xmlns='urn:xmpp:hints'/></message>"
    )
    await desk.send(f"<message to='{bob.jid}' type='headline'><body>x</body></message>")
    results, _ = await query(desk)
    assert bodies(results) == [None]


async def test_the_metadata_names_the_ends(alice: Person, bob: Person) -> None:
    desk = await talk(alice, bob, 3)
    results, _ = await query(desk)
    answer = await desk.ask(f"<iq type='get' id='1'><metadata xmlns='{MAM}'/></iq>")
    start, end = answer[0]
    assert (start.get("id"), end.get("id")) == (id_of(results[0]), id_of(results[-1]))


async def test_the_form_and_the_preferences_can_be_asked_for(alice: Person) -> None:
    client = await alice.bound()
    form = await client.ask(f"<iq type='get' id='1'><query xmlns='{MAM}'/></iq>")
    assert form.find(".//{*}field[@var='with']") is not None
    assert form.find(".//{*}field[@var='ids']/{*}validate/{*}open") is not None
    prefs = await client.ask(f"<iq type='get' id='2'><prefs xmlns='{MAM}'/></iq>")
    assert prefs[0].get("default") == "always"
    never = await client.ask(
        f"<iq type='set' id='4'><prefs xmlns='{MAM}' default='never'><always/><never/></prefs></iq>"
    )
    assert never.find("{*}error/{*}feature-not-implemented") is not None
    info = await client.ask(
        f"<iq type='get' id='3' to='{alice.jid}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    )
    assert info.find(f".//{{*}}feature[@var='{MAM}']") is not None

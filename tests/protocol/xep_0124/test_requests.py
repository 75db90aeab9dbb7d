"""Requests and answers of a BOSH session, XEP-0124 sections 8, 9, 11, 12, 14 and 15."""

import asyncio
import hashlib
from collections.abc import Callable

import pytest

from tests.protocol.xep_0124.conftest import Start

# Answered with a failure as soon as its turn has come: the smallest conversation.
ASK = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='?'/>"
ABORT = "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
FAILURE = "{urn:ietf:params:xml:ns:xmpp-sasl}failure"
INVALID, ABORTED = "invalid-mechanism", "aborted"


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def failures(response: object) -> list[str]:
    """Which failures an answer holds, in their order."""
    return [each[0].tag.partition("}")[2] for each in response.body]  # type: ignore[attr-defined]


@pytest.mark.spec("XEP-0124 §8")
async def test_a_request_waits_for_something_to_answer(start: Start) -> None:
    session = await start(wait=1)
    began = asyncio.get_running_loop().time()
    answer = await session.ask()
    assert 0.9 < asyncio.get_running_loop().time() - began < 5
    assert (answer.content.count(b"<"), len(answer.body)) == (1, 0)


@pytest.mark.spec("XEP-0124 §8")
async def test_no_more_requests_wait_than_agreed(start: Start) -> None:
    session = await start()
    held = session.ask()
    await asyncio.sleep(1.1)
    later = session.ask()
    assert len((await held).body) == 0
    assert not later.done()
    assert failures(await session.post(ASK)) == [INVALID]


@pytest.mark.spec("XEP-0124 §8")
async def test_several_payloads_go_in_one_request(start: Start) -> None:
    session = await start()
    answer = await session.post(ASK + ABORT)
    found = failures(answer)
    while len(found) < 2:
        found += failures(await session.post())
    assert found == [INVALID, ABORTED]


@pytest.mark.spec("XEP-0124 §14.2")
async def test_requests_take_their_turn_in_the_order_of_their_numbers(start: Start) -> None:
    session = await start()
    rid = session.rid
    second = session.ask(ABORT, rid=rid + 1)
    await asyncio.sleep(0.2)
    assert not second.done()
    first = session.ask(ASK, rid=rid)
    found = failures(await first) + failures(await second)
    while len(found) < 2:
        found += failures(await session.post())
    assert found == [INVALID, ABORTED]


@pytest.mark.spec("XEP-0124 §14.2")
@pytest.mark.parametrize("ahead", [2, 100, 2**40])
async def test_a_number_beyond_the_window_ends_the_session(start: Start, ahead: int) -> None:
    session = await start()
    answer = await session.post(rid=session.rid + ahead)
    assert answer.body.get("condition") == "item-not-found"
    await session.ended()


@pytest.mark.spec("XEP-0124 §14.3")
async def test_the_same_request_gets_the_same_answer(start: Start) -> None:
    session = await start()
    rid = session.rid
    answer = await session.post(ASK, rid=rid)
    assert failures(answer) == [INVALID]
    for _ in range(3):
        assert (await session.post(ASK, rid=rid)).content == answer.content


@pytest.mark.spec("XEP-0124 §14.3")
async def test_an_answer_is_not_given_for_ever(start: Start) -> None:
    session = await start()
    rid = session.rid
    answers = [await session.post(ASK, rid=rid) for _ in range(32)]
    assert {failures(each)[0] for each in answers[:31]} == {INVALID}
    assert answers[31].body.get("condition") == "policy-violation"


@pytest.mark.spec("XEP-0124 §14.3")
async def test_an_answer_that_is_not_kept_any_more_ends_the_session(start: Start) -> None:
    session = await start()
    rid = session.rid
    for _ in range(3):
        assert len((await session.post(ASK)).body) == 1
    answer = await session.post(ASK, rid=rid)
    assert answer.body.get("condition") == "item-not-found"
    await session.ended()


@pytest.mark.spec("XEP-0124 §14.3")
async def test_of_two_that_wait_with_one_number_the_later_gets_the_answer(start: Start) -> None:
    session = await start()
    rid = session.rid
    first = session.ask(rid=rid)
    await asyncio.sleep(0.1)
    second = session.ask(rid=rid)
    assert (await first).body.attrib == {"type": "error"}
    third = await session.post(ASK)
    assert (await second).body.attrib == {}
    assert failures(third) == [INVALID]


@pytest.mark.spec("XEP-0124 §11")
async def test_empty_requests_that_come_too_often_end_the_session(start: Start) -> None:
    session = await start()
    held = session.ask()
    await asyncio.sleep(0.1)
    assert (await session.post()).body.get("condition") == "policy-violation"
    assert (await held).body.get("condition") == "other-request"


@pytest.mark.spec("XEP-0124 §12")
async def test_who_polls_is_answered_at_once_but_not_too_often(start: Start) -> None:
    session = await start(hold=0)
    assert len((await session.post()).body) == 0
    await asyncio.sleep(1.1)
    assert (await session.post()).body.attrib == {}
    assert (await session.post(ASK)).body.get("type") is None
    await asyncio.sleep(0.3)
    assert failures(await session.post()) == [INVALID]  # what came may be fetched at once
    assert (await session.post()).body.attrib == {}
    assert (await session.post()).body.get("condition") == "policy-violation"


@pytest.mark.spec("XEP-0124 §9.1")
async def test_answers_say_which_requests_have_come(start: Start) -> None:
    session = await start(ack=1)
    rid = session.rid
    assert session.session["ack"] == str(rid - 1)
    held = session.ask()
    await asyncio.sleep(0.1)
    answer = await session.post(ASK)
    assert (await held).body.attrib == {"ack": str(rid + 1)}
    assert "ack" not in answer.body.attrib


@pytest.mark.spec("XEP-0124 §9.2")
async def test_an_answer_that_seems_lost_is_reported(start: Start) -> None:
    session = await start(ack=1)
    rid = session.rid
    assert failures(await session.post(ASK)) == [INVALID]
    await asyncio.sleep(1.1)
    answer = await session.post(ack=rid - 1)
    assert answer.body.get("report") == str(rid)
    assert 1000 <= int(answer.body.get("time", "0")) < 10_000
    assert failures(await session.post(ASK, rid=rid)) == [INVALID]


@pytest.mark.spec("XEP-0124 §15.4", "XEP-0124 §15.5")
@pytest.mark.parametrize("write", [str.lower, str.upper])
async def test_a_sequence_of_keys_protects_a_session(
    start: Start, write: Callable[[str], str]
) -> None:
    def sequence(seed: str) -> list[str]:
        keys = [seed]
        for _ in range(3):
            keys.append(write(sha1(keys[-1])))
        return keys[1:]

    old, new = sequence("one"), sequence("two")
    session = await start(newkey=old[2])
    assert failures(await session.post(ASK, key=old[1])) == [INVALID]
    assert failures(await session.post(ASK, key=old[0], newkey=new[2])) == [INVALID]
    assert failures(await session.post(ASK, key=new[1])) == [INVALID]
    answer = await session.post(ASK, key=new[1])
    assert answer.body.get("condition") == "item-not-found"
    await session.ended()


@pytest.mark.spec("XEP-0124 §15.4")
async def test_a_request_without_its_key_ends_the_session(start: Start) -> None:
    session = await start(newkey=sha1("key"))
    assert (await session.post(ASK)).body.get("condition") == "item-not-found"
    await session.ended()

"""The window of requests that a BOSH session speaks through: XEP-0124 sections 8 to 12, 14, 15."""

import asyncio
import math
import time
from collections import deque

from django.conf import settings

from chatops.bridge.doors.bosh.exchange import Answer, Answers, Outbox, Request
from chatops.bridge.doors.bosh.keys import Keys
from chatops.bridge.doors.bosh.terms import Terms
from chatops.xmpp.wrapper import Body, write_body

REPORT_SECONDS = 1.0  # an answer that has not arrived after this time may be lost


class Window:
    """Takes requests in the order of their numbers and answers them in that order.

    What is in them, and what ends it all, is the session's business.
    """

    def __init__(self, body: Body) -> None:
        self.terms = Terms.agreed(body)
        self.out = Outbox()
        self._loop = asyncio.get_running_loop()
        self._keys = Keys(body.new_key)
        self._answers = Answers(self.terms.requests)
        self._next = body.rid + 1
        self._early: dict[int, Request] = {}  # whose turn has not come
        self._held: deque[Request] = deque()
        self._asked_in_vain = -math.inf  # when the last request came, if it was empty as its answer
        self._flushing: asyncio.Handle | None = None
        self._blocked = False
        self._pausing: int | None = None
        self._report: int | None = None
        self._rest: asyncio.TimerHandle | None = None  # ends who asks for nothing

    # The session's part

    @property
    def over(self) -> bool:
        raise NotImplementedError

    def handle(self, body: Body) -> None:
        """What the request brings; its turn has come."""
        raise NotImplementedError

    def break_off(self, condition: str, request: Request | None = None) -> Answer:
        """The client broke the rules of the binding: that ends the session (section 17.2).

        Returns what is to be said to who did it.
        """
        raise NotImplementedError

    def rested(self) -> None:
        """The client asked for nothing for too long."""
        raise NotImplementedError

    # Requests

    def take(self, request: Request) -> None:
        """One more request; it is answered in its turn (section 14.2)."""
        rid = request.body.rid
        if rid < self._next:
            self._repeat(request)
        elif rid in self._early:
            self._replace(self._early[rid], request)
            self._early[rid] = request
        elif rid >= self._next + self.terms.requests + request.body.is_last:
            self.break_off("item-not-found", request)
        else:
            self._early[rid] = request
            self._advance()

    def broken(self, request: Request) -> None:
        """The connection of a request was closed; what it is answered may be asked for again."""
        request.answer.cancel()
        if not self.over:
            self.await_request()

    def hold_back(self, *, hold: bool) -> None:
        self._blocked = hold
        if not hold:
            self._loop.call_soon(self._advance)

    def all_pending(self) -> list[Request]:
        """All that is not answered, by their numbers; the window is empty afterwards."""
        pending = [*self._held, *(self._early[rid] for rid in sorted(self._early))]
        self._held.clear()
        self._early.clear()
        return pending

    def _repeat(self, request: Request) -> None:
        """Section 14.3: the same answer again, or the later request gets the answer."""
        rid = request.body.rid
        for number, held in enumerate(self._held):
            if held.body.rid == rid:
                self._replace(held, request)
                self._held[number] = request
                self._hold_on(request)
                self._schedule()
                return
        try:
            data = self._answers.again(rid)
        except LookupError:
            self.break_off("policy-violation", request)
            return
        if data is None:
            self.break_off("item-not-found", request)
            return
        request.respond(Answer(data, self.terms.content))
        self.await_request()

    def _replace(self, old: Request, new: Request) -> None:
        old.respond(Answer(write_body(type="error"), self.terms.content))
        new.arrived = old.arrived

    def _advance(self) -> None:
        while not self._blocked and not self.over:
            request = self._early.pop(self._next, None)
            if request is None:
                return
            self._next += 1
            self._process(request)

    def _process(self, request: Request) -> None:
        condition = self._broken_rule(request)
        if condition:
            self.break_off(condition, request)
            return
        self._prove(request.body)
        self._pausing = None
        self.cancel_rest()
        self._held.append(request)
        self.handle(request.body)
        if not self.over:
            self._settle_turn(request)

    def _broken_rule(self, request: Request) -> str:
        """The condition for who does not keep to sections 11, 12 or 15; '' for who does."""
        body = request.body
        if not self._keys.fits(body) or (body.stream and body.payloads):
            return "item-not-found"
        if body.pause is not None and body.pause > settings.CHATOPS_BOSH_MAX_PAUSE_SECONDS:
            return "policy-violation"
        pending = len(self._held) + 1
        if pending > self.terms.requests + body.is_last:
            return "policy-violation"
        before = self._asked_in_vain
        if not self.terms.polls and self._held and pending == self.terms.requests:
            before = self._held[-1].arrived
        if body.empty and request.arrived - before < settings.CHATOPS_BOSH_POLLING_SECONDS:
            return "policy-violation"
        return ""

    def _prove(self, body: Body) -> None:
        """What the request says about the answers that the client has (section 9.2)."""
        answers, rid = self._answers, body.rid
        if not self.terms.acks:
            nothing_held = body.empty and not self._held
            answers.prove(rid - (1 if nothing_held else self.terms.requests + body.is_last))
            return
        has = body.ack if body.ack is not None else rid - 1
        answers.prove(has)
        age = answers.age(has + 1) if has < answers.last else None
        if age is not None and age >= REPORT_SECONDS:
            self._report = has + 1

    # Answers

    def _settle_turn(self, request: Request) -> None:
        """Answer what need not or may not wait; let the rest wait."""
        body = request.body
        if body.terminates:
            return  # the stream is handling what came before; then it closes
        if body.pause is not None:
            self._pausing = body.pause
            while self._held:
                self._answer_oldest(empty=len(self._held) == 1)
            return
        if self._report is not None:
            self._answer_oldest()
        while len(self._held) > self.terms.hold:
            self._answer_oldest()
        if self._held and self._held[-1] is request:
            self._hold_on(request)
        self._schedule()

    def _hold_on(self, request: Request) -> None:
        left = request.arrived + self.terms.wait - time.monotonic()
        request.timer = self._loop.call_later(max(left, 0), self._waited, request)

    def _waited(self, request: Request) -> None:
        while request in self._held:
            self._answer_oldest()

    def first_answer(self, body: Body, sid: str) -> Answer:
        """To the request that asked for the session (section 7.2)."""
        data = write_body(self.out.take(), sid=sid, **self.terms.told(body.rid))
        self._answers.add(body.rid, data, filled=False)
        self.await_request()
        return Answer(data, self.terms.content)

    def _answer_oldest(self, *, empty: bool = False) -> None:
        request = self._held.popleft()
        rid, highest = request.body.rid, self._next - 1
        payload = b"" if empty else self.out.take()
        report, self._report = self._report, None
        age = self._answers.age(report) if report is not None else None
        data = write_body(
            payload,
            ack=highest if self.terms.acks and highest != rid else None,
            report=report,
            time=None if age is None else int(age * 1000),
        )
        self._answers.add(rid, data, filled=bool(payload))
        request.respond(Answer(data, self.terms.content))
        in_vain = self.terms.polls and request.body.empty and not payload
        self._asked_in_vain = request.arrived if in_vain else -math.inf
        self.await_request()

    def say(self, data: bytes) -> None:
        """With the next answer; at once where a request waits for one."""
        self.out.add(data)
        self._schedule()

    def is_drained(self) -> bool:
        return not (self.out or self._answers.unproven)

    async def drained(self) -> None:
        await self.out.empty.wait()

    def _schedule(self) -> None:
        """All that is written in one turn of the loop leaves together."""
        if self.out and self._held and self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = None
        while self.out and not self.over and any(each.live for each in self._held):
            self._answer_oldest()

    # Inactivity

    def await_request(self) -> None:
        """Section 10: while none of its requests is held, the client has only so much time."""
        if any(each.live for each in self._held):
            return
        self.cancel_rest()
        patience = self.terms.inactivity if self._pausing is None else self._pausing
        self._rest = self._loop.call_later(patience, self.rested)

    def cancel_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

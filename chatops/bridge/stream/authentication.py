"""SASL on a stream, RFC 6120 section 6."""

import asyncio
import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.conf import settings

from chatops.accounts import services
from chatops.accounts.services import Attempt, Credentials, guesses
from chatops.bridge.counters import counters
from chatops.bridge.stream.contracts import Door
from chatops.bridge.stream.failed_logins import failed_logins
from chatops.core.database import in_db
from chatops.core.limits import Limit
from chatops.xmpp.elements import Element, add, local_name, make
from chatops.xmpp.errors import Overloaded
from chatops.xmpp.jid import InvalidJID, parse
from chatops.xmpp.names import SASL
from chatops.xmpp.sasl.plain import read_plain
from chatops.xmpp.sasl.scram import Offer, SaslFailure, ScramRecord, ScramServer, fake_record

SCRAM = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
PLUS, PLAIN = "-PLUS", "PLAIN"
FAILURES = Limit(
    "CHATOPS_MAX_AUTH_FAILURES",
    "failures",
    "Failed logins on one connection; each further one of an address or an account is told later.",
    "policy-violation",
)
WRONG = SaslFailure("not-authorized", "The user name or the password is wrong.")


@dataclass(frozen=True, slots=True)
class Person:
    """Who has logged in."""

    user_id: int
    username: str


class Authentication:
    """The exchanges of one stream, one after the other, until one succeeds."""

    def __init__(self, door: Door, *, allowed: bool) -> None:
        self._door = door
        self._allowed = allowed  # without TLS, too
        self._scram: ScramServer | None = None
        self._known: Credentials | None = None
        self._name = self._mechanism = ""
        self.failures = 0

    def offer(self) -> Offer:
        """Mechanisms, the strongest first, and what the channel can be bound by (XEP-0440)."""
        if not self._door.secure:
            return Offer(list(SCRAM) if self._allowed else [])
        bindings = self._door.bindings()
        plus = [f"{mechanism}{PLUS}" for mechanism in SCRAM] if bindings else []
        return Offer([*plus, *SCRAM, PLAIN], bindings)

    async def handle(self, element: Element, answer: Callable[[Element], None]) -> Person | None:
        """One element of SASL's namespace; the person when an exchange has succeeded."""
        try:
            data, person = await self._step(element)
        except SaslFailure as failure:
            await self._fail(failure, answer)
            return None
        except Overloaded as overload:
            await self._fail(SaslFailure("temporary-auth-failure", overload.sentence), answer)
            return None
        tag = "challenge" if person is None else "success"
        answer(make(f"{{{SASL}}}{tag}", b64encode(data).decode() if data else None))
        if person is not None:
            self.succeeded()
        return person

    async def _step(self, element: Element) -> tuple[bytes, Person | None]:
        kind = local_name(element)
        if kind == "abort":
            raise self.aborted()
        if kind == "auth":
            return await self.begin(element.get("mechanism", ""), _payload(element))
        if kind != "response":
            raise SaslFailure("malformed-request", "SASL has no such element.")
        return await self.respond(_payload(element))

    def aborted(self) -> SaslFailure:
        """The client does not go on."""
        self._scram = None
        return SaslFailure("aborted", "The client gave up.")

    async def respond(self, payload: bytes) -> tuple[bytes, Person | None]:
        """The client's answer to a challenge. Raises SaslFailure."""
        scram, self._scram = self._scram, None
        if scram is None:
            raise SaslFailure("malformed-request", "No exchange is under way.")
        self._must_not_be_locked_out()
        # A stranger's name takes the same way, and fails where a wrong password would.
        final = scram.finish(payload)
        return final, self._person(self._known)

    async def begin(self, mechanism: str, payload: bytes) -> tuple[bytes, Person | None]:
        """A new exchange: a challenge, or who has proved who he is. Raises SaslFailure."""
        offer = self.offer()
        if not offer.mechanisms:
            raise SaslFailure("encryption-required", "Use STARTTLS first.")
        if mechanism not in offer.mechanisms:
            if mechanism == PLAIN:
                raise SaslFailure("encryption-required", "PLAIN needs TLS.")
            raise SaslFailure("invalid-mechanism", "This mechanism is not on offer.")
        self._mechanism, self._name, self._known = mechanism, "", None
        if mechanism == PLAIN:
            return b"", await self._plain(payload)
        name = mechanism.removesuffix(PLUS)
        scram = ScramServer(SCRAM[name], offer, binds=name != mechanism)
        credentials = await self._look_up(*scram.first(payload))
        self._scram = scram
        return scram.challenge(self._record(credentials)), None

    async def _plain(self, payload: bytes) -> Person:
        authzid, name, password = read_plain(payload)
        credentials = await self._look_up(name, authzid)
        if not await asyncio.to_thread(self._record(credentials).verify, password):
            raise WRONG
        return self._person(credentials)

    def _record(self, credentials: Credentials | None) -> ScramRecord:
        """What to check against: for somebody unknown, what nothing fits."""
        if credentials is not None:
            return credentials.record
        secret = settings.SECRET_KEY.encode()
        return fake_record(self._name, secret, settings.CHATOPS_SCRAM_ITERATIONS)

    async def _look_up(self, name: str, authzid: str) -> Credentials | None:
        try:
            jid = parse(f"{name}@{settings.CHATOPS_DOMAIN}")
            acts_as = parse(authzid) if authzid else jid
        except InvalidJID as error:
            raise SaslFailure("malformed-request", "The name is not a user name.") from error
        if acts_as.bare != jid.bare:
            raise SaslFailure("invalid-authzid", "One can only act as oneself.")
        self._name = jid.local
        self._must_not_be_locked_out()
        self._known = await in_db(services.credentials_of, username=self._name)
        return self._known

    def _must_not_be_locked_out(self) -> None:
        seconds = guesses.locked_for(self._attempt())
        if seconds:
            raise SaslFailure(
                "temporary-auth-failure",
                f"Too many wrong passwords came from your address; try again in"
                f" {math.ceil(seconds)} seconds.",
            )

    def _attempt(self) -> Attempt:
        return Attempt(self._name, self._door.address, self._door.name, self._mechanism)

    def _person(self, credentials: Credentials | None) -> Person:
        if credentials is None:
            raise WRONG
        if not credentials.is_active:
            raise SaslFailure("account-disabled", "This account is suspended.")
        return Person(credentials.user_id, credentials.username)

    def succeeded(self) -> None:
        """Somebody is in."""
        guesses.succeeded(self._attempt())
        counters["logins"] += 1

    async def count(self, failure: SaslFailure) -> None:
        """Note a failure; who fails often waits to hear of it."""
        if failure.condition not in ("aborted", "temporary-auth-failure"):
            self.failures += 1
            counters["authentication failures"] += 1
        if failure.condition == "not-authorized":
            attempt = self._attempt()
            guesses.failed(attempt)
            # What was typed for a name is not kept where it is no account.
            failed_logins.add(attempt if self._known else replace(attempt, account=""))
            await asyncio.sleep(guesses.pause(attempt))

    async def _fail(self, failure: SaslFailure, answer: Callable[[Element], None]) -> None:
        await self.count(failure)
        element = make(f"{{{SASL}}}failure")
        add(element, f"{{{SASL}}}{failure.condition}")
        text = add(element, f"{{{SASL}}}text", failure.sentence)
        text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
        answer(element)


def _payload(element: Element) -> bytes:
    text = (element.text or "").strip()
    # RFC 6120 section 6.4.2: an empty initial response
    return b"" if text == "=" else decode_payload(text)


def decode_payload(text: str) -> bytes:
    """What the text of an element carries. Raises SaslFailure."""
    try:
        return b64decode(text.strip(), validate=True)
    except ValueError as error:  # also binascii.Error
        raise SaslFailure("incorrect-encoding", "The data is not base64.") from error

"""Where an IQ goes, and who answers it (RFC 6120 section 8.2.3, RFC 6121 section 8.5)."""

from django.conf import settings

from chatops.bridge.answers import Answers, Pending, place_of
from chatops.bridge.devices import NoSuchDevice, is_free, must_be_askable
from chatops.bridge.questions import take_answer
from chatops.contacts.privacy import guard
from chatops.core.features import ACCOUNT, DOMAIN, Address, IqHandler, IqRequest, registry
from chatops.core.wire import Session, wire
from chatops.xmpp.elements import Element, as_element, tag_of
from chatops.xmpp.errors import BadRequest, RemoteServerNotFound, Unavailable
from chatops.xmpp.jid import JID
from chatops.xmpp.stanzas import result


class Requests:
    """IQs to the service, to accounts, to devices and to sub-services."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def take(self, element: Element, sender: JID, to: JID, session: Session | None) -> Pending:
        """Pass it on, or answer it; as `Router.handle`."""
        type_ = element.get("type")
        if type_ not in ("get", "set", "result", "error") or not element.get("id"):
            self._answers.refuse(
                element, session, BadRequest("An iq needs an id and a known type.")
            )
            return None
        if type_ in ("get", "set") and len(element) != 1:
            self._answers.refuse(element, session, BadRequest("A request has exactly one payload."))
            return None
        if to.domain == settings.CHATOPS_DOMAIN and to.resource:
            if session is not None and not is_free(element, sender, to):
                return self._ask_device(element, sender, to, session)
            self._pass_to_device(element, sender, to, session)
            return None
        address = place_of(to)
        if address is not None and to.resource and address in registry.relays:
            return self._answers.call(registry.relays[address], element, sender, to, session)
        if type_ in ("result", "error"):
            if address in (DOMAIN, ACCOUNT):
                take_answer(session, sender, element)
            return None
        if address is None:
            self._answers.refuse(element, session, RemoteServerNotFound())
            return None
        handler = self._iq_handler(element, address)
        if handler is None or (address is ACCOUNT and not guard.takes_iq(sender, to, None)):
            # The same answer whether or not the account exists (RFC 6121 section 8.5.1).
            refusal = Unavailable("Nothing here answers that request.")
            self._answers.refuse(element, session, refusal)
            return None
        request = IqRequest(element, element[0], sender, to, type_, session)
        return self._answer(handler, request)

    def _pass_to_device(
        self, element: Element, sender: JID, to: JID, session: Session | None
    ) -> None:
        addressee = wire().session(to)
        if addressee is not None and guard.takes_iq(sender, to, addressee):
            addressee.send(element)
        elif element.get("type") in ("get", "set"):
            self._answers.refuse(element, session, NoSuchDevice())

    async def _ask_device(
        self, element: Element, sender: JID, to: JID, session: Session | None
    ) -> None:
        try:
            await must_be_askable(element, sender, to)
        except Exception as error:  # noqa: BLE001 - fail answers, and logs it
            self._answers.fail(element, session, error)
            return
        self._pass_to_device(element, sender, to, session)

    def _iq_handler(self, element: Element, address: Address) -> IqHandler | None:
        key = (element.get("type", ""), tag_of(element[0]))
        handler = registry.iqs.get((address, *key))
        if handler is None and element.get("to") is None:
            handler = registry.iqs.get((DOMAIN, *key))
        return handler

    async def _answer(self, handler: IqHandler, request: IqRequest) -> None:
        try:
            payload = await handler(request)
        except Exception as error:  # noqa: BLE001 - fail answers, and logs what is no refusal
            self._answers.fail(request.stanza, request.session, error)
            return
        self._answers.reply(result(request.stanza, as_element(payload)), request.session)

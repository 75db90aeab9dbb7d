"""vcard-temp, XEP-0054: people's vCards, and the service's own."""

from chatops.accounts.cards import card_for, own_id, service_card
from chatops.accounts.services import vcards
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.xmpp.elements import Element
from chatops.xmpp.names import VCARD
from chatops.xmpp.vcards import Card

vcard_temp = Feature("XEP-0054", (VCARD,), at=(ACCOUNT, DOMAIN))


@vcard_temp.iq("get", f"{{{VCARD}}}vCard", at=(ACCOUNT,))
async def tell_card(request: IqRequest) -> Element:
    """Sections 3.1 and 3.3."""
    return (await card_for(request)).element()


@vcard_temp.iq("set", f"{{{VCARD}}}vCard", at=(ACCOUNT,))
async def publish_card(request: IqRequest) -> None:
    """Section 3.2: one's own, and whole."""
    user_id = own_id(request)
    await in_db(vcards.set_card, user_id=user_id, card=Card.read(request.payload))


@vcard_temp.iq("get", f"{{{VCARD}}}vCard", at=(DOMAIN,))
async def tell_card_of_service(request: IqRequest) -> Element:
    """Section 3.3: a server may have one too."""
    return service_card().element()

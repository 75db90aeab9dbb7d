"""vCard4 over XMPP, XEP-0292: the same cards as XEP-0054's, in the newer form, over IQ."""

from django.conf import settings

from chatops.accounts.cards import card_for, own_id, service_card
from chatops.accounts.services import vcards
from chatops.core.database import in_db
from chatops.core.features import ACCOUNT, DOMAIN, Feature, IqRequest
from chatops.xmpp import vcard4
from chatops.xmpp.elements import Element
from chatops.xmpp.names import VCARD4

vcard_4 = Feature(
    "XEP-0292", (VCARD4,), at=(ACCOUNT, DOMAIN), level="partial", note="over IQ, not over PEP"
)


@vcard_4.iq("get", f"{{{VCARD4}}}vcard", at=(ACCOUNT,))
async def tell_card(request: IqRequest) -> Element:
    """Section 4, and RFC 6351 for the form."""
    return vcard4.write(await card_for(request), name=request.to.bare)


@vcard_4.iq("set", f"{{{VCARD4}}}vcard", at=(ACCOUNT,))
async def publish_card(request: IqRequest) -> None:
    """Section 4: one's own, and whole."""
    user_id = own_id(request)
    await in_db(vcards.set_card, user_id=user_id, card=vcard4.read(request.payload))


@vcard_4.iq("get", f"{{{VCARD4}}}vcard", at=(DOMAIN,))
async def tell_card_of_service(request: IqRequest) -> Element:
    """Section 6: of an automated entity."""
    return vcard4.write(service_card(), name=settings.CHATOPS_DOMAIN)

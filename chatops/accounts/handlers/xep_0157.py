"""Contact addresses, XEP-0157: whom to write to about this service, in disco#info of the domain."""

from django.conf import settings

from chatops.core.features import DOMAIN, Feature, Info, IqRequest
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import SERVER_INFO

contacts = Feature("XEP-0157", (), enabled=lambda: bool(settings.CHATOPS_CONTACTS))


@contacts.info(DOMAIN)
async def tell_contacts(request: IqRequest, info: Info) -> None:
    """Section 2: a form of lists of URIs; nothing where none is set."""
    if settings.CHATOPS_CONTACTS:
        fields = [
            FormField(f"{kind}-addresses", "list-multi", values=list(addresses))
            for kind, addresses in sorted(settings.CHATOPS_CONTACTS.items())
        ]
        info.forms.append(build("result", SERVER_INFO, fields))

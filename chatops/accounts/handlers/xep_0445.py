"""Pre-authenticated in-band registration, XEP-0445: an invitation shown before one registers."""

from chatops.accounts import services
from chatops.accounts.models import Invitation
from chatops.accounts.services import doorkeeper, registration
from chatops.core.database import in_db
from chatops.core.features import Feature, StrangerRequest
from chatops.xmpp.elements import Element, make
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.names import PARS

IBR_TOKEN = "urn:xmpp:ibr-token:0"  # noqa: S105 - a namespace
PREAUTH = f"{{{PARS}}}preauth"
_NOTE = "invitation"


preauth = Feature("XEP-0445", enabled=lambda: registration.mode() != registration.OFF)


@preauth.first_stream_feature
def announce(secure: bool) -> Element | None:  # noqa: FBT001 - the hook's signature
    """Section 3."""
    return make(f"{{{IBR_TOKEN}}}register") if secure and preauth.enabled() else None


@preauth.iq_of_strangers("set", PREAUTH)
async def show_invitation(request: StrangerRequest) -> None:
    """Whether it is still good is asked here and not again (section 4)."""
    token = request.payload.get("token")
    if not token:
        raise BadRequest("Which token?")
    if not preauth.enabled():
        raise services.RegistrationOff
    doorkeeper.count_attempt(request.address)
    request.notes[_NOTE] = await in_db(services.admit, token)


def invitation_of(request: StrangerRequest) -> Invitation | None:
    """What was shown on this stream."""
    found: Invitation | None = request.notes.get(_NOTE)
    return found

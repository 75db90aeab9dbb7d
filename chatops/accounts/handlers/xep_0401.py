"""Easy user onboarding, XEP-0401: invitations made from a client, by ad-hoc commands."""

from datetime import UTC

from django.conf import settings

from chatops.accounts import services
from chatops.accounts.handlers.xep_0133 import actor_of
from chatops.accounts.models import Invitation
from chatops.accounts.services import registration
from chatops.core.commands import Call, Done, command
from chatops.core.database import in_db
from chatops.core.features import Feature
from chatops.xmpp.forms import FormField, read_boolean

INVITE = "urn:xmpp:invite"
RESULT = f"{INVITE}#invitation"
ADD = "accounts.add_invitation"

onboarding = Feature("XEP-0401", (), at=())


def _who_may_invite() -> str:
    return "" if settings.CHATOPS_INVITES == "everybody" else ADD


def _may_register() -> bool:
    return registration.mode() != registration.OFF


@command(f"{INVITE}#invite", "Invite a friend", permission=_who_may_invite, form_type=RESULT)
async def invite(call: Call) -> Done:
    """Section 5.1: one's contact to be, with an account made here where that is possible."""

    def make() -> Done:
        user = services.find(call.session.bare)
        return _told(services.invite_friend(user, by=actor_of(call)))

    return await in_db(make)


@command(
    f"{INVITE}#create-account",
    "Invite somebody to make an account",
    permission=ADD,
    enabled=_may_register,
    form_type=RESULT,
    fields=(
        FormField("username", label="User name, if it is to be kept for them"),
        FormField("roster-subscription", "boolean", "The two of you become contacts", ["0"]),
    ),
)
async def create_account(call: Call) -> Done:
    """Section 5.4."""
    contact = read_boolean(call.text("roster-subscription"))

    def make() -> Done:
        user = services.find(call.session.bare)
        invitation = services.invite(
            by=actor_of(call),
            made_by=user,
            username=call.text("username"),
            contact=user if contact else None,
        )
        return _told(invitation)

    return await in_db(make)


def _told(invitation: Invitation) -> Done:
    expires = invitation.use_by.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Done(
        fields=(
            FormField("uri", values=[services.uri_of(invitation)]),
            FormField("landing-url", values=[services.page_of(invitation)]),
            FormField("expire", values=[expires]),
        )
    )

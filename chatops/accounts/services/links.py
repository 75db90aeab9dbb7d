"""Where an invitation leads: its page, and its link for clients (XEP-0379, 0401, 0445)."""

from urllib.parse import quote

from django.conf import settings

from chatops.accounts.models import Invitation
from chatops.accounts.services.invitations import token_of


def page_of(invitation: Invitation, base: str = "") -> str:
    """The page that explains it; `base` is where the pages are, if not at the usual place."""
    token = token_of(invitation)
    return f"{base or settings.CHATOPS_PUBLIC_URL}/invite/{token}/" if token else ""


def uri_of(invitation: Invitation) -> str:
    """What a client opens; "" where the token is not known any more.

    To become a contact, and to register first where needed (XEP-0445 section 2.3), or to register
    alone (sections 2.1 and 2.2).
    """
    token, contact = token_of(invitation), invitation.contact
    if not token:
        return ""
    makes_account = invitation.makes_account and settings.CHATOPS_REGISTRATION != "off"
    if contact is not None and not (makes_account and invitation.username):
        ibr = ";ibr=y" if makes_account else ""
        return f"xmpp:{_escaped(contact.jid)}?roster;preauth={token}{ibr}"
    address = f"{invitation.username}@" if invitation.username else ""
    return f"xmpp:{_escaped(address + settings.CHATOPS_DOMAIN)}?register;preauth={token}"


def uri_of_account(jid: str) -> str:
    """RFC 5122: for the code that a new person's telephone reads."""
    return f"xmpp:{_escaped(jid)}"


def _escaped(jid: str) -> str:
    return quote(jid, safe="@")

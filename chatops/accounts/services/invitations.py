"""Inviting people: made once, used as often as allowed, until a date."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_hex

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from chatops.accounts.models import Invitation, InvitationQuerySet, InvitationUse, User
from chatops.accounts.services.people import localpart
from chatops.accounts.services.refusals import AlreadyThere, BadDetails
from chatops.audit.services import Actor, record
from chatops.core.limits import Limit
from chatops.xmpp.errors import Forbidden, NotFound, TooMuch

TOKEN_LENGTH = 24  # of 5 bits each
LONGEST_DAYS = 366

OPEN_INVITATIONS = Limit(
    "CHATOPS_MAX_OPEN_INVITATIONS",
    "invitations",
    "Open invitations of one person who is not an administrator.",
    "policy-violation",
)


class NoSuchInvitation(NotFound):
    """This invitation is unknown, was used already, or is no longer valid."""


class MayNotInvite(Forbidden):
    """Only administrators invite people to this service."""


class TooManyInvitations(TooMuch):
    """You have invited many people who have not come yet; withdraw an invitation first."""


def may_invite(user: User) -> bool:
    """Whether somebody may make invitations at all (CHATOPS_INVITES)."""
    if not user.is_active:
        return False
    return settings.CHATOPS_INVITES == "everybody" or may_invite_anyhow(user)


def may_invite_anyhow(user: User) -> bool:
    """Whether somebody invites for the service: any name, many uses, rooms."""
    return user.is_active and user.has_perm("accounts.add_invitation")


@transaction.atomic
def invite(
    *,
    by: Actor,
    made_by: User | None = None,
    username: str = "",
    makes_account: bool = True,
    most_uses: int = 1,
    use_by: datetime | None = None,
    groups: Sequence[Group] = (),
    rooms: Sequence[str] = (),
    contact: User | None = None,
    note: str = "",
) -> Invitation:
    """Make an invitation; `token_of` gives what its link holds.

    Raises what `must_be_possible` and `localpart` raise.
    """
    name = localpart(username) if username else ""
    use_by = use_by or timezone.now() + timedelta(days=settings.CHATOPS_INVITATION_DAYS)
    must_be_possible(username=name, most_uses=most_uses, use_by=use_by)
    seed = token_hex(16)
    invitation = Invitation(
        seed=seed,
        token_hash=_hash(_derive(seed)),
        made_by=made_by,
        made_by_name=by.name,
        username=name,
        makes_account=makes_account,
        most_uses=most_uses,
        use_by=use_by,
        rooms=list(rooms),
        contact=contact,
        note=note,
    )
    try:
        invitation.clean_fields()
    except ValidationError as error:
        raise BadDetails(" ".join(error.messages)) from error
    invitation.save()
    invitation.groups.set(groups)
    record(
        by,
        "invitation.add",
        invitation,
        username=name,
        uses=most_uses,
        use_by=invitation.use_by.isoformat(),
        rooms=list(rooms),
        contact=contact.jid if contact is not None else "",
        groups=[group.name for group in groups],
    )
    return invitation


def must_be_possible(*, username: str, most_uses: int, use_by: datetime) -> None:
    """Whether there can be such an invitation. Raises BadDetails or AlreadyThere."""
    now = timezone.now()
    if username and (
        User.objects.filter(username=username).exists()
        or Invitation.objects.that_keep(username, now).exists()
    ):
        raise AlreadyThere(f"{username} is taken, or kept for somebody else who is invited.")
    if username and most_uses != 1:
        raise BadDetails("An account of that name can be made only once.")
    if not now < use_by <= now + timedelta(days=LONGEST_DAYS):
        raise BadDetails("It is to be used within a year, and not in the past.")


@transaction.atomic
def invite_friend(
    user: User, *, by: Actor, makes_account: bool = True, note: str = ""
) -> Invitation:
    """Somebody invites one person, who becomes his contact (XEP-0401 section 4.1).

    Raises MayNotInvite or TooManyInvitations.
    """
    if not may_invite(user):
        raise MayNotInvite
    User.objects.select_for_update().get(pk=user.pk)  # one after the other, to be counted
    waiting = Invitation.objects.open(timezone.now()).filter(made_by=user).count()
    if not may_invite_anyhow(user) and OPEN_INVITATIONS.is_exceeded_by(waiting + 1):
        raise TooManyInvitations
    return invite(
        by=by,
        made_by=user,
        contact=user,
        makes_account=makes_account and settings.CHATOPS_REGISTRATION != "off",
        note=note,
    )


@transaction.atomic
def revoke(invitation: Invitation, *, by: Actor) -> None:
    """Nobody can use it any more. Raises NoSuchInvitation where it is over already."""
    now = timezone.now()
    if not Invitation.objects.open(now).filter(pk=invitation.pk).update(revoked_at=now):
        raise NoSuchInvitation("This invitation is over already.")
    record(by, "invitation.revoke", invitation)


def token_of(invitation: Invitation) -> str:
    """What its link holds; "" where it was made under another secret key."""
    token = _derive(invitation.seed)
    return token if _hash(token) == invitation.token_hash else ""


def find_invitation(token: str) -> Invitation:
    """The invitation of a token, open or not. Raises NoSuchInvitation."""
    found = Invitation.objects.filter(token_hash=_hash(token)).select_related("contact").first()
    if found is None:
        raise NoSuchInvitation
    return found


def admit(token: str) -> Invitation:
    """An invitation by which one may make an account now. Raises NoSuchInvitation."""
    invitation = find_invitation(token)
    if invitation.state != Invitation.State.OPEN or not invitation.makes_account:
        raise NoSuchInvitation
    return invitation


@transaction.atomic
def introduce(token: str, *, owner: str, newcomer: str) -> bool:
    """Whether somebody may be `owner`'s contact unasked; both are bare JIDs.

    Uses the invitation up, once for each who comes (XEP-0379 section 5.2).
    """
    try:
        invitation = find_invitation(token)
    except NoSuchInvitation:
        return False
    if invitation.contact is None or invitation.contact.jid != owner:
        return False
    if invitation.uses.filter(jid=newcomer).exists():
        return True  # it made its account by the same link, and asks to be sure
    if not _claim(invitation, Invitation.objects.open(timezone.now())):
        return False
    InvitationUse.objects.create(invitation=invitation, jid=newcomer, made_account=False)
    record(Actor.client(newcomer, None), "invitation.use", invitation, contact=owner)
    return True


def use(invitation: Invitation, user: User, *, by: Actor) -> None:
    """An account was made by it, in the caller's transaction; two cannot take the last place.

    Whether it has expired was asked when it was shown (XEP-0445 section 4). Raises
    NoSuchInvitation.
    """
    unused = Invitation.objects.filter(revoked_at=None, used__lt=F("most_uses"))
    if not _claim(invitation, unused):
        raise NoSuchInvitation
    InvitationUse.objects.create(invitation=invitation, jid=user.jid)
    user.groups.add(*invitation.groups.all())
    record(by, "invitation.use", invitation, account=user.jid)


def _claim(invitation: Invitation, among: InvitationQuerySet) -> bool:
    return among.filter(pk=invitation.pk).update(used=F("used") + 1) == 1


def _derive(seed: str) -> str:
    """So many letters and digits that nobody guesses them (XEP-0379 section 5.1)."""
    digest = salted_hmac("chatops.accounts.invitation", seed, algorithm="sha256").digest()
    return base64.b32encode(digest).decode().lower()[:TOKEN_LENGTH]


def _hash(token: str) -> str:
    return hashlib.sha256(token.strip().lower().encode()).hexdigest()

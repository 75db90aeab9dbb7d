import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models

from chatops.xmpp.jid import InvalidJID, parse


def validate_room_name(value: str) -> None:
    """The local part of the room's JID."""
    try:
        jid = parse(f"{value}@conference.{settings.CHATOPS_DOMAIN}")
    except InvalidJID as error:
        raise ValidationError("This cannot be the local part of a room's address.") from error
    if jid.local != value or jid.resource:
        raise ValidationError(f"Write it as {jid.local!r}, as addresses are compared.")


class WhoSeesJids(models.TextChoices):
    MODERATORS = "moderators", "moderators only"
    ANYONE = "anyone", "everybody in the room"


class PrivateMessages(models.TextChoices):
    ANYONE = "anyone", "everybody"
    PARTICIPANTS = "participants", "those who have voice"
    MODERATORS = "moderators", "moderators"
    NONE = "none", "nobody"


class VisitorsMessages(models.TextChoices):
    ANYONE = "anyone", "to everybody"
    MODERATORS = "moderators", "to moderators"
    NOBODY = "nobody", "to nobody"


class RoomOptions(models.Model):
    """What an owner, or an administrator, sets; `chatops.rooms.options` says how it is called."""

    name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    language = models.CharField(max_length=35, blank=True)
    is_persistent = models.BooleanField("persistent", default=True)
    is_public = models.BooleanField("listed in the directory", default=True)
    is_members_only = models.BooleanField("members only", default=False)
    is_moderated = models.BooleanField("moderated", default=False)
    password = models.CharField(max_length=200, blank=True)
    who_sees_jids = models.CharField(
        max_length=10, choices=WhoSeesJids.choices, default=WhoSeesJids.MODERATORS
    )
    private_messages = models.CharField(
        max_length=12, choices=PrivateMessages.choices, default=PrivateMessages.ANYONE
    )
    max_occupants = models.PositiveIntegerField(default=0, help_text="0 means no limit.")
    occupants_may_change_subject = models.BooleanField(default=False)
    members_may_invite = models.BooleanField(default=False)
    newcomers_have_voice = models.BooleanField(default=False)
    moderators_take_private_messages = models.BooleanField(default=False)
    visitors_private_messages = models.CharField(
        max_length=10, choices=VisitorsMessages.choices, default=VisitorsMessages.ANYONE
    )
    occupants_may_ask_each_other = models.BooleanField(default=True)
    may_change_nickname = models.BooleanField(default=True)
    visitors_may_change_nickname = models.BooleanField(default=True)
    visitors_may_set_status = models.BooleanField(default=True)
    visitors_may_ask_for_voice = models.BooleanField(default=True)
    voice_request_seconds = models.PositiveIntegerField(
        default=1_800, validators=[MaxValueValidator(86_400)]
    )
    may_register = models.BooleanField(default=True)
    needs_registered_nickname = models.BooleanField(default=False)
    occupants_are_listed = models.BooleanField(default=True)
    pubsub_node = models.CharField(max_length=1_023, blank=True)
    is_logged = models.BooleanField("archived", default=True)
    message_attempts = models.PositiveIntegerField(
        default=0, help_text="Of messages to members, about their membership; 0: the service's."
    )
    message_lifetime_days = models.PositiveIntegerField(
        default=0, help_text="Of the same messages; 0: the service's."
    )
    tracks_delivery = models.BooleanField(
        default=False, help_text="The delivery log has each message for each device inside."
    )
    history_length = models.PositiveIntegerField(
        default=20, validators=[MaxValueValidator(1000)], help_text="Messages kept for newcomers."
    )
    default_history = models.PositiveIntegerField(
        default=1_000, validators=[MaxValueValidator(1000)]
    )
    retires_when_destroyed = models.BooleanField(default=False)
    presence_broadcast = models.JSONField(
        default=list, blank=True, help_text="Roles whose presence is broadcast; empty means all."
    )
    member_list_visible_to = models.JSONField(
        default=list, blank=True, help_text="Roles that may fetch the member list; empty means all."
    )

    class Meta:
        abstract = True


class Room(RoomOptions):
    """A chat room (XEP-0045): what is kept of it. Who is inside is known to the running service."""

    localpart = models.CharField(
        "address", max_length=1023, unique=True, validators=[validate_room_name]
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    locked = models.BooleanField(
        default=False, help_text="New, and not yet configured by its owner."
    )
    archived_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Closed since: nobody enters any more."
    )
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Counts the changes of the options."
    )
    history_from = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="What was said under this address before is another room's, and stays hidden.",
    )
    subject = models.TextField(blank=True)
    subject_set_by = models.CharField(max_length=3071, blank=True, help_text="Occupant JID.")
    subject_occupant_id = models.CharField(max_length=128, blank=True, editable=False)
    subject_set_at = models.DateTimeField(null=True, blank=True)

    occupant_key = models.CharField(
        max_length=64,
        default=secrets.token_hex,
        editable=False,
        help_text="Secret: people's ids in this room are made with it (XEP-0421).",
    )

    class Meta:
        ordering = ["localpart"]
        permissions = [("moderate_room", "Can moderate rooms")]

    def __str__(self) -> str:
        return self.name or self.localpart

    @property
    def silences_newcomers(self) -> bool:
        """Whether who has no affiliation enters without voice."""
        return self.is_moderated and not self.newcomers_have_voice

    @property
    def capacity(self) -> int:
        """How many people may be inside at once, 0 for any number."""
        most = settings.CHATOPS_MAX_OCCUPANTS
        return min(self.max_occupants or most, most or self.max_occupants)

    @property
    def jid(self) -> str:
        return f"{self.localpart}@conference.{settings.CHATOPS_DOMAIN}"


class Affiliation(models.Model):
    """A long-lived association of a person with a room, XEP-0045 section 5.2. No row means none."""

    class Rank(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"
        OUTCAST = "outcast"

    room = models.ForeignKey(Room, models.CASCADE, related_name="affiliations")
    jid = models.CharField(max_length=2047, help_text="Bare JID.")
    rank = models.CharField("affiliation", max_length=7, choices=Rank.choices)
    nickname = models.CharField(max_length=1023, blank=True, help_text="Reserved with the room.")
    reason = models.CharField(max_length=500, blank=True)
    by_group = models.BooleanField(
        default=False, help_text="It comes from a group, and goes with it."
    )

    class Meta:
        ordering = ["room", "jid"]
        constraints = [models.UniqueConstraint("room", "jid", name="affiliation_once")]

    def __str__(self) -> str:
        return f"{self.jid}: {self.rank} of {self.room}"

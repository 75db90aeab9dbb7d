from typing import Final

from django.conf import settings
from django.db import models

from chatops.rooms.models.rooms import Affiliation, Room, RoomOptions


class Template(RoomOptions):
    """Options for new rooms, under a name; one of them is what a client's new room gets."""

    title = models.CharField(max_length=100, unique=True)
    about = models.CharField("what it is for", max_length=300, blank=True)
    is_default = models.BooleanField(
        "defaults", default=False, editable=False, help_text="Rooms that clients make get these."
    )

    class Meta:
        verbose_name = "room template"
        ordering = ["-is_default", "title"]
        constraints = [
            models.UniqueConstraint(
                "is_default", condition=models.Q(is_default=True), name="one_default_template"
            )
        ]

    def __str__(self) -> str:
        return self.title


class RoomPolicy(models.Model):
    """What holds for all rooms, as administrators want it: one row."""

    ONLY: Final = 1

    class Creators(models.TextChoices):
        EVERYBODY = "everybody", "everybody with an account"
        GROUP = "group", "the people of a group, and staff"
        STAFF = "staff", "staff"
        NOBODY = "nobody", "nobody, with a client"

    class Format(models.TextChoices):
        NONE = "none", "none"
        TEXT = "text", "text, for people"
        JSON = "json", "JSON, for programs"

    who_creates = models.CharField(
        "who may make rooms", max_length=9, choices=Creators.choices, default=Creators.EVERYBODY
    )
    group = models.ForeignKey(
        "auth.Group", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    message_format = models.CharField(
        "messages to members", max_length=4, choices=Format.choices, default=Format.TEXT
    )
    subject = models.CharField(max_length=200, blank=True, default="{name}")
    added = models.TextField(
        "who is added is told",
        blank=True,
        default="{by} has made you {affiliation} of the room {name}: {link}",
    )
    changed = models.TextField(
        "whose affiliation changes is told",
        blank=True,
        default="You are {affiliation} of the room {name} now: {link}",
    )
    removed = models.TextField(
        "who is taken out is told",
        blank=True,
        default="You are no longer {before} of the room {name}. {reason}",
    )
    json = models.TextField(
        "JSON",
        blank=True,
        default='{"event": "{event}", "room": "{address}", "name": "{name}",'
        ' "affiliation": "{affiliation}", "before": "{before}", "by": "{by}",'
        ' "reason": "{reason}", "time": "{time}"}',
    )

    class Meta:
        verbose_name = "rules for rooms"
        verbose_name_plural = "rules for rooms"

    def __str__(self) -> str:
        return "Rules for rooms"


class GroupLink(models.Model):
    """The people of a group have an affiliation with a room, for as long as they are in it."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="groups")
    group = models.ForeignKey("auth.Group", models.CASCADE, related_name="rooms")
    rank = models.CharField(
        "affiliation",
        max_length=7,
        choices=[each for each in Affiliation.Rank.choices if each[0] != "outcast"],
        default=Affiliation.Rank.MEMBER,
    )

    class Meta:
        ordering = ["room", "group"]
        constraints = [models.UniqueConstraint("room", "group", name="group_once")]

    def __str__(self) -> str:
        return f"{self.group}: {self.rank} of {self.room}"


class Tombstone(models.Model):
    """An address that has retired with its room: nobody makes another one there."""

    localpart = models.CharField("address", max_length=1023, unique=True)
    at = models.DateTimeField("destroyed at", auto_now_add=True)
    by = models.CharField(max_length=1100)
    reason = models.CharField(max_length=500, blank=True)
    alternate = models.CharField("room to go to instead", max_length=2047, blank=True)

    class Meta:
        verbose_name = "retired address"
        verbose_name_plural = "retired addresses"
        ordering = ["localpart"]

    def __str__(self) -> str:
        return f"{self.localpart}@conference.{settings.CHATOPS_DOMAIN}"

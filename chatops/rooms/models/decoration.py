from django.db import models

from chatops.rooms.models.rooms import Room


class RoomCard(models.Model):
    """A room's vCard, for its picture (XEP-0486)."""

    room = models.OneToOneField(Room, models.CASCADE, primary_key=True, related_name="card")
    document = models.TextField(help_text="The vcard-temp element, without the picture.")
    photo = models.BinaryField(default=bytes)
    photo_type = models.CharField(
        max_length=100, blank=True, help_text="As the client has named it."
    )
    photo_hash = models.CharField(max_length=40, blank=True, help_text="SHA-1, as disco tells.")
    image_type = models.CharField(
        max_length=20, blank=True, help_text="What it was found to be; empty: not shown."
    )

    class Meta:
        verbose_name = "room picture"
        ordering = ["room"]

    def __str__(self) -> str:
        return f"picture of {self.room}"


class Hat(models.Model):
    """A title that people can have in a room, beside role and affiliation (XEP-0317)."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="hats")
    uri = models.CharField("URI", max_length=1_000)
    title = models.CharField(max_length=200)
    hue = models.CharField(max_length=20, blank=True, help_text="Of its colour: 0 to 360.")

    class Meta:
        ordering = ["room", "pk"]
        constraints = [models.UniqueConstraint("room", "uri", name="hat_once")]

    def __str__(self) -> str:
        return self.title


class WornHat(models.Model):
    """Who has a hat, by bare JID."""

    hat = models.ForeignKey(Hat, models.CASCADE, related_name="worn")
    jid = models.CharField(max_length=2_047)

    class Meta:
        ordering = ["hat", "jid"]
        constraints = [models.UniqueConstraint("hat", "jid", name="hat_worn_once")]

    def __str__(self) -> str:
        return f"{self.hat} of {self.jid}"

"""What people's clients keep on the service, and what it knows of clients."""

from typing import Self

from django.db import models
from django.utils import timezone

from chatops.accounts.models.people import User


class VCardQuerySet(models.QuerySet["VCard"]):
    def light(self) -> Self:
        """Without what is long: for lists."""
        return self.defer("document", "photo")


class VCard(models.Model):
    """What a person tells about themselves, with a photo (XEP-0054, XEP-0292, XEP-0153)."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="vcard")
    document = models.TextField(help_text="The vcard-temp element, without the photo.")
    photo = models.BinaryField(default=bytes)
    photo_type = models.CharField(
        max_length=100, blank=True, help_text="As the client has named it."
    )
    photo_hash = models.CharField(max_length=40, blank=True, help_text="SHA-1, as in presence.")
    image_type = models.CharField(
        max_length=20, blank=True, help_text="What the photo was found to be; empty: not shown."
    )
    changed_at = models.DateTimeField(default=timezone.now)

    objects = VCardQuerySet.as_manager()

    class Meta:
        verbose_name = "vCard"
        ordering = ["user"]

    def __str__(self) -> str:
        return f"vCard of {self.user}"


class PrivateData(models.Model):
    """One element of private XML storage (XEP-0049): clients' settings and bookmarks."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="private_data", verbose_name="person"
    )
    namespace = models.CharField(max_length=500)
    tag = models.CharField("element", max_length=200)
    document = models.TextField()
    size_bytes = models.PositiveIntegerField("bytes")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "private storage"
        verbose_name_plural = "private storage"
        ordering = ["user", "namespace", "tag"]
        permissions = [("read_privatedata", "Can read what is in private storage")]
        constraints = [
            models.UniqueConstraint("user", "namespace", "tag", name="private_data_once")
        ]

    def __str__(self) -> str:
        return f"{{{self.namespace}}}{self.tag} of {self.user}"


class ClientSoftware(models.Model):
    """What a kind of client can do, known by the hash over it (XEP-0115, XEP-0390)."""

    hash_name = models.CharField("hash", max_length=20)
    hash_value = models.CharField("value", max_length=200)
    node = models.CharField(max_length=500, blank=True, help_text="Where the client comes from.")
    name = models.CharField(max_length=200, blank=True, help_text="As it calls itself.")
    identities = models.JSONField(default=list)  # of [category, type, lang, name]
    features = models.JSONField(default=list)
    learnt_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "client software"
        verbose_name_plural = "client software"
        ordering = ["-learnt_at"]
        constraints = [
            models.UniqueConstraint("hash_name", "hash_value", name="client_software_once")
        ]

    def __str__(self) -> str:
        return self.name or self.node or self.hash_value

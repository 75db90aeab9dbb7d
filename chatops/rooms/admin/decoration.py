"""What decorates rooms and people in them: pictures and hats, as owners set them with a client."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget

from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.core.forms import refusals_told
from chatops.core.ids import read_id
from chatops.rooms.models import Hat, RoomCard
from chatops.rooms.services import decoration
from chatops.rooms.services.decoration import HatShown

CACHED_SECONDS = 31_536_000  # the address changes with the picture
SHOWN = 200  # people who have one hat
SMALL = "h-16 object-cover rounded-default w-16"
PICTURES = "image/png,image/jpeg,image/gif,image/webp"


class HatForm(forms.ModelForm[Hat]):
    """The same rules as in the commands that clients have."""

    class Meta:
        model = Hat
        fields = ("room", "title", "uri", "hue")
        labels: ClassVar[Mapping[str, str]] = {"hue": "Colour"}
        help_texts: ClassVar[Mapping[str, str]] = {
            "title": "What everybody sees beside the nickname.",
            "uri": "What programs know the hat by, such as urn:example:hats:host.",
            "hue": "The hue of it, as an angle from 0 to 360; programs choose one if it is empty.",
        }

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        with refusals_told():
            decoration.must_be_hat(
                HatShown(
                    found.get("uri") or self.instance.uri,
                    found.get("title", ""),
                    found.get("hue", ""),
                )
            )
        return found


@admin.register(Hat)
class HatAdmin(AuditedModelAdmin):
    form = HatForm
    list_display = ("title", "room", "uri", "wearers")
    list_select_related = ("room",)
    search_fields = ("title", "uri", "room__localpart", "room__name", "worn__jid")
    search_help_text = "Title, URI, room, or somebody's address"
    autocomplete_fields = ("room",)
    panel_template = "rooms/hat_panels.html"
    deeds: ClassVar[Mapping[str, Deed]] = {
        "give": Deed("rooms.moderate_room", "do_give"),
        "take": Deed("rooms.moderate_room", "do_take"),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hat]:
        found: QuerySet[Hat] = super().get_queryset(request)
        return found.annotate(wearer_count=Count("worn"))

    @admin.display(description="people", ordering=F("wearer_count"))
    def wearers(self, hat: Hat) -> int:
        return int(getattr(hat, "wearer_count", 0))

    def get_readonly_fields(self, request: HttpRequest, obj: Hat | None = None) -> Any:
        return () if obj is None else ("room", "uri")

    def save_model(
        self, request: HttpRequest, obj: Hat, form: forms.ModelForm[Hat], change: bool
    ) -> None:
        hat = HatShown(obj.uri, obj.title, obj.hue)
        decoration.make_hat(obj.room, hat=hat, by=Actor.of(request))
        obj.pk = Hat.objects.get(room=obj.room, uri=obj.uri.strip()).pk

    def delete_model(self, request: HttpRequest, obj: Hat) -> None:
        decoration.destroy_hat(obj.room, uri=obj.uri, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Hat]) -> None:
        for hat in queryset:
            self.delete_model(request, hat)

    def panel_context(self, request: HttpRequest, item: Hat) -> dict[str, Any]:
        worn = item.worn.order_by("jid").values_list("jid", flat=True)
        return {"wearers": worn[:SHOWN], "hidden": max(0, worn.count() - SHOWN)}

    def do_give(self, request: HttpRequest, hat: Hat) -> str:
        jid = request.POST.get("jid", "")
        decoration.give_hat(hat.room, uri=hat.uri, jid=jid, by=Actor.of(request))
        return f"{jid} has the hat {hat} in {hat.room} now."

    def do_take(self, request: HttpRequest, hat: Hat) -> str:
        jid = request.POST.get("jid", "")
        decoration.take_hat(hat.room, uri=hat.uri, jid=jid, by=Actor.of(request))
        return f"{jid} has the hat {hat} no more."


class PictureForm(forms.ModelForm[RoomCard]):
    """A picture for a room."""

    picture = forms.FileField(
        label="New picture",
        help_text="PNG, JPEG, GIF or WebP; it is made small, without a camera's notes.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": PICTURES}),
    )

    class Meta:
        model = RoomCard
        fields = ("room",)

    def clean_picture(self) -> Any:
        """Made small at once, so that what is no picture is said beside the field."""
        upload = self.cleaned_data["picture"]
        with refusals_told():
            return decoration.picture_from(upload.read())


@admin.register(RoomCard)
class RoomCardAdmin(AuditedModelAdmin):
    form = PictureForm
    list_display = ("shown", "room")
    list_display_links = ("room",)
    list_select_related = ("room",)
    search_fields = ("room__localpart", "room__name")
    autocomplete_fields = ("room",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoomCard]:
        found: QuerySet[RoomCard] = super().get_queryset(request)
        return found.exclude(photo_hash="").defer("photo", "document")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> RoomCard | None:
        """None for what cannot be a room's number."""
        if read_id(object_id) is None:
            return None
        return super().get_object(request, object_id, from_field)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view)
        name = "rooms_roomcard_picture"
        return [
            path("<path:object_id>/picture/", view, name=name),
            *super().get_urls(),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: RoomCard | None = None) -> Any:
        return () if obj is None else ("room", "shown")

    def get_fields(self, request: HttpRequest, obj: RoomCard | None = None) -> Any:
        return ("room", "picture") if obj is None else ("room", "shown", "picture")

    @admin.display(description="picture")
    def shown(self, card: RoomCard) -> SafeString:
        if not card.image_type:
            return format_html("<span class='co-muted'>{}</span>", "cannot be shown here")
        page = reverse("admin:rooms_roomcard_picture", args=[card.pk])
        address = f"{page}?{card.photo_hash}"  # cached until it is another one
        return format_html("<img class='{}' src='{}' alt='{}'>", SMALL, address, str(card))

    def picture_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It can do nothing but be seen."""
        card = self.get_object(request, object_id)
        if card is None or not card.image_type or not self.has_view_permission(request, card):
            raise Http404
        return HttpResponse(
            bytes(card.photo),
            content_type=card.image_type,
            headers={
                "Cache-Control": f"private, max-age={CACHED_SECONDS}, immutable",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def save_model(
        self, request: HttpRequest, obj: RoomCard, form: forms.ModelForm[RoomCard], change: bool
    ) -> None:
        photo = form.cleaned_data["picture"]
        decoration.set_picture(obj.room, photo=photo, by=Actor.of(request))

    def delete_model(self, request: HttpRequest, obj: RoomCard) -> None:
        decoration.set_picture(obj.room, photo=None, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RoomCard]) -> None:
        for card in queryset:
            self.delete_model(request, card)

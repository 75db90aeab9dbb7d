"""The archive in the browser: searched, and read as conversations; each reading is noted."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from chatops.archive import services
from chatops.archive.models import Message
from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.keyset import AddressFilter, KeysetChangeList, SpanFilter
from chatops.audit.services import Actor, record
from chatops.core.ids import read_id

PAGE = 100


class PersonFilter(AddressFilter):
    """From or to somebody, or a room."""

    title, parameter_name = "address", "address"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        address = self.address()
        return queryset.filter(_of_address(address)) if address else queryset


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("accepted", "sender_bare", "recipient_bare", "kind", "excerpt")
    list_filter = ("kind", "wants_receipt", PersonFilter, SpanFilter)
    list_filter_submit = True
    search_fields = ("body",)
    search_help_text = "An address, a message's id, or words of it."
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they would count everything
    fields = (
        "id",
        "accepted",
        "kind",
        "sender",
        "recipient",
        "stanza_id",
        "thread",
        "body",
        "retracted",
    )
    panel_template = "archive/message_panels.html"

    @admin.display(description="accepted")
    def accepted(self, message: Message) -> str:
        return f"{message.accepted_at:%d %b %Y %H:%M:%S} UTC"

    @admin.display(description="text")
    def excerpt(self, message: Message) -> str:
        if message.retracted_at:
            return f"Retracted by {message.retracted_by}"
        return message.body if len(message.body) <= 80 else f"{message.body[:79]}…"

    @admin.display(description="retracted")
    def retracted(self, message: Message) -> str:
        if not message.retracted_at:
            return "no"
        return f"{message.retracted_at:%d %b %Y %H:%M:%S} UTC by {message.retracted_by}"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.conversation_view)
        return [path("conversation/", view, name="archive_conversation"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """By message id, by address, by the client's id, by words that are all in the text."""
        text = search_term.strip()
        if not text:
            return queryset, False
        number = read_id(text)
        if number is not None and Message.objects.filter(pk=number).exists():
            return queryset.filter(pk=number), False
        if "@" in text and " " not in text:
            return queryset.filter(_of_address(text.partition("/")[0].lower())), False
        words = Q()
        for word in text.split():
            words &= Q(body__icontains=word)
        return queryset.filter(words | Q(stanza_id=text)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list shows what people wrote, so looking at it is reading."""
        if self.has_view_permission(request):
            asked = {key: value[:200] for key, value in request.GET.items()}
            record(Actor.of(request), "archive.list", "messages", **{"asked": asked})
        return super().changelist_view(request, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is not None and self.has_view_permission(request, message):
            services.note_reading(Actor.of(request), message.pk)
        return super().change_view(request, object_id, form_url, extra_context)

    def conversation_view(self, request: HttpRequest) -> HttpResponse:
        """What two said to each other, or what was said in a room, as a chat reads."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        one, other = (request.GET.get(name, "").strip().lower() for name in ("one", "other"))
        keys = {name: read_id(request.GET.get(name, "")) for name in ("before", "after", "at")}
        talk = services.conversation(one=one, other=other, most=PAGE, **keys)
        if other:
            who = f"{one} and {other}" if one else other
            record(Actor.of(request), services.READ, who[:1100], messages=len(talk.messages))
        context = {
            **self.admin_site.each_context(request),
            "title": "Conversation",
            "opts": self.opts,
            "talk": talk,
            "one": one,
            "other": other,
            "at": keys["at"],
        }
        return TemplateResponse(request, "archive/conversation.html", context)


def _of_address(address: str) -> Q:
    return Q(sender_bare=address) | Q(recipient_bare=address)

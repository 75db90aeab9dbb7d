"""The archive in the browser: searched, and read as conversations; each reading is noted."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.paginator import InfinitePaginator

from chatops.archive.models import Message
from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.services import Actor, record

PAGE = 100


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("accepted_at", "sender_bare", "recipient_bare", "kind", "excerpt")
    list_filter = ("kind", "wants_receipt")
    search_fields = ("sender_bare", "recipient_bare", "body", "stanza_id")
    search_help_text = "Addresses, words, or a client's message id."
    paginator = InfinitePaginator
    ordering = ("-id",)
    fields = ("id", "accepted_at", "kind", "sender", "recipient", "stanza_id", "thread", "body")
    panel_template = "archive/message_panels.html"

    @admin.display(description="text")
    def excerpt(self, message: Message) -> str:
        return message.body[:80]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.conversation_view)
        return [path("conversation/", view, name="archive_conversation"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is not None and self.has_view_permission(request, message):
            record(Actor.of(request), "archive.read", f"message {message.pk}")
        return super().change_view(request, object_id, form_url, extra_context)

    def conversation_view(self, request: HttpRequest) -> HttpResponse:
        """What two said to each other, or what was said in a room, oldest first, page by page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        one, other = request.GET.get("one", "").lower(), request.GET.get("other", "").lower()
        before = request.GET.get("before", "")
        found = Message.objects.filter(
            Q(sender_bare=one, recipient_bare=other) | Q(sender_bare=other, recipient_bare=one)
        )
        if not one:
            found = Message.objects.filter(recipient_bare=other)
        if before.isascii() and before.isdecimal() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        rows = list(found.order_by("-pk")[: PAGE + 1])
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        record(Actor.of(request), "archive.read", f"{one or 'everybody'} and {other}")
        context = {
            **self.admin_site.each_context(request),
            "title": f"{one} and {other}" if one else other,
            "opts": self.opts,
            "messages_shown": rows,
            "older": rows[0].pk if more else None,
            "one": one,
            "other": other,
        }
        return TemplateResponse(request, "archive/conversation.html", context)

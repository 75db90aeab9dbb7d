"""The delivery log, and each message's timeline."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from chatops.audit.base import ReadOnlyAdmin
from chatops.core.ids import moment_of
from chatops.delivery.models import Delivery, State
from chatops.delivery.timeline import BADGES, span, timeline_of


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("accepted", "sender", "recipient", "shown_device", "shown_state", "latency")
    list_filter = ("state", "owed", "message__kind")
    list_select_related = ("message", "recipient", "device")
    search_fields = ("recipient__username",)
    search_help_text = "An address, a message's id, or words of it."
    paginator = InfinitePaginator
    ordering = ("-id",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.timeline_view)
        return [
            path("message/<int:message_id>/", view, name="delivery_timeline"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By message id, by stanza id, by address, by words."""
        text = search_term.strip()
        if not text:
            return queryset, False
        found = Q(message__stanza_id=text)
        if text.isascii() and text.isdecimal() and len(text) < 19:
            found |= Q(message_id=int(text))
        elif "@" in text:
            bare = text.partition("/")[0].lower()
            found |= Q(message__sender_bare=bare) | Q(message__recipient_bare=bare)
            found |= Q(recipient__username=bare.partition("@")[0])
        elif request.user.has_perm("archive.view_message"):
            found |= Q(message__body__icontains=text)
        return queryset.filter(found), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        delivery = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        return redirect(reverse("admin:delivery_timeline", args=[delivery.message_id]))

    def timeline_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """All that happened to one message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        timeline = timeline_of(message_id)
        if timeline is None:
            raise Http404("The ledger knows no such message.")
        context = {
            **self.admin_site.each_context(request),
            "title": "Message timeline",
            "opts": self.opts,
            "timeline": timeline,
            "may_read": request.user.has_perm("archive.view_message"),
        }
        return TemplateResponse(request, "delivery/timeline.html", context)

    @admin.display(description="accepted", ordering="message_id")
    def accepted(self, delivery: Delivery) -> SafeString:
        moment = moment_of(delivery.message_id)
        return format_html(
            "<time datetime='{}'>{}</time>", moment.isoformat(), f"{moment:%d %b %H:%M:%S}"
        )

    @admin.display(description="from", ordering="message__sender_bare")
    def sender(self, delivery: Delivery) -> str:
        return delivery.message.sender_bare

    @admin.display(description="device")
    def shown_device(self, delivery: Delivery) -> str:
        return delivery.device.resource if delivery.device else "in the queue"

    @admin.display(description="state", ordering="state")
    def shown_state(self, delivery: Delivery) -> SafeString:
        state = State(delivery.state)
        return format_html("<span class='co-badge {}'>{}</span>", BADGES[state], state.label)

    @admin.display(description="after")
    def latency(self, delivery: Delivery) -> str:
        return span(delivery.changed_at, moment_of(delivery.message_id))

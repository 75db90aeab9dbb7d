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
from unfold.contrib.filters.admin import TextFilter

from chatops.archive.models import Kind, Message
from chatops.archive.services import note_reading
from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.keyset import AddressFilter, KeysetChangeList, SpanFilter
from chatops.audit.services import Actor, record
from chatops.core.ids import moment_of, read_id
from chatops.delivery.models import Delivery, State
from chatops.delivery.timeline import BADGES, span, timeline_of


class AcceptedFilter(SpanFilter):
    key = "message_id"


class SenderFilter(AddressFilter):
    title, parameter_name = "sender's address", "sender"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        address = self.address()
        if not address:
            return queryset
        return queryset.filter(message__in=Message.objects.filter(sender_bare=address).values("pk"))


class RecipientFilter(AddressFilter):
    title, parameter_name = "recipient's address", "recipient"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        address = self.address()
        if not address:
            return queryset
        return queryset.filter(recipient__username=address.partition("@")[0])


class DeviceFilter(TextFilter):
    title, parameter_name = "device", "device"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        text = (self.value() or "").strip()
        return queryset.filter(device__resource__icontains=text) if text else queryset


class KindFilter(admin.SimpleListFilter):
    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(kind.value), str(kind.label)) for kind in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        chosen = read_id(self.value() or "")
        return queryset if chosen is None else queryset.filter(message__kind=chosen)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("accepted", "sender", "recipient", "shown_device", "shown_state", "latency")
    list_filter = (
        "state",
        "owed",
        KindFilter,
        SenderFilter,
        RecipientFilter,
        DeviceFilter,
        AcceptedFilter,
    )
    list_filter_submit = True
    list_select_related = ("recipient", "device")
    search_fields = ("recipient__username",)
    search_help_text = "An address, a message's id, or words of it."
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they would count everything

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Messages come by a query of their own: also what is kept nowhere has its row here."""
        return super().get_queryset(request).prefetch_related("message")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.timeline_view)
        return [
            path("message/<int:message_id>/", view, name="delivery_timeline"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """By message id, by address, by the client's id of the message, by words."""
        text = search_term.strip()
        if not text:
            return queryset, False
        number = read_id(text)
        if number is not None and Delivery.objects.of_message(number).exists():
            return queryset.filter(message_id=number), False
        if "@" in text:
            return queryset.filter(_of_address(text)), False
        words = Q(stanza_id=text)
        if request.user.has_perm("archive.view_message"):
            words |= Q(body__icontains=text)
            record(Actor.of(request), "archive.search", "the delivery log", words=text[:200])
        return queryset.filter(message__in=Message.objects.filter(words).values("pk")), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        number = read_id(object_id)
        delivery = None if number is None else Delivery.objects.filter(pk=number).first()
        if delivery is None:
            raise Http404
        return redirect(reverse("admin:delivery_timeline", args=[delivery.message_id]))

    def timeline_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """All that happened to one message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        who = request.GET.get("who", "")
        number = read_id(str(message_id))
        timeline = None if number is None else timeline_of(number, who=who)
        if timeline is None:
            raise Http404("The ledger knows no such message.")
        may_read = request.user.has_perm("archive.view_message")
        if may_read and timeline.message is not None:
            note_reading(Actor.of(request), timeline.message.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Message timeline",
            "opts": self.opts,
            "timeline": timeline,
            "who": who,
            "may_read": may_read,
        }
        return TemplateResponse(request, "delivery/timeline.html", context)

    @admin.display(description="accepted")
    def accepted(self, delivery: Delivery) -> SafeString:
        moment = moment_of(delivery.message_id)
        return format_html(
            "<time datetime='{}'>{}</time>", moment.isoformat(), f"{moment:%d %b %H:%M:%S}"
        )

    @admin.display(description="from")
    def sender(self, delivery: Delivery) -> str:
        return sender_of(delivery)

    @admin.display(description="device")
    def shown_device(self, delivery: Delivery) -> str:
        return delivery.device.resource if delivery.device else "in the queue"

    @admin.display(description="state")
    def shown_state(self, delivery: Delivery) -> SafeString:
        state = State(delivery.state)
        return format_html("<span class='co-badge {}'>{}</span>", BADGES[state], state.label)

    @admin.display(description="after")
    def latency(self, delivery: Delivery) -> str:
        return span(delivery.changed_at, moment_of(delivery.message_id))


def _of_address(text: str) -> Q:
    """What an address, bare or full, has sent or was to get; a room's is what was said in it."""
    bare, _, resource = text.partition("/")
    bare = bare.lower()
    sent = Message.objects.filter(Q(sender_bare=bare) | Q(recipient_bare=bare))
    got = Q(recipient__username=bare.partition("@")[0])
    if resource:
        sent = sent.filter(Q(sender=f"{bare}/{resource}") | Q(recipient=f"{bare}/{resource}"))
        got &= Q(device__resource=resource)
    return got | Q(message__in=sent.values("pk"))


def sender_of(delivery: Delivery) -> str:
    """Who sent it, where that is known."""
    try:
        return delivery.message.sender_bare
    except Message.DoesNotExist:
        return "not kept"

"""The delivery log, and each message's timeline."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chatops.archive.models import Message
from chatops.archive.services import note_reading
from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.services import Actor, record
from chatops.core.ids import moment_of, read_id
from chatops.delivery import retries
from chatops.delivery.admin.changelist import (
    READ,
    THAN,
    AcceptedFilter,
    DeviceFilter,
    KindFilter,
    LogChangeList,
    RecipientFilter,
    SenderFilter,
)
from chatops.delivery.log import LogQuery
from chatops.delivery.models import Delivery, State
from chatops.delivery.sentences import span
from chatops.delivery.timeline import BADGES, timeline_of
from chatops.delivery.walking import Place

DECIDE = "delivery.decide_deadletter"
_DECISIONS = {
    "offer": (retries.revive, "It is offered again."),
    "discard": (retries.discard, "It is discarded."),
}
MOST_NEWER = 99  # rows that are counted above a page
MOST_ROWS = 200  # asked for at a time by a page that follows them


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
    list_before_template = "delivery/log_head.html"
    search_fields = ("recipient__username",)
    search_help_text = "An address, an id, or words."
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they would count everything

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LogChangeList]:
        return LogChangeList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.timeline_view)
        rows = self.admin_site.admin_view(self.rows_view)
        decide = self.admin_site.admin_view(self.decide_view)
        return [
            path("message/<int:message_id>/", view, name="delivery_timeline"),
            path("message/<int:message_id>/decide/", decide, name="delivery_decide"),
            path("rows/", rows, name="delivery_rows"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """LogQuery finds the rows; that words are looked for is noted."""
        query = LogQuery(search=search_term.strip(), words=request.user.has_perm(READ))
        if query.looks_into_words:
            record(
                Actor.of(request), "archive.search", "the delivery log", words=query.search[:200]
            )
        return queryset, False

    def rows_view(self, request: HttpRequest) -> HttpResponse:
        """The cells that change, of some rows: what a page that follows them fetches."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [read_id(text) for text in request.GET.get("ids", "").split(",")[:MOST_ROWS]]
        wanted = [key for key in keys if key is not None]
        rows = Delivery.objects.filter(pk__in=wanted).select_related("device")
        cells = [cell for row in rows for cell in _cells(row)]
        newest = Place.read(request.GET.get(THAN, ""))
        if newest is not None:
            cells.append(_newer_rows(LogQuery.read(request.GET.dict(), words=False), newest))
        return HttpResponse(format_html_join("\n", "{}", ((cell,) for cell in cells)))

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
            "may_decide": request.user.has_perm(DECIDE),
        }
        return TemplateResponse(request, "delivery/timeline.html", context)

    def decide_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Offer a dead letter again, or discard it, where one has read why it was given up."""
        if not request.user.has_perm(DECIDE) or not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        number, chosen = read_id(str(message_id)), read_id(request.POST.get("delivery", ""))
        rows = Delivery.objects.filter(pk=chosen, message_id=number) if number and chosen else None
        if rows is None or not rows.exists():
            raise Http404
        verb, done = _DECISIONS.get(request.POST.get("decision", ""), (None, ""))
        if verb is None:
            raise Http404

        def decide() -> str:
            reason = request.POST.get("reason", "").strip()
            count = verb([rows.get().pk], by=Actor.of(request), reason=reason)
            return done if count else "Somebody else has decided already."

        self.answer(request, decide)
        return redirect(reverse("admin:delivery_timeline", args=[number]))

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
    def shown_device(self, delivery: Delivery) -> SafeString:
        return _cells(delivery)[0]

    @admin.display(description="state")
    def shown_state(self, delivery: Delivery) -> SafeString:
        return _cells(delivery)[1]

    @admin.display(description="after")
    def latency(self, delivery: Delivery) -> SafeString:
        return _cells(delivery)[2]


def _cells(delivery: Delivery) -> tuple[SafeString, SafeString, SafeString]:
    """Device, state and time of a row, which follow what happens to its message."""
    state = State(delivery.state)
    badge = format_html("<span class='co-badge {}'>{}</span>", BADGES[state], state.label)
    shown = (
        ("device", delivery.device.resource if delivery.device else "in the queue"),
        ("state", badge),
        ("after", span(delivery.changed_at, moment_of(delivery.message_id))),
    )
    device, state_, after = (
        format_html(
            "<span id='{}-{}' data-live='message-{}'>{}</span>",
            name, delivery.pk, delivery.message_id, content,
        )
        for name, content in shown
    )  # fmt: skip
    return device, state_, after


def _newer_rows(query: LogQuery, newest: Place) -> SafeString:
    """How many rows a page of that query would have above its own, and the way to them."""
    page = query.page(size=MOST_NEWER, newer=newest, columns=("message_id",))
    count = len(page.rows)
    if not count:
        return format_html("<span id='newer-rows'></span>")
    return format_html(
        "<span id='newer-rows'><a class='co-badge co-info' href='{}?{}'>{}{} newer</a></span>",
        reverse("admin:delivery_delivery_changelist"),
        urlencode(query.as_params()),
        count,
        "+" if page.has_more else "",
    )


def sender_of(delivery: Delivery) -> str:
    """Who sent it, where that is known."""
    try:
        return delivery.message.sender_bare
    except Message.DoesNotExist:
        return "not kept"

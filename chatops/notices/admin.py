"""Notices in the browser: composed, sent, and followed until everybody has confirmed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor, record
from chatops.core.ids import moment_of
from chatops.delivery.models import Delivery, State
from chatops.delivery.timeline import BADGES, span
from chatops.notices import services
from chatops.notices.audiences import audience_of
from chatops.notices.models import Notice
from chatops.xmpp.errors import Refused

SHOWN = 500  # recipients in the table; all of them count


@admin.register(Notice)
class NoticeAdmin(AuditedModelAdmin):
    list_display = (
        "__str__",
        "shown_state",
        "audience",
        "shown_progress",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "audience")
    search_fields = ("subject", "body")
    panel_template = "notices/notice_panels.html"
    fieldsets = (
        (None, {"fields": ("subject", "body", "wants_receipt")}),
        ("For whom", {"fields": ("audience", "room", "addresses")}),
    )
    deeds: ClassVar[Mapping[str, Deed]] = {
        "send": Deed("notices.send_notice", "do_send"),
        "test": Deed("notices.send_notice", "do_test"),
        "cancel": Deed("notices.send_notice", "do_cancel"),
    }

    @admin.display(description="state", ordering="state")
    def shown_state(self, notice: Notice) -> SafeString:
        kinds = {"draft": "", "sending": "co-info", "sent": "co-good", "cancelled": "co-warn"}
        return format_html("<span class='co-badge {}'>{}</span>", kinds[notice.state], notice.state)

    @admin.display(description="confirmed")
    def shown_progress(self, notice: Notice) -> str:
        if notice.state == Notice.State.DRAFT:
            return "not sent"
        counts = services.progress(notice)
        return f"{counts['confirmed']}/{counts['total']}"

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """What was sent stays as it was."""
        allowed = bool(super().has_change_permission(request, obj))
        return allowed and (obj is None or obj.state == Notice.State.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        allowed = bool(super().has_delete_permission(request, obj))
        return allowed and obj is not None and obj.state == Notice.State.DRAFT

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        verb = "notice.change" if change else "notice.compose"
        record(Actor.of(request), verb, f"notice {obj.pk}", subject=obj.subject)

    def response_post_save_add(self, request: HttpRequest, obj: Notice) -> HttpResponse:
        """A new notice is looked at before it is sent."""
        return redirect("admin:notices_notice_change", obj.pk)

    def panel_context(self, request: HttpRequest, item: Notice) -> dict[str, Any]:
        if item.state == Notice.State.DRAFT:
            try:
                return {"draft": True, "people": audience_of(item).count()}
            except Refused as refusal:
                return {"draft": True, "people": 0, "problem": refusal.sentence}
        counts = services.progress(item)
        total = counts["total"] or 1
        parts = ("confirmed", "sent", "queued", "failed")
        return {
            "counts": counts,
            "bar": [(part, counts[part], round(100 * counts[part] / total, 2)) for part in parts],
            "rows": _rows(item),
        }

    def do_send(self, request: HttpRequest, notice: Notice) -> str:
        started = services.start(notice, by=Actor.of(request))
        return f"The notice is on its way to {services.progress(started)['total']} people."

    def do_test(self, request: HttpRequest, notice: Notice) -> str:
        services.send_test(notice, user_id=request.user.pk or 0, by=Actor.of(request))
        return "A copy is on its way to you alone."

    def do_cancel(self, request: HttpRequest, notice: Notice) -> str:
        services.cancel(notice, by=Actor.of(request))
        return "Cancelled: who has not got it yet will not get it."


def _rows(notice: Notice) -> list[dict[str, Any]]:
    if notice.message_id is None:
        return []
    started = moment_of(notice.message_id)
    found = Delivery.objects.of_message(notice.message_id).select_related("recipient", "device")
    return [
        {
            "jid": delivery.recipient.jid,
            "device": delivery.device.resource if delivery.device else "",
            "state": State(delivery.state).label,
            "badge": BADGES[State(delivery.state)],
            "after": span(delivery.changed_at, started),
        }
        for delivery in found.order_by("recipient__username", "id")[:SHOWN]
    ]

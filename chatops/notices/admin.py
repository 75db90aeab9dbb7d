"""Notices in the browser: composed, sent, and followed until everybody has confirmed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.core.ids import moment_of
from chatops.delivery.models import Delivery, State
from chatops.delivery.sentences import span
from chatops.delivery.timeline import BADGES
from chatops.notices import services
from chatops.notices.audiences import audience_of
from chatops.notices.forms import NoticeForm
from chatops.notices.models import Audience, Notice
from chatops.rooms.models import Room
from chatops.xmpp.errors import Refused

SHOWN = 500  # recipients in the table; all of them count
PARTS = ("confirmed", "sent", "queued", "failed")  # of the bar, from the left
BADGE_OF_STATE = {"draft": "", "sending": "co-info", "sent": "co-good", "cancelled": "co-warn"}


@admin.register(Notice)
class NoticeAdmin(AuditedModelAdmin):
    form = NoticeForm
    list_display = (
        "__str__",
        "shown_state",
        "shown_audience",
        "shown_progress",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "audience")
    list_per_page = 20  # each line counts its recipients
    list_select_related = ("created_by", "room")
    search_fields = ("subject", "body")
    search_help_text = "Words of the subject or of the text"
    panel_template = "notices/notice_panels.html"
    fieldsets = (
        (None, {"fields": ("subject", "body", "wants_receipt")}),
        (None, {"fields": ("audience", "room", "addresses")}),
        ("Until it is given up", {"fields": (("lifetime_days", "attempts"),)}),
    )
    conditional_fields: ClassVar[Mapping[str, str]] = {
        "room": "audience == 'room'",
        "addresses": "audience == 'list'",
    }
    autocomplete_fields = ("room",)
    deeds: ClassVar[Mapping[str, Deed]] = {
        "send": Deed("notices.send_notice", "do_send"),
        "test": Deed("notices.send_notice", "do_test"),
        "cancel": Deed("notices.send_notice", "do_cancel"),
        "again": Deed("notices.add_notice", "do_again"),
    }

    class Media:
        js = ("notices/notice.js",)

    @admin.display(description="state", ordering="state")
    def shown_state(self, notice: Notice) -> SafeString:
        badge = BADGE_OF_STATE[notice.state]
        return format_html("<span class='co-badge {}'>{}</span>", badge, notice.state)

    @admin.display(description="for whom", ordering="audience")
    def shown_audience(self, notice: Notice) -> str:
        if notice.audience == Audience.ROOM:
            return f"people of {notice.room}" if notice.room else "people of a room that is gone"
        return str(notice.get_audience_display())

    @admin.display(description="confirmed")
    def shown_progress(self, notice: Notice) -> SafeString | str:
        if notice.state == Notice.State.DRAFT:
            return "not sent"
        counts = services.progress(notice)
        done, total = counts["confirmed"], counts["total"]
        return format_html(
            "<span class='co-progress'><span>{}/{}</span>"
            "<progress value='{}' max='{}' aria-label='confirmed'></progress></span>",
            *(f"{done:,}", f"{total:,}", done, total or 1),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.count_view)
        return [path("count/", view, name="notices_notice_count"), *super().get_urls()]

    def count_view(self, request: HttpRequest) -> HttpResponse:
        """How many people an audience has, while it is being chosen."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        room = request.POST.get("room", "")
        wanted = Notice(
            audience=request.POST.get("audience", ""),
            room=Room.objects.filter(pk=room).first() if _is_number(room) else None,
            addresses=request.POST.get("addresses", ""),
        )
        try:
            return JsonResponse({"people": audience_of(wanted).count()})
        except Refused as refusal:
            return JsonResponse({"problem": refusal.sentence})

    def get_fieldsets(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        """What cannot be changed is shown by the panels alone."""
        if obj is not None and not self.has_change_permission(request, obj):
            return []
        return super().get_fieldsets(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """What was sent stays as it was."""
        allowed = bool(super().has_change_permission(request, obj))
        return allowed and (obj is None or obj.state == Notice.State.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        allowed = bool(super().has_delete_permission(request, obj))
        return allowed and obj is not None and obj.state == Notice.State.DRAFT

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """One notice at a time: it is looked at before it is sent."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        by = Actor.of(request)
        if change:
            services.revise(obj, by=by)
            return
        columns = {name: form.cleaned_data[name] for name in NoticeForm.Meta.fields}
        obj.pk = services.compose(by=by, **columns).pk

    def delete_model(self, request: HttpRequest, obj: Notice) -> None:
        services.remove(obj, by=Actor.of(request))

    def response_post_save_add(self, request: HttpRequest, obj: Notice) -> HttpResponse:
        """A new notice is looked at before it is sent."""
        return redirect("admin:notices_notice_change", obj.pk)

    def response_post_save_change(self, request: HttpRequest, obj: Notice) -> HttpResponse:
        return redirect("admin:notices_notice_change", obj.pk)

    def panel_context(self, request: HttpRequest, item: Notice) -> dict[str, Any]:
        shown = {"domain": settings.CHATOPS_DOMAIN, "audience": self.shown_audience(item)}
        if item.state == Notice.State.DRAFT:
            found = {"draft": True, "people": 0} | shown
            try:
                return found | {"people": audience_of(item).count()}
            except Refused as refusal:
                return found | {"problem": refusal.sentence}
        counts = services.progress(item)
        total = counts["total"] or 1
        rows = _rows(item)
        return shown | {
            "counts": counts,
            "bar": [(part, counts[part], round(100 * counts[part] / total, 2)) for part in PARTS],
            "rows": rows[:SHOWN],
            "more": len(rows) > SHOWN,
            "badge": BADGE_OF_STATE[item.state],
            "missing": counts["sent"] + counts["failed"],
        }

    def do_send(self, request: HttpRequest, notice: Notice) -> str:
        started = services.start(notice, by=Actor.of(request))
        return f"The notice is on its way to {_people(services.progress(started)['total'])}."

    def do_test(self, request: HttpRequest, notice: Notice) -> str:
        services.send_test(notice, user_id=request.user.pk or 0, by=Actor.of(request))
        return "A copy is on its way to you alone."

    def do_cancel(self, request: HttpRequest, notice: Notice) -> str:
        services.cancel(notice, by=Actor.of(request))
        return "Cancelled: who has not got it yet will not get it."

    def do_again(self, request: HttpRequest, notice: Notice) -> SafeString:
        draft = services.again(notice, by=Actor.of(request))
        return format_html(
            "A draft for {} is ready: <a class='co-link' href='{}'>look at it, and send it</a>.",
            _people(audience_of(draft).count()),
            reverse("admin:notices_notice_change", args=[draft.pk]),
        )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _rows(notice: Notice) -> list[dict[str, Any]]:
    """The recipients' devices by name, one more than are shown."""
    if notice.message_id is None:
        return []
    started = moment_of(notice.message_id)
    found = Delivery.objects.of_message(notice.message_id).select_related("recipient", "device")
    return [
        {
            "jid": delivery.recipient.jid,
            "device": delivery.device.resource if delivery.device else "",
            "client": delivery.device.client if delivery.device else "",
            "state": State(delivery.state).label,
            "badge": BADGES[State(delivery.state)],
            "at": delivery.changed_at,
            "after": span(delivery.changed_at, started),
        }
        for delivery in found.order_by("recipient__username", "id")[: SHOWN + 1]
    ]

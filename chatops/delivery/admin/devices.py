"""Devices in the browser: where people log in, and what each device has not got."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from chatops.accounts import services
from chatops.accounts.models import Device
from chatops.accounts.sessions import online_devices
from chatops.audit.base import Deed, ReadOnlyAdmin
from chatops.audit.services import Actor
from chatops.core.ids import read_id
from chatops.delivery import lacking, missing

SEE = "delivery.view_delivery"
FORGET = "accounts.forget_device"


class OnlineFilter(admin.SimpleListFilter):
    """Those with a session of the service that runs in this process."""

    title, parameter_name = "online", "online"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Online now"), ("no", "Offline")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        if self.value() not in ("yes", "no"):
            return queryset
        there = queryset.filter(pk__in=online_devices())
        return there if self.value() == "yes" else queryset.exclude(pk__in=online_devices())


class ForgottenFilter(admin.SimpleListFilter):
    """Known ones, unless somebody asks for the others."""

    title, parameter_name = "forgotten", "forgotten"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Forgotten ones")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        if self.value() == "yes":
            return queryset.exclude(forgotten_at=None)
        return queryset.known()  # type: ignore[attr-defined]


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = ("shown_title", "person", "client", "online", "lacks", "last_seen", "first_seen")
    list_display_links = ("shown_title",)
    list_filter = (OnlineFilter, "door", ForgottenFilter)
    search_fields = ("user__username", "resource", "name", "client")
    search_help_text = "A person, or what a device calls itself"
    list_select_related = ("user",)
    list_per_page = 25
    ordering = ("-last_seen",)
    fields = (
        "shown_title",
        "person",
        "resource",
        "client",
        "online",
        "door",
        "first_seen",
        "last_seen",
        "known_by",
        "habits",
    )
    readonly_fields = ("shown_title", "person", "online", "known_by", "habits")
    panel_template = "delivery/device_panels.html"
    has_buttons_alone = True
    deeds: ClassVar[dict[str, Deed]] = {"forget": Deed(FORGET, "do_forget")}

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """What a device lacks is for those who see the log."""
        shown = tuple(self.list_display)
        return shown if request.user.has_perm(SEE) else tuple(x for x in shown if x != "lacks")

    def panel_context(self, request: HttpRequest, item: Device) -> dict[str, Any]:
        since = online_devices().get(item.pk, 0.0)
        context: dict[str, Any] = {
            "may_forget": item.forgotten_at is None
            and request.user.has_perm(FORGET)
            and services.may_act_on(item.user, user_id=request.user.pk),
            "is_online": bool(since),
            "hours": int(missing.looking_back().total_seconds() // 3_600),
            "is_on": missing.is_on(),
        }
        if request.user.has_perm(SEE) and item.forgotten_at is None:
            before = read_id(request.GET.get("older", ""))
            context["page"] = lacking.page_of(item, online_since=since, before=before)
            context["is_first"] = before is None
            context["count"] = _count(item, since) if before is None else ""
        return context

    def do_forget(self, request: HttpRequest, device: Device) -> str:
        if not services.may_act_on(device.user, user_id=request.user.pk):
            raise PermissionDenied
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise services.NoReason
        if not services.forget_device(device, by=Actor.of(request), reason=reason):
            return "Somebody has forgotten it already."
        return f"{device} is forgotten, and logged out."

    @display(description="device", ordering="name")
    def shown_title(self, device: Device) -> SafeString:
        if not device.name:
            return format_html("{}", device.resource)
        return format_html("{} <span class='co-muted'>{}</span>", device.name, device.resource)

    @display(description="person", ordering="user__username")
    def person(self, device: Device) -> SafeString:
        address = reverse("admin:accounts_user_change", args=[device.user_id])
        return format_html("<a class='co-link' href='{}'>{}</a>", address, device.user.jid)

    @display(description="now")
    def online(self, device: Device) -> SafeString:
        if device.forgotten_at is not None:
            return format_html(
                "<span class='co-badge co-bad'>forgotten</span> {}",
                f"{device.forgotten_at:%d %b %Y %H:%M} UTC",
            )
        if device.pk in online_devices():
            return format_html("<span class='co-badge co-good'>{}</span>", "online")
        return format_html("<span class='co-muted'>{}</span>", "offline")

    @display(description="has not got")
    def lacks(self, device: Device) -> SafeString:
        shown = _count(device, online_devices().get(device.pk, 0.0))
        tone = "co-muted" if shown == "nothing" else "co-badge co-warn"
        return format_html("<span class='{}'>{}</span>", tone, shown)

    @display(description="known by")
    def known_by(self, device: Device) -> str:
        if device.installation:
            return "the id of its installation, whatever its resource"
        return "its resource: its client gives no id"

    @display(description="how it keeps up")
    def habits(self, device: Device) -> str:
        kept = []
        if device.reads_archive:
            kept.append("reads in the archive what it has missed")
        if device.wants_copies:
            kept.append("wants copies of what goes to other devices")
        return "; ".join(kept) or "gets what is sent to it"


def _count(device: Device, online_since: float) -> str:
    if device.forgotten_at is not None:
        return "nothing"
    count = lacking.count_of(device, online_since=online_since)
    if not count:
        return "nothing"
    if count > lacking.MOST_COUNTED:
        return f"{lacking.MOST_COUNTED}+ messages"
    return "1 message" if count == 1 else f"{count} messages"

"""Who is told that people's devices miss messages, in the browser."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from chatops.accounts.services import may_act_on
from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.push import services
from chatops.push.models import Discretion, Health, Registration


class HealthFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(health.value, str(health.label)) for health in Health]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset.faring(chosen) if chosen in Health.values else queryset


@admin.register(Registration)
class RegistrationAdmin(AuditedModelAdmin):
    """Push registrations (XEP-0357); what app servers want along is secret, and not shown."""

    list_display = ("jid", "person", "resource", "state", "last_sent", "condition")
    list_filter = (HealthFilter,)
    list_select_related = ("user", "device")
    search_fields = ("jid", "user__username", "device__resource")
    search_help_text = "App server, person or device"
    fields = readonly_fields = (
        "person",
        "resource",
        "jid",
        "node",
        "option_names",
        "tells",
        "enabled",
        "state",
        "last_sent",
        "waiting",
        "failures",
        "last_failed",
        "error",
    )
    has_buttons_alone = True
    panel_template = "push/registration_panels.html"
    deeds: ClassVar[dict[str, Deed]] = {"again": Deed("push.change_registration", "do_again")}

    @display(description="person", ordering="user__username")
    def person(self, found: Registration) -> str:
        return found.user.jid

    @display(description="device", ordering="device__resource")
    def resource(self, found: Registration) -> str:
        return found.device.resource if found.device else "gone"

    @display(description="state")
    def state(self, found: Registration) -> SafeString:
        return format_html("<span class='co-badge {}'>{}</span>", found.badge, found.health.label)

    @display(description="enabled (UTC)", ordering="enabled_at")
    def enabled(self, found: Registration) -> str:
        return _moment(found.enabled_at)

    @display(description="last sent (UTC)", ordering="sent")
    def last_sent(self, found: Registration) -> str:
        return _moment(found.sent_at)

    @display(description="last failure (UTC)", ordering="failed")
    def last_failed(self, found: Registration) -> str:
        return _moment(found.failed_at)

    @display(description="last error", ordering="error")
    def condition(self, found: Registration) -> str:
        return found.error.partition(":")[0]

    @display(description="publish options")
    def option_names(self, found: Registration) -> str:
        return ", ".join(sorted(found.options)) or "none"

    @display(description="tells")
    def tells(self, found: Registration) -> str:
        """What the settings, and the person, let the app server hear."""
        told = ["how many messages wait"]
        if not Discretion.objects.filter(user=found.user_id).exists():
            if settings.CHATOPS_PUSH_SENDER:
                told.append("who wrote the last one")
            if settings.CHATOPS_PUSH_BODY:
                told.append("what it says")
        return ", ".join(told)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Devices ask for it."""
        return False

    def do_again(self, request: HttpRequest, found: Registration) -> str:
        self._must_reach(request, found)
        services.use_again(found, by=Actor.of(request))
        return f"{found.jid} is told again from now on."

    def delete_model(self, request: HttpRequest, obj: Registration) -> None:
        self._must_reach(request, obj)
        services.remove(obj, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        for found in queryset.select_related("user", "device"):
            self.delete_model(request, found)

    def _must_reach(self, request: HttpRequest, found: Registration) -> None:
        """Who uses the console is out of reach of those who may not do everything."""
        if not may_act_on(found.user, user_id=request.user.pk):
            raise PermissionDenied


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

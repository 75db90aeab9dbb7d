"""What holds for all rooms: templates, who may make rooms, what members are told."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatops.audit.base import AuditedModelAdmin, PlainModelAdmin
from chatops.audit.services import Actor
from chatops.core.limits import Limit, limits
from chatops.rooms import services
from chatops.rooms.admin.forms import PolicyForm, TemplateForm, sections
from chatops.rooms.models import RoomPolicy, Template, Tombstone

LIMITS = (
    "CHATOPS_MAX_ROOMS_PER_PERSON",
    "CHATOPS_MAX_OCCUPANTS",
    "CHATOPS_MAX_ROOM_PRESENCE_BYTES",
)


@admin.register(Template)
class TemplateAdmin(PlainModelAdmin):
    form = TemplateForm
    list_display = ("title", "about", "use")
    search_fields = ("title", "about")
    ordering = ("-is_default", "title")

    @admin.display(description="")
    def use(self, template: Template) -> SafeString:
        if template.is_default:
            return format_html("<span class='co-muted'>{}</span>", "what clients' rooms get")
        address = f"{reverse('admin:rooms_room_add')}?template={template.pk}"
        return format_html("<a class='co-button' href='{}'>Make a room</a>", address)

    def get_fieldsets(self, request: HttpRequest, obj: Template | None = None) -> Any:
        return [(None, {"fields": ("title", "about")}), *sections(without=services.OWN)]

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        """The defaults stay."""
        if obj is not None and obj.is_default:
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """One by one: among many there would be the defaults."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found


@admin.register(RoomPolicy)
class RoomPolicyAdmin(PlainModelAdmin):
    """One row, which is always there."""

    form = PolicyForm
    panel_template = "rooms/policy_panels.html"
    fieldsets = (
        ("Who may make rooms with a client", {"fields": ("who_creates", "group")}),
        (
            "What people are told when an administrator makes them members",
            {"fields": ("message_format", "subject", "added", "changed", "removed", "json")},
        ),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is only the one."""
        if self.has_view_permission(request):
            services.lay_out()
            return redirect(reverse("admin:rooms_roompolicy_change", args=[RoomPolicy.ONLY]))
        return super().changelist_view(request, extra_context)

    def panel_context(self, request: HttpRequest, item: RoomPolicy) -> dict[str, Any]:
        shown: list[Limit] = [limit for limit in limits if limit.setting in LIMITS]
        return {"variables": services.VARIABLES, "limits": shown}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tombstone)
class TombstoneAdmin(AuditedModelAdmin):
    """Addresses that nobody gets again; removing one lets it be a room's again."""

    list_display = ("localpart", "at", "by", "reason", "alternate")
    search_fields = ("localpart", "by", "reason")
    readonly_fields = ("localpart", "at", "by", "reason", "alternate")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Tombstone) -> None:
        services.unretire(obj, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for stone in queryset:
            self.delete_model(request, stone)

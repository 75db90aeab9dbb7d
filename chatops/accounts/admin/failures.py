"""Failed logins in the console: looked at, not changed."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from chatops.accounts.models import FailedLogin
from chatops.audit.base import AuditedModelAdmin


@admin.register(FailedLogin)
class FailedLoginAdmin(AuditedModelAdmin):
    """Who could not get in, from where, and how often."""

    list_display = ("account", "address", "door", "mechanism", "count", "first_at", "last_at")
    list_filter = (("last_at", RangeDateTimeFilter),)
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__username", "address", "door", "mechanism")
    search_help_text = "Person, address, door or mechanism"
    fields = readonly_fields = list_display

    @display(description="account", ordering="user__username")
    def account(self, found: FailedLogin) -> str:
        return "an unknown account" if found.user is None else found.user.jid

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It is written by the doors."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: FailedLogin | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FailedLogin | None = None) -> bool:
        """They go by themselves, after CHATOPS_KEEP_FAILED_LOGINS_DAYS."""
        return False

"""What people say of addresses that they block, for administrators to judge."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from chatops.audit.base import AuditedModelAdmin, Deed
from chatops.audit.services import Actor
from chatops.contacts import services
from chatops.contacts.models import Report


@admin.register(Report)
class ReportAdmin(AuditedModelAdmin):
    """What people say of addresses that they block (XEP-0377)."""

    list_display = ("jid", "kind", "reporter", "words", "at", "status")
    list_filter = (("state", ChoicesDropdownFilter), ("at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("jid", "user__username", "text")
    search_help_text = "About whom, by whom, or words"
    fields = readonly_fields = (
        "jid", "kind", "reporter", "text", "messages", "at", "status", "handled_by",
    )  # fmt: skip
    has_buttons_alone = True
    panel_template = "contacts/report_panels.html"
    actions = ("handle",)
    deeds: ClassVar[dict[str, Deed]] = {"handle": Deed("contacts.change_report", "do_handle")}

    @display(description="reason")
    def kind(self, report: Report) -> str:
        return report.reason.removeprefix("urn:xmpp:reporting:")

    @display(description="reported by", ordering="user__username")
    def reporter(self, report: Report) -> str:
        return report.user.jid

    @display(description="with the words")
    def words(self, report: Report) -> str:
        return report.text if len(report.text) <= 80 else f"{report.text[:79]}…"

    @display(description="messages that it is about")
    def messages(self, report: Report) -> str:
        return ", ".join(map(str, report.stanza_ids))

    @display(description="state", ordering="state", label={"new": "warning", "handled": "success"})
    def status(self, report: Report) -> str:
        return report.get_state_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only who blocks somebody reports him."""
        return False

    @action(description="Mark as handled", permissions=["change"])
    def handle(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        for report in queryset.select_related("user"):
            services.handle_report(report, by=Actor.of(request))

    def do_handle(self, request: HttpRequest, report: Report) -> str:
        services.handle_report(report, by=Actor.of(request))
        return f"The report about {report.jid} is handled."

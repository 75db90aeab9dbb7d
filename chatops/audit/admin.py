"""The audit trail in the browser: to search, never to change."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter

from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.models import Entry


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_name", "door", "action", "target")
    list_filter = ("door", "action", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("actor_name", "action", "target")
    fields = ("at", "actor_name", "door", "address", "action", "target", "shown_details")

    @admin.display(description="details")
    def shown_details(self, entry: Entry) -> SafeString:
        text = json.dumps(entry.details, indent=2, ensure_ascii=False)
        return format_html("<pre class='co-pre'>{}</pre>", text)

"""The audit trail in the browser: to search, never to change."""

import json
from datetime import UTC

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    FieldTextFilter,
    RangeDateTimeFilter,
)

from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.models import Entry

EMPTY = "\N{EN DASH}"


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("shown_at", "actor_name", "door", "action", "target")
    list_filter = (
        ("actor_name", FieldTextFilter),
        ("door", AllValuesCheckboxFilter),
        ("action", AllValuesCheckboxFilter),
        ("at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    search_fields = ("actor_name", "action", "target")
    fields = ("shown_at", "actor_name", "door", "address", "action", "target", "shown_details")

    @admin.display(description="at (UTC)", ordering="at")
    def shown_at(self, entry: Entry) -> str:
        return entry.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    @admin.display(description="details")
    def shown_details(self, entry: Entry) -> SafeString:
        """What was changed, as a table of before and after; anything else line by line."""
        rest = dict(entry.details)
        before, after = rest.get("before"), rest.get("after")
        table: SafeString | str = ""
        if isinstance(before, dict) and isinstance(after, dict):
            del rest["before"], rest["after"]
            rows = format_html_join(
                "",
                "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>",
                ((name, _words(before.get(name)), _words(after[name])) for name in after),
            )
            table = format_html(
                "<div class='co-scroll'><table class='co-table'><thead><tr><th>Field</th>"
                "<th>Before</th><th>After</th></tr></thead><tbody>{}</tbody></table></div>",
                rows,
            )
        facts = format_html_join(
            "", "<dt>{}</dt><dd>{}</dd>", ((name, _words(value)) for name, value in rest.items())
        )
        if not table and not facts:
            return format_html("<span class='co-muted'>{}</span>", "none")
        return format_html("{}<dl class='co-facts'>{}</dl>", table, facts)


def _words(value: object) -> str:
    """A detail as a person reads it."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value) or EMPTY
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)

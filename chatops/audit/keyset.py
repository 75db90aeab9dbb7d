"""Long lists in the browser: pages by key, newest first, never counted; filters for their columns.

Rows whose primary keys are time-ordered (`core.ids`) are turned over like a book: the next page
begins after the last key shown, so it costs the same everywhere, and new rows do not move it.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList
from unfold.widgets import INPUT_CLASSES

from chatops.core.ids import first_at, read_id, start_of_day

OLDER, NEWER = "older", "newer"  # than that key


class KeysetPaginator(InfinitePaginator):  # type: ignore[misc]
    """Only says how the turning of pages looks."""

    template_name = "audit/keyset_pagination.html"


class KeysetChangeList(ChangeList):  # type: ignore[misc]
    """A list in the order of its keys, the newest first."""

    older_url: str | None = None
    newer_url: str | None = None

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """What filters; the keys of pages do not."""
        found = super().get_filters_params(params)
        return {key: value for key, value in found.items() if key not in (OLDER, NEWER)}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        """Pages by key know one order."""
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        older = read_id(request.GET.get(OLDER, ""))
        newer = read_id(request.GET.get(NEWER, ""))
        if newer is not None:
            rows = list(self.queryset.filter(pk__gt=newer).order_by("pk")[: size + 1])
            has_newer, has_older = len(rows) > size, True
            rows = rows[:size][::-1]
        else:
            found = self.queryset if older is None else self.queryset.filter(pk__lt=older)
            rows = list(found[: size + 1])
            has_newer, has_older = older is not None, len(rows) > size
            rows = rows[:size]
        if rows and has_older:
            self.older_url = self._turned(OLDER, rows[-1].pk)
        if rows and has_newer:
            self.newer_url = self._turned(NEWER, rows[0].pk)
        self.newest_url = self._turned() if older is not None or newer is not None else None
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_admin_actions = bool(rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.paginator = KeysetPaginator(rows, size)

    def _turned(self, key: str = "", value: int | str | None = None) -> str:
        return str(self.get_query_string({key: value} if key else {}, remove=[OLDER, NEWER]))


class _SpanForm(forms.Form):
    """Two days, both included."""

    def __init__(self, data: dict[str, str]) -> None:
        super().__init__(data)
        attributes = {"type": "date", "class": " ".join(INPUT_CLASSES)}
        for name, label in (("since", "From that day (UTC)"), ("until", "To that day, included")):
            self.fields[name] = forms.CharField(
                label=label, required=False, widget=forms.TextInput(attributes)
            )


class SpanFilter(admin.ListFilter):
    """From one day to another, by a time-ordered key: `key` is its name in a lookup."""

    title = "time"
    template = "unfold/filters/filters_field.html"
    key: ClassVar[str] = "pk"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.days: dict[str, str] = {}
        for name in ("since", "until"):
            if name in params:
                value = params.pop(name)
                text = value[-1] if isinstance(value, list) else value
                self.days[name] = text
                if text:
                    self.used_parameters[name] = text

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["since", "until"]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {"form": _SpanForm(self.days)}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = (start_of_day(self.days.get(name, "")) for name in ("since", "until"))
        if since is not None:
            queryset = queryset.filter(**{f"{self.key}__gte": first_at(since)})
        if until is not None:
            queryset = queryset.filter(**{f"{self.key}__lt": first_at(until + timedelta(days=1))})
        return queryset


class AddressFilter(TextFilter):  # type: ignore[misc]
    """Somebody's bare JID; subclasses say which rows are theirs."""

    def address(self) -> str:
        return (self.value() or "").strip().partition("/")[0].lower()

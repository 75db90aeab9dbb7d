"""The delivery log as a list: filters that only draw, and pages found by LogQuery."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse
from unfold.contrib.filters.admin import TextFilter

from chatops.archive.models import Kind
from chatops.audit.keyset import (
    NEWER,
    OLDER,
    AddressFilter,
    KeysetChangeList,
    KeysetPaginator,
    SpanFilter,
)
from chatops.core.ids import moment_of
from chatops.delivery.formats import FORMATS
from chatops.delivery.log import MOST_COUNTED, LogQuery
from chatops.delivery.models import Delivery, State
from chatops.delivery.timeline import BADGES
from chatops.delivery.walking import LAST, Place

READ, ASK = "archive.view_message", "delivery.add_exportjob"
THAN = "than"  # the place of the newest row that a page has


class AcceptedFilter(SpanFilter):
    key = "message_id"


class SenderFilter(AddressFilter):
    title, parameter_name = "sender's address", "sender"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset


class RecipientFilter(AddressFilter):
    title, parameter_name = "recipient's address", "recipient"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset


class DeviceFilter(TextFilter):
    title, parameter_name = "device", "device"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset


class KindFilter(admin.SimpleListFilter):
    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(kind.value), str(kind.label)) for kind in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset


class Chip(NamedTuple):
    """A state with its number, which leads to its rows."""

    label: str
    badge: str
    shown: str  # how many there are
    url: str
    is_chosen: bool


class LogChangeList(KeysetChangeList):
    """Its rows are LogQuery's; Django's queryset is never run."""

    def get_results(self, request: HttpRequest) -> None:
        self.log_query = query = LogQuery.read(
            request.GET.dict(), words=request.user.has_perm(READ)
        )
        older = Place.read(request.GET.get(OLDER, ""))
        newer = Place.read(request.GET.get(NEWER, ""))
        page = query.page(size=self.list_per_page, older=older, newer=newer)
        rows = page.rows
        prefetch_related_objects(rows, "message")
        self.looked_to = None if page.looked_to is None else moment_of(page.looked_to)
        if page.looked_to is not None:
            self.further_url = (
                self.turned(NEWER, Place(page.looked_to, LAST))
                if newer
                else self.turned(OLDER, Place(page.looked_to, 0))
            )
        if rows and (page.has_more if newer is None else True):
            self.older_url = self.turned(OLDER, Place.of(rows[-1]))
        if rows and (page.has_more if newer is not None else older is not None):
            self.newer_url = self.turned(NEWER, Place.of(rows[0]))
        self.newest_url = self.turned() if older or newer else None
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_admin_actions = self.show_full_result_count = False
        self.can_show_all = self.multi_page = False
        self.paginator = KeysetPaginator(rows, self.list_per_page)
        self.query_string = self.turned()
        self.export_formats = FORMATS.values() if request.user.has_perm(ASK) else ()
        self.rows_url = _rows_url(rows)
        if older is None and newer is None and not query.looks_into_words:
            self.rows_url = _rows_url(rows, beyond=query)
        self.chips, self.counts_newest = ([], False) if older or newer else self._chips(query)
        self.most_counted = MOST_COUNTED

    def turned(self, key: str = "", place: Place | None = None) -> str:
        return self._turned(key, str(place) if place else None)

    def _chips(self, query: LogQuery) -> tuple[list[Chip], bool]:
        """Nobody waits for counts of what is looked for in words: it takes its time once."""
        if query.looks_into_words:
            return [], False
        counts, newest = query.counts()
        return [self._chip(state, count, query) for state, count in counts.items()], newest

    def _chip(self, state: State, count: int, query: LogQuery) -> Chip:
        chosen = query.state == state
        shown = f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"
        url = self.get_query_string(
            {} if chosen else {"state__exact": state.value},
            remove=[OLDER, NEWER, *(["state__exact"] if chosen else [])],
        )
        return Chip(str(state.label), BADGES[state], shown, url, chosen)


def _rows_url(rows: list[Delivery], beyond: LogQuery | None = None) -> str:
    """Where the cells of these rows are found again, for a page that follows them.

    `beyond`: also how many have come that it would show above them.
    """
    params: dict[str, Any] = {"ids": ",".join(str(row.pk) for row in rows)} if rows else {}
    if beyond is not None:
        params |= beyond.as_params() | {THAN: Place.of(rows[0]) if rows else Place(0, 0)}
    return f"{reverse('admin:delivery_rows')}?{urlencode(params)}" if params else ""

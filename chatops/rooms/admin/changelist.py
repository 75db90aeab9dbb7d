"""The list of rooms: by address, page by page, with how many there are of each kind."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.views import ChangeList

from chatops.audit.keyset import NEWER, OLDER, KeysetPaginator
from chatops.rooms.models import Room
from chatops.rooms.snapshots import counts
from chatops.xmpp.text import fit_for_xml

SHOWS = "shows"  # the parameter that chooses a kind
INSIDE = "inside"
_OPEN = Q(archived_at=None)
KINDS = {
    "open": ("open to be entered", _OPEN),
    "public": ("in the directory", _OPEN & Q(is_public=True)),
    "hidden": ("hidden", _OPEN & Q(is_public=False)),
    "members": ("members only", _OPEN & Q(is_members_only=True)),
    "moderated": ("moderated", _OPEN & Q(is_moderated=True)),
    "password": ("with a password", _OPEN & ~Q(password="")),
    "temporary": ("temporary", _OPEN & Q(is_persistent=False)),
    "tracked": ("in the delivery log", _OPEN & Q(tracks_delivery=True)),
    "unowned": ("without an owner", _OPEN & ~Q(affiliations__rank="owner")),
    "archived": ("archived", Q(archived_at__isnull=False)),
}


class KindFilter(admin.SimpleListFilter):
    """One kind of rooms; the numbers stand above the list."""

    title, parameter_name = "rooms that are", SHOWS

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(INSIDE, "entered by somebody"), *((key, kind[0]) for key, kind in KINDS.items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Room]) -> QuerySet[Room]:
        chosen = self.value()
        if chosen == INSIDE:
            return queryset.filter(localpart__in=counts())
        return queryset.filter(KINDS[chosen][1]) if chosen in KINDS else queryset


class Chip(NamedTuple):
    """A kind with its number, which leads to its rooms."""

    label: str
    number: int
    url: str
    is_chosen: bool


class RoomChangeList(ChangeList):
    """Pages by address: the next one begins after the last room shown, however many there are."""

    older_url: str | None = None  # further down the alphabet, as the templates call it
    newer_url: str | None = None
    newest_url: str | None = None

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {key: value for key, value in found.items() if key not in (OLDER, NEWER)}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Room]) -> list[str]:
        return ["localpart"]

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        after, before = (fit_for_xml(request.GET.get(key, "")) for key in (OLDER, NEWER))
        if before:
            rows = list(
                self.queryset.filter(localpart__lt=before).order_by("-localpart")[: size + 1]
            )
            has_before, has_after = len(rows) > size, True
            rows = rows[:size][::-1]
        else:
            rows = list(self.queryset.filter(localpart__gt=after)[: size + 1])
            has_before, has_after = bool(after), len(rows) > size
            rows = rows[:size]
        if rows and has_after:
            self.older_url = self._turned(OLDER, rows[-1].localpart)
        if rows and has_before:
            self.newer_url = self._turned(NEWER, rows[0].localpart)
        if after or before:
            self.newest_url = self._turned()
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_admin_actions = bool(rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.paginator = RoomPaginator(rows, size)
        self.chips = self._chips(request)
        keys = ",".join(str(row.pk) for row in rows)
        self.rows_url = f"{reverse('admin:rooms_room_rows')}?ids={keys}" if rows else ""

    def _turned(self, key: str = "", value: str = "") -> str:
        return str(self.get_query_string({key: value} if key else {}, remove=[OLDER, NEWER]))

    def _chips(self, request: HttpRequest) -> list[Chip]:
        """All kinds in one query, of the rooms that are searched for; those that there are."""
        found, _ = self.model_admin.get_search_results(request, Room.objects.order_by(), self.query)
        keys = found.values("pk") if self.query else None
        rooms = Room.objects.order_by() if keys is None else Room.objects.filter(pk__in=keys)
        numbers = rooms.order_by().aggregate(
            **{key: Count("pk", filter=kind[1], distinct=True) for key, kind in KINDS.items()}
        )
        numbers = {INSIDE: rooms.filter(localpart__in=counts()).count(), **numbers}
        labels = {INSIDE: "entered by somebody"} | {key: kind[0] for key, kind in KINDS.items()}
        chosen = request.GET.get(SHOWS, "")
        return [
            Chip(
                labels[key],
                number,
                self.get_query_string(
                    {} if key == chosen else {SHOWS: key},
                    remove=[OLDER, NEWER, *([SHOWS] if key == chosen else [])],
                ),
                key == chosen,
            )
            for key, number in numbers.items()
            if number or key == chosen
        ]


class RoomPaginator(KeysetPaginator):
    template_name = "rooms/pagination.html"

"""Rooms in the browser: made, configured and run; who is inside sees it at once."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chatops.accounts.models import User
from chatops.archive.models import Entry
from chatops.audit.services import Actor
from chatops.core.ids import first_at, read_id
from chatops.rooms import services
from chatops.rooms.admin.bulk import RoomBulk
from chatops.rooms.admin.changelist import KindFilter, RoomChangeList
from chatops.rooms.admin.deeds import RoomDeeds
from chatops.rooms.admin.forms import NewRoomForm, RoomForm, options_of, sections
from chatops.rooms.models import Affiliation, Room, Template
from chatops.rooms.options import COLUMNS
from chatops.rooms.privileges import RANKS
from chatops.rooms.running import rooms
from chatops.rooms.snapshots import inside_of
from chatops.xmpp.errors import Refused
from chatops.xmpp.text import fit_for_xml

SHOWN = 100  # people inside, and with an affiliation, on the room's page
TEMPLATE = "template"  # the parameter that chooses one
MOST_ROWS = 200
ROLES = (
    ("moderator", "moderator"),
    ("participant", "participant (voice)"),
    ("visitor", "visitor (no voice)"),
    ("none", "kick"),
    ("ban", "ban"),
)


@admin.register(Room)
class RoomAdmin(RoomBulk, RoomDeeds):
    form = RoomForm
    list_display = ("localpart", "name", "inside", "today", "kind", "shown_subject", "created_at")
    list_filter = (KindFilter,)
    list_before_template = "rooms/list_head.html"
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # the numbers stand above the list
    search_fields = ("localpart", "name", "description", "subject", "affiliations__jid")
    search_help_text = "Address, name, description, subject, or somebody's address"
    panel_template = "rooms/room_end.html"
    change_form_before_template = "rooms/seen_version.html"
    change_form_outer_before_template = "rooms/room_before.html"

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RoomChangeList]:
        return RoomChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        """With the number of today's messages, for the list."""
        found: QuerySet[Room] = super().get_queryset(request)
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        jid = Concat(OuterRef("localpart"), Value(f"@conference.{settings.CHATOPS_DOMAIN}"))
        entries = Entry.objects.filter(archive__jid=jid, message_id__gte=first_at(midnight))
        counted = entries.order_by().values("archive").annotate(count=Count("pk")).values("count")
        return found.annotate(said_today=Coalesce(Subquery(counted), 0))

    def get_urls(self) -> list[URLPattern]:
        rows = self.admin_site.admin_view(self.rows_view)
        live = self.admin_site.admin_view(self.live_view)
        return [
            path("rows/", rows, name="rooms_room_rows"),
            path("<path:object_id>/live/", live, name="rooms_room_live"),
            *super().get_urls(),
        ]

    def rows_view(self, request: HttpRequest) -> HttpResponse:
        """The cells that change, of some rooms: what the list, which follows them, fetches."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [read_id(text) for text in request.GET.get("ids", "").split(",")[:MOST_ROWS]]
        found = Room.objects.filter(pk__in=[key for key in keys if key is not None])
        return HttpResponse(format_html_join("\n", "{}", ((_inside(room),) for room in found)))

    @admin.display(description="inside")
    def inside(self, room: Room) -> SafeString:
        return _inside(room)

    @admin.display(description="messages today")
    def today(self, room: Room) -> int:
        return int(getattr(room, "said_today", 0))

    @admin.display(description="subject")
    def shown_subject(self, room: Room) -> str:
        return room.subject if len(room.subject) <= 60 else f"{room.subject[:59]}…"

    @admin.display(description="kind")
    def kind(self, room: Room) -> SafeString:
        words = [
            "public" if room.is_public else "hidden",
            *(["members only"] if room.is_members_only else []),
            *(["moderated"] if room.is_moderated else []),
            *(["password"] if room.password else []),
            *([] if room.is_persistent else ["temporary"]),
            *(["locked"] if room.locked else []),
        ]
        badge = "<span class='co-badge co-warn'>archived</span> " if room.archived_at else ""
        return format_html(
            "{}<span class='co-muted'>{}</span>", SafeString(badge), ", ".join(words)
        )

    # The form

    def get_form(
        self, request: HttpRequest, obj: Room | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Room]]:
        if obj is None:
            kwargs["form"] = NewRoomForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("localpart", "owner", "members")}), *sections()]
        # A password is for those who could set another one.
        may_change = self.has_change_permission(request, obj)
        return sections(without=frozenset() if may_change else frozenset({"password"}))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Made by an administrator, a room stays unless he wants otherwise."""
        chosen = self._template(request)
        found = options_of(chosen or services.defaults())
        return found if chosen else found | {"is_persistent": True}

    def _template(self, request: HttpRequest) -> Template | None:
        number = read_id(request.GET.get(TEMPLATE, ""))
        return None if number is None else Template.objects.filter(pk=number).first()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {
            "templates": Template.objects.filter(is_default=False),
            "chosen": self._template(request),
            **(extra_context or {}),
        }
        return super().add_view(request, form_url, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """What a service refuses in the last moment is told; the page shows how it is now."""
        try:
            context = {"show_delete": False, **(extra_context or {})}  # its panel asks for more
            return super().changeform_view(request, object_id, form_url, context)
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: Room, form: forms.ModelForm[Room], change: bool
    ) -> None:
        by = Actor.of(request)
        if change:
            assert isinstance(form, RoomForm)  # noqa: S101 - narrows for mypy
            services.configure(obj, by=by, changes=form.changes, seen=form.seen)
            for other in services.changes_since(obj, form.seen):
                if other.by != by.name and other.column not in form.changes:
                    self.message_user(request, f"Meanwhile {other}: that stays.", messages.INFO)
            return
        given, user = form.cleaned_data, request.user
        columns = {column: given[column] for column in COLUMNS if column in given}
        owner = given["owner"] or (user.jid if isinstance(user, User) else "")
        members = [change for change in given["members"] if change.jid != owner]
        obj.pk = services.create(obj.localpart, by=by, owner=owner, members=members, **columns).pk

    # The page

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The parts of a room's page that change, alone."""
        room = self.get_object(request, object_id)
        if room is None:
            raise Http404
        if not self.has_view_permission(request, room):
            raise PermissionDenied
        context = {"original": room, **self.panel_context(request, room)}
        return TemplateResponse(request, "rooms/room_live.html", context)

    def panel_context(self, request: HttpRequest, item: Room) -> dict[str, Any]:
        ranked = Affiliation.objects.filter(room=item)
        search = fit_for_xml(request.GET.get("person", "")).strip()[:200]
        found = ranked
        if search:
            found = ranked.filter(Q(jid__icontains=search) | Q(nickname__icontains=search))
        ordered = sorted(found.order_by("jid")[:SHOWN], key=lambda each: -RANKS.index(each.rank))
        inside = inside_of(item.localpart)
        shown = [
            each for each in inside if search.casefold() in f"{each.jid} {each.nick}".casefold()
        ]
        seen = read_id(request.GET.get("seen", ""))
        numbers = dict(ranked.order_by().values_list("rank").annotate(Count("pk")))
        return {
            "occupants": shown[:SHOWN],
            "occupants_hidden": max(0, len(shown) - SHOWN),
            "people_inside": len(inside),
            "affiliations": ordered,
            "affiliations_hidden": max(0, found.count() - SHOWN),
            "numbers": [(rank, numbers[rank]) for rank in reversed(RANKS) if rank in numbers],
            "person": search,
            "ranks": [rank for rank in reversed(RANKS) if rank != "none"],
            "roles": ROLES,
            "links": item.groups.select_related("group").annotate(people=Count("group__user")),
            "groups": Group.objects.exclude(rooms__room=item).order_by("name"),
            "group_ranks": services.LINKABLE,
            "others": [] if seen is None else services.changes_since(item, seen),
        }

    def get_deleted_objects(
        self, objs: Iterable[Room], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """What goes with them, counted."""
        found = list(objs)
        people = Affiliation.objects.filter(room__in=[room.pk for room in found]).count()
        counts = {"rooms": len(found), "affiliations": people}
        lacking = set() if self.has_delete_permission(request) else {"rooms"}
        return [room.jid for room in found], counts, lacking, []

    def delete_model(self, request: HttpRequest, obj: Room) -> None:
        services.destroy(obj, by=Actor.of(request), reason="Removed by an administrator.")


def _inside(room: Room) -> SafeString:
    """How many people, and it follows them."""
    count = rooms.count(room.localpart)
    return format_html(
        "<span id='inside-{}' data-live='room-{}'><span class='{}'>{}</span></span>",
        room.pk,
        room.pk,
        "co-badge co-good" if count else "co-muted",
        count or "nobody",
    )

"""Many rooms at once: archived, reopened, destroyed, written as a table and read from one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from chatops.audit.base import AuditedModelAdmin
from chatops.audit.services import Actor, record
from chatops.rooms import services
from chatops.rooms.models import Room
from chatops.xmpp.errors import Refused

SELECTED = "_selected_action"  # Django's name for what was ticked
SHOWN = 500  # lines of a preview


@dataclass(frozen=True, slots=True)
class Kind:
    """A table that can be read."""

    title: str
    permissions: tuple[str, ...]
    plan: Callable[[str], services.Plan]
    apply: Callable[..., services.Plan]
    columns: str
    example: str


KINDS = {
    "rooms": Kind(
        "Rooms from a table",
        ("rooms.add_room", "rooms.change_room"),
        services.plan_rooms,
        services.apply_rooms,
        "The first line names the columns: address, and any option by its name on a room's page;"
        " for new rooms owner and template, too. Empty cells leave an option as it is, a hyphen"
        " empties a text.",
        "address,Name,Members only,owner,template\ntea,Tea kitchen,no,alice,Team room",
    ),
    "members": Kind(
        "Members from a table",
        ("rooms.moderate_room",),
        services.plan_members,
        services.apply_members,
        "The columns: room, person, affiliation (owner, admin, member, outcast, or none to take"
        " it away), and, if you like, reason and nickname.",
        "room,person,affiliation,reason\ntea,bob,member,Works here",
    ),
}


class RoomBulk(AuditedModelAdmin):
    """The list's actions, and the pages for tables."""

    actions = ("archive_many", "reopen_many", "destroy_many", "write_rooms", "write_members")

    def get_actions(self, request: HttpRequest) -> Any:
        """Django's way of removing many has no reason, and asks nothing of who is inside."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.table_view)
        return [
            path(f"table/{kind}/", view, {"kind": kind}, name=f"rooms_room_table_{kind}")
            for kind in KINDS
        ] + super().get_urls()

    @admin.action(description="Archive: close and keep", permissions=["change"])
    def archive_many(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        return self._confirmed(request, queryset, "archive_many", "Archive", _archive)

    @admin.action(description="Reopen archived ones", permissions=["change"])
    def reopen_many(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        return self._confirmed(request, queryset, "reopen_many", "Reopen", _reopen)

    @admin.action(description="Destroy", permissions=["delete"])
    def destroy_many(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        return self._confirmed(request, queryset, "destroy_many", "Destroy", _destroy)

    @admin.action(description="Download as a table (CSV)", permissions=["view"])
    def write_rooms(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse:
        found = list(queryset)
        record(Actor.of(request), "room.export", f"{len(found)} rooms")
        return _download("rooms", services.write_rooms(found))

    @admin.action(description="Download their members (CSV)", permissions=["view"])
    def write_members(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse:
        found = list(queryset)
        record(Actor.of(request), "room.export_members", f"{len(found)} rooms")
        return _download("members", services.write_members(found))

    def _confirmed(
        self,
        request: HttpRequest,
        queryset: QuerySet[Room],
        action: str,
        word: str,
        deed: Callable[[Room, HttpRequest], None],
    ) -> HttpResponse | None:
        """Ask for a reason first; then do it to all of them, or to none."""
        found = list(queryset.order_by("localpart"))
        if request.POST.get("confirm") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "title": f"{word} {len(found)} rooms" if len(found) != 1 else f"{word} a room",
                "opts": self.opts,
                "found": found,
                "action": action,
                "word": word,
                "selected": SELECTED,
                "destroys": deed is _destroy,
            }
            return TemplateResponse(request, "rooms/bulk.html", context)

        def work() -> str:
            with transaction.atomic():
                for room in found:
                    deed(room, request)
            return f"{word}: done for {len(found)} rooms."

        self.answer(request, work)
        return None

    def table_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Choose a file or write lines, look at what they would do, do it."""
        table = KINDS[kind]
        if not all(request.user.has_perm(each) for each in table.permissions):
            raise PermissionDenied
        text, plan, error = "", None, ""
        if request.method == "POST":
            try:
                text = _text(request)
                if digest := request.POST.get("digest", ""):
                    done = table.apply(text, digest=digest, by=Actor.of(request))
                    self.message_user(request, _sentence(done), messages.SUCCESS)
                    return redirect(reverse("admin:rooms_room_changelist"))
                plan = table.plan(text)
            except services.ChangedMeanwhile as refusal:
                plan, error = table.plan(text), refusal.sentence
            except Refused as refusal:
                error = refusal.sentence
        lines = plan.lines if plan is not None else []
        shown = sorted(lines, key=lambda line: (line.verb != services.WRONG, line.number))[:SHOWN]
        context = {
            **self.admin_site.each_context(request),
            "title": table.title,
            "opts": self.opts,
            "table": table,
            "text": text,
            "plan": plan,
            "lines": shown,
            "hidden": len(lines) - len(shown),
            "numbers": [(verb, plan.count(verb)) for verb in services.VERBS] if plan else [],
            "error": error,
        }
        return TemplateResponse(request, "rooms/table.html", context)


def _archive(room: Room, request: HttpRequest) -> None:
    services.archive(room, by=Actor.of(request), reason=request.POST.get("reason", ""))


def _reopen(room: Room, request: HttpRequest) -> None:
    services.reopen(room, by=Actor.of(request), reason=request.POST.get("reason", ""))


def _destroy(room: Room, request: HttpRequest) -> None:
    services.destroy(
        room,
        by=Actor.of(request),
        reason=request.POST.get("reason", ""),
        alternate=request.POST.get("alternate", ""),
    )


def _text(request: HttpRequest) -> str:
    """A file, or what was written. Raises BadSheet."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "").replace("\r\n", "\n")
    if (file.size or 0) > services.MOST_BYTES:
        raise services.BadSheet(f"A table may have {services.MOST_BYTES:,} bytes at most.")
    try:
        return file.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise services.BadSheet("The file is not in UTF-8: save it as “CSV UTF-8”.") from error


def _sentence(plan: services.Plan) -> str:
    new, changed = plan.count(services.NEW), plan.count(services.CHANGE)
    return f"Done: {new} new, {changed} changed."


def _download(name: str, text: str) -> HttpResponse:
    return HttpResponse(
        "\ufeff" + text,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )

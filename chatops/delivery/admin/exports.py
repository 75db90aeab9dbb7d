"""One's own exports of the delivery log: asked for on its page, fetched here."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from chatops.accounts.models import User
from chatops.audit.base import Deed, ReadOnlyAdmin
from chatops.audit.services import Actor
from chatops.core.ids import read_id
from chatops.delivery import export_jobs
from chatops.delivery.admin.changelist import ASK, READ
from chatops.delivery.export_jobs import SEE
from chatops.delivery.formats import FORMATS
from chatops.delivery.log import LogQuery, describe
from chatops.delivery.models import ExportJob

PIECE_BYTES = 65_536


@admin.register(ExportJob)
class ExportJobAdmin(ReadOnlyAdmin):
    """Nobody sees another's."""

    list_display = ("asked", "what", "shown_format", "progress", "deeds_of")
    sortable_by = ()
    list_before_template = "delivery/exports_head.html"
    deeds = {"remove": Deed("delivery.view_exportjob", "remove")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportJob]:
        return ExportJob.objects.filter(owner_id=request.user.pk)

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(self.start_view)
        download = self.admin_site.admin_view(self.download_view)
        return [
            path("start/", start, name="delivery_exportjob_start"),
            path("<path:object_id>/download/", download, name="delivery_exportjob_download"),
            *super().get_urls(),
        ]

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Export what the delivery log shows under the filters of `query`, its address."""
        if not request.user.has_perm(ASK) or not request.user.has_perm(SEE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        shown = QueryDict(request.POST.get("query", "").lstrip("?"))
        query = LogQuery.read(shown.dict(), words=request.user.has_perm(READ))
        self.answer(request, lambda: self._start(request, query))
        return redirect(reverse("admin:delivery_exportjob_changelist"))

    def _start(self, request: HttpRequest, query: LogQuery) -> str:
        assert isinstance(request.user, User)  # noqa: S101 - narrows for mypy
        name = request.POST.get("format", "")
        export_jobs.request(owner=request.user, by=Actor.of(request), query=query, format_name=name)
        return "The export is being written; this page follows it."

    def download_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The file, to its owner alone."""
        if not self.has_view_permission(request) or not request.user.has_perm(SEE):
            raise PermissionDenied
        number = read_id(object_id)
        job = self.get_queryset(request).filter(pk=number).first() if number else None
        file = export_jobs.fetch(job, by=Actor.of(request)) if job else None
        if job is None or file is None:
            raise Http404
        name = f"delivery-log-{job.asked_at:%Y%m%d-%H%M%S}.{job.format}"
        return StreamingHttpResponse(
            _pieces(file),
            content_type=FORMATS[job.format].content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Length": str(job.bytes),
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The log, under the filters of then."""
        job = self.get_object(request, object_id)
        if job is None or not request.user.has_perm(SEE):
            return redirect(reverse("admin:delivery_exportjob_changelist"))
        log = reverse("admin:delivery_delivery_changelist")
        return redirect(f"{log}?{urlencode(LogQuery(**job.query).as_params())}")

    def remove(self, request: HttpRequest, job: ExportJob) -> str:
        export_jobs.remove(job, by=Actor.of(request))
        return "The export is removed."

    @display(description="asked for")
    def asked(self, job: ExportJob) -> SafeString:
        at = job.asked_at
        return format_html("<time datetime='{}'>{}</time>", at.isoformat(), f"{at:%d %b %H:%M:%S}")

    @display(description="what")
    def what(self, job: ExportJob) -> str:
        return describe(job.query)

    @display(description="format")
    def shown_format(self, job: ExportJob) -> str:
        return FORMATS[job.format].label if job.format in FORMATS else job.format

    @display(description="progress")
    def progress(self, job: ExportJob) -> SafeString:
        return self._live(job, "progress", _progress(job))

    @display(description="")
    def deeds_of(self, job: ExportJob) -> SafeString:
        if job.state == ExportJob.State.DONE:
            url = reverse("admin:delivery_exportjob_download", args=[job.pk])
            link = format_html("<a class='co-button co-primary' href='{}'>Download</a> ", url)
        else:
            link = SafeString()
        url = reverse("admin:delivery_exportjob_do", args=[job.pk, "remove"])
        word = "Stop" if job.state == ExportJob.State.OPEN else "Remove"
        button = format_html("<button class='co-button' formaction='{}'>{}</button>", url, word)
        return self._live(job, "deeds", link + button)

    def _live(self, job: ExportJob, name: str, content: SafeString) -> SafeString:
        return format_html(
            "<span class='ex-{}' id='{}-{}' data-live='exports-{}'>{}</span>",
            name, name, job.pk, job.owner_id, content,
        )  # fmt: skip


def _progress(job: ExportJob) -> SafeString:
    rows = "1 row" if job.rows == 1 else f"{job.rows:,} rows"
    if job.state == ExportJob.State.DONE:
        until = f"{job.expires_at:%d %b %H:%M} UTC" if job.expires_at else ""
        size = (
            f"{job.bytes / 1_048_576:.1f} MB" if job.bytes >= 1_048_576 else f"{job.bytes:,} bytes"
        )
        return format_html(
            "<span class='co-badge co-good'>done</span> {}, {}; kept until {}", rows, size, until
        )
    if job.state == ExportJob.State.STOPPED:
        return format_html(
            "<span class='co-badge co-bad'>stopped</span> {}", "You may not see this."
        )
    return format_html(
        "<span class='co-progress'><progress max='100' value='{}'></progress>{}</span>",
        job.percent, f"{rows} so far",
    )  # fmt: skip


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    """Read beside the loop: files may be large, and disks slow."""
    with await asyncio.to_thread(file.open, "rb") as opened:
        while piece := await asyncio.to_thread(opened.read, PIECE_BYTES):
            yield piece

"""Pages of the console that belong to no app's rows."""

from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from chatops.core import wire
from chatops.core.discovery import load_handlers
from chatops.core.limits import limits


def show_limits(request: HttpRequest) -> HttpResponseBase:
    """What one may do only so much of, and how often somebody met it since the start."""
    if not request.user.has_perm("audit.view_entry"):
        raise PermissionDenied
    load_handlers()  # whatever they import declares its limits
    rows = [
        (limit, datetime.fromtimestamp(limit.last_hit, UTC) if limit.last_hit else None)
        for limit in sorted(limits, key=lambda limit: (-(limit.last_hit or 0), limit.setting))
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Limits",
        "rows": rows,
        "running": wire.running(),
    }
    return TemplateResponse(request, "console/limits.html", context)

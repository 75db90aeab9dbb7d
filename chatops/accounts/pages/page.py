"""What all of these pages show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def common() -> dict[str, Any]:
    """For the head of every page."""
    return {"domain": settings.CHATOPS_DOMAIN}


def show_page(
    request: HttpRequest, name: str, shown: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """``templates/public/NAME.html``, with what it shows."""
    return render(request, f"public/{name}.html", {**common(), **(shown or {})}, status=status)

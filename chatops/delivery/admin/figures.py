"""Delivery figures: how much arrives, and how soon, as charts that the server draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from chatops.delivery.figures import Figures, by_hour
from chatops.delivery.models import HourFigures

SPANS = {"24h": (24, "Last 24 hours"), "7d": (168, "Last 7 days")}
LINES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
# Milliseconds that an axis may be marked with.
MARKS = (
    (1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1_000, "1 s"), (10_000, "10 s"),
    (60_000, "1 min"), (600_000, "10 min"), (3_600_000, "1 h"), (36_000_000, "10 h"),
    (86_400_000, "1 day"), (864_000_000, "10 days"), (8_640_000_000, "100 days"),
)  # fmt: skip


LAST_MARK = 93  # percent: behind it there is no room for a label
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of an hour's bar, in percent of the chart."""

    x: float
    y: float
    width: float
    height: float
    part: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line, in percent of the chart; a lone hour is a dash."""

    x1: float
    y1: float
    x2: float
    y2: float
    line: str


@dataclass(frozen=True, slots=True)
class Mark:
    at: float  # in percent
    label: str


def context_of(chosen: str) -> dict[str, Any]:
    """What the page shows of one of SPANS."""
    span = chosen if chosen in SPANS else "24h"
    count, title = SPANS[span]
    hours = list(by_hour(count))
    together = Figures()
    for _, each in hours:
        together.delivered += each.delivered
        together.waiting += each.waiting
        together.failed += each.failed
        together.latencies.update(each.latencies)
    return {
        "span": span,
        "spans": [(key, words) for key, (_, words) in SPANS.items()],
        "period": title,
        "together": together,
        "summary": _summary(together),
        "counts": _bars(hours),
        "rates": _rates(hours),
        "latencies": _latencies(hours),
        "hours": _hour_marks(hours),
        "table": [_row(hour, each) for hour, each in reversed(hours) if each.total],
        "counted_at": HourFigures.objects.aggregate(at=Max("counted_at"))["at"],
    }


def show_figures(request: HttpRequest) -> HttpResponseBase:
    """How much arrives, and how soon."""
    if not request.user.has_perm("delivery.view_delivery"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Delivery figures",
        **context_of(request.GET.get("span", "")),
    }
    return TemplateResponse(request, "delivery/figures.html", context)


def duration(milliseconds: float | None) -> str:
    """``4 ms``, ``1.2 s``, ``3 min``, ``5.0 h``, ``2.1 days``."""
    if milliseconds is None:
        return NOTHING
    for limit, size, unit in (
        (1_000, 1, "ms"),
        (60_000, 1_000, "s"),
        (3_600_000, 60_000, "min"),
        (172_800_000, 3_600_000, "h"),
    ):
        if milliseconds < limit:
            value = milliseconds / size
            return f"{value:.1f} {unit}" if unit != "ms" and value < 10 else f"{value:.0f} {unit}"
    return f"{milliseconds / 86_400_000:.1f} days"


def percent(share: float | None) -> str:
    """Never rounded up to all of them."""
    if share is None:
        return NOTHING
    return "100%" if share == 1 else f"{int(share * 10_000) / 100:.2f}%"


def _summary(figures: Figures) -> list[tuple[str, str]]:
    return [
        (f"{figures.total:,}", "deliveries"),
        (percent(figures.success), "of what is decided arrived"),
        (f"{figures.waiting:,}", "still wait"),
        *(
            (duration(figures.percentile(share)), f"{name} to confirmation")
            for name, share in LINES
        ),
    ]


def _bars(hours: Sequence[tuple[datetime, Figures]]) -> dict[str, Any]:
    most = _round_up(max(each.total for _, each in hours))
    width = 100 / len(hours)
    columns = []
    for number, (hour, each) in enumerate(hours):
        bars, top = [], 100.0
        for part in ("delivered", "waiting", "failed"):
            height = 100 * getattr(each, part) / most
            top -= height
            if height:
                bars.append(Bar(number * width, top, width * 0.8, height, part))
        columns.append({"title": _title(hour, each), "bars": bars, "x": number * width})
    return {
        "columns": columns,
        "width": width,
        "marks": [Mark(100 * share, f"{most * share:,.0f}") for share in (0, 0.5, 1)],
    }


def _rates(hours: Sequence[tuple[datetime, Figures]]) -> dict[str, Any]:
    """From 0, or from the tenth below the lowest, to 100%."""
    lowest = min((each.success for _, each in hours if each.success is not None), default=1.0)
    low = min(int(lowest * 10) / 10, 0.9)
    heights = [
        None if s is None else (s - low) / (1 - low) for _, each in hours for s in [each.success]
    ]
    return {
        "segments": _segments(heights, "rate"),
        "marks": [Mark(100 * s, f"{100 * (low + (1 - low) * s):.0f}%") for s in (0, 0.5, 1)],
    }


def _latencies(hours: Sequence[tuple[datetime, Figures]]) -> dict[str, Any]:
    values = {name: [each.percentile(share) for _, each in hours] for name, share in LINES}
    longest = max((v for line in values.values() for v in line if v is not None), default=1_000.0)
    marks = [mark for mark in MARKS if mark[0] < longest]
    marks = [*marks, *[mark for mark in MARKS if mark[0] >= longest][:1]]
    height = log10(marks[-1][0]) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else min(1.0, max(0.0, log10(max(value, 1.0)) / height))

    return {
        "segments": [
            segment
            for name, line in values.items()
            for segment in _segments([place(value) for value in line], name)
        ],
        "marks": [Mark(100 * log10(ms) / height, label) for ms, label in marks],
        "lines": [name for name, _ in LINES],
    }


def _segments(heights: Sequence[float | None], line: str) -> list[Segment]:
    """Between neighbours; an hour without a value leaves a gap."""
    step = 100 / len(heights)
    at = [(step * (number + 0.4), height) for number, height in enumerate(heights)]
    segments = []
    for number, (x, height) in enumerate(at):
        if height is None:
            continue
        y = 100 * (1 - height)
        after = at[number + 1] if number + 1 < len(at) else (x, None)
        alone = number == 0 or heights[number - 1] is None
        if after[1] is not None:
            segments.append(Segment(x, y, after[0], 100 * (1 - after[1]), line))
        elif alone:
            segments.append(Segment(x - step / 4, y, x + step / 4, y, line))
    return segments


def _hour_marks(hours: Sequence[tuple[datetime, Figures]]) -> list[Mark]:
    step = 100 / len(hours)
    days = len(hours) > 48
    return [
        Mark(step * number, f"{hour:%d %b}" if days else f"{hour:%H:%M}")
        for number, (hour, _) in enumerate(hours)
        if hour.hour % (24 if days else 6) == 0 and step * number < LAST_MARK
    ]


def _title(hour: datetime, figures: Figures) -> str:
    return (
        f"{hour:%d %b %H:%M} UTC: {figures.delivered:,} delivered, {figures.waiting:,} waiting,"
        f" {figures.failed:,} failed"
    )


def _row(hour: datetime, figures: Figures) -> dict[str, Any]:
    return {
        "hour": hour,
        "figures": figures,
        "success": percent(figures.success),
        "percentiles": [duration(figures.percentile(share)) for _, share in LINES],
    }


def _round_up(number: int) -> int:
    """To an axis's end: 1, 2, 5, 10, 20, …"""
    if number <= 1:
        return 1
    magnitude = 10 ** (ceil(log10(number)) - 1)
    return next(step * magnitude for step in (1, 2, 5, 10) if step * magnitude >= number)

"""Template tags of the console; built into every template, so nothing needs loading."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.console import cells

register = template.Library()

register.simple_tag(cells.icon, name="icon")
for _filter in (cells.ago, cells.instant, cells.day, cells.number, cells.percent, cells.code):
    register.filter(_filter.__name__, _filter)


@register.simple_tag
def money(amount: Any, currency: str = "") -> str:
    """An amount with its currency."""
    return cells.money(amount, currency)


@register.simple_tag
def dot(word: str, tone: str = "idle") -> SafeString:
    """A state dot with its word; tones: good, bad, warn, idle, info."""
    return cells.dot(cells.State(word, tone))


@register.inclusion_tag("console/_bars.html")
def bars(rows: Iterable[tuple[str, float]], total: float = 0) -> dict[str, Any]:
    """Labelled bars in SVG: (label, figure) pairs, each against `total`, else against the greatest figure."""
    known = list(rows)
    scale = total or max((figure for _, figure in known), default=0) or 1
    share_of = total or sum(figure for _, figure in known) or 1
    drawn = [
        (label, cells.number(figure), f"{figure * 100 / scale:.1f}", f"{figure * 100 / share_of:.0f} %")
        for label, figure in known
    ]
    return {"rows": drawn}


@register.inclusion_tag("console/_chart.html")
def chart(
    name: str, times: Iterable[float], series: Mapping[str, Iterable[float | None]], title: str
) -> dict[str, Any]:
    """A time series: `times` in Unix seconds, one line per entry of `series`; `name` is unique on the page.

    The figures stand in the page as JSON and, for readers without the picture, as a table.
    """
    lines = {label: list(values) for label, values in series.items()}
    instants = list(times)
    data = {"series": list(lines), "data": [instants, *lines.values()]}
    return {"name": name, "data": data, "title": title, "empty": not instants}


@register.simple_tag(takes_context=True)
def address(context: RequestContext, **changes: Any) -> str:
    """The query of this page's address with some parameters replaced; None or '' removes one."""
    query = context["request"].GET.copy()
    query.pop("panel", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag
def copy_button(text: str, label: str = "Copy") -> SafeString:
    """A button that copies `text`."""
    return format_html(
        '<button type="button" class="btn btn-icon btn-sm btn-ghost" data-copy="{}" aria-label="{}">{}</button>',
        text,
        label,
        cells.icon("copy"),
    )


@register.filter
def initials(name: str) -> str:
    """`Ana Lima` becomes `AL`."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

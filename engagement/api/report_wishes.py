"""How reports are wished for: divided by which facts, narrowed to what, as JSON or as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from core.errors import InvalidInput
from customers.selectors.imports import harmless
from engagement.rules.report_groups import CAMPAIGN, GROUPS, KNOWN, MOST_CAMPAIGNS, UPLIFT, WAYS, groups_of

NAMES: Final = ("group_by", "campaign", "channel", "format")
CSV: Final = "csv"
_FACTS: Final = (*KNOWN, "name")


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a report is wished for, and how; `asked` are the parameters as they came."""

    by: tuple[str, ...]
    campaigns: tuple[str, ...]
    channels: tuple[str, ...]
    as_csv: bool
    asked: Mapping[str, str]


class CsvRenderer(JSONRenderer):
    """Lets callers ask for text/csv, which the view streams itself; what is left to render is JSON."""

    media_type = "text/csv"
    format = CSV
    charset = "utf-8"


def parameters(report: str) -> list[OpenApiParameter]:
    """The parameters of a wish, as documented."""
    by = f"What to divide by, with commas: {', '.join(GROUPS[report])}. The answer then has `groups`."
    if report == UPLIFT:
        by = "`campaign`, which each line is already: an uplift is of one campaign."
    return [
        OpenApiParameter("group_by", str, description=by),
        OpenApiParameter("campaign", str, description=f"These campaigns only; at most {MOST_CAMPAIGNS}, with commas."),
        OpenApiParameter("channel", str, description=f"These channels only, with commas: {', '.join(WAYS[report])}."),
        OpenApiParameter("format", str, enum=["json", CSV], description="`csv` for a file; so is Accept: text/csv."),
    ]


def read_wish(report: str, asked: Mapping[str, str], *, accepted: str = "") -> Wish:
    """The wish; InvalidInput with the name of what cannot be had, and why."""
    by, refusal = groups_of(report, asked.get("group_by", ""))
    if refusal:
        raise InvalidInput(f"Invalid 'group_by': {refusal}", param="group_by")
    channels = _listed(asked.get("channel", ""))
    if strange := [one for one in channels if one not in WAYS[report]]:
        message = f"Invalid 'channel': there is no '{strange[0][:40]}'; choose from {', '.join(WAYS[report])}."
        raise InvalidInput(message, param="channel")
    campaigns = _listed(asked.get("campaign", ""))
    if len(campaigns) > MOST_CAMPAIGNS or any(len(one) > 100 for one in campaigns):
        message = f"Invalid 'campaign': at most {MOST_CAMPAIGNS} campaigns, each of at most 100 characters."
        raise InvalidInput(message, param="campaign")
    wanted = asked.get("format", accepted or "json")
    if wanted not in ("json", CSV):
        raise InvalidInput("Invalid 'format': json or csv.", param="format")
    return Wish(by, campaigns, channels, wanted == CSV, {name: asked[name] for name in NAMES if name in asked})


def as_csv(
    name: str,
    serializer: type[serializers.Serializer[object]],
    lines: Sequence[Mapping[str, Any]],
    by: Sequence[str],
    more: Mapping[str, Any],
) -> StreamingHttpResponse:
    """The lines as a file: a column for each member of the serializer, and for each of `more`, the same in all.

    Of the facts that a report can be divided by, those that it is divided by; all of them when it is not.
    """
    shown = {*by, "name"} if CAMPAIGN in by else set(by)
    columns = [path for path in _paths(serializer()) if not by or path[0] not in _FACTS or path[0] in shown]
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(_rows(columns, lines, more), content_type="text/csv; charset=utf-8", headers=headers)


def _rows(
    columns: Sequence[Sequence[str]], lines: Sequence[Mapping[str, Any]], more: Mapping[str, Any]
) -> Iterator[str]:
    yield _line([*("_".join(path) for path in columns), *more])
    for line in lines:
        yield _line([*(_cell(_at(line, path)) for path in columns), *map(_cell, more.values())])


def _paths(serializer: serializers.Serializer[object]) -> Iterator[tuple[str, ...]]:
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.Serializer):
            yield from ((name, *path) for path in _paths(field))
        else:
            yield (name,)


def _at(line: Any, path: Sequence[str]) -> Any:
    for name in path:
        line = None if line is None else line.get(name)
    return line


def _cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula; figures as they are, below zero too."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if value is None else harmless([value])[0] if isinstance(value, str) else str(value)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))

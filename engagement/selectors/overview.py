"""Event types as people look at them: how often, when last, sent by whom."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import Max, Sum

from customers.selectors.origins import names_of
from engagement.models import DailyMetric, EventSchema, EventType, HourlyMetric
from engagement.rules.catalogue import BUILT_IN, Kind
from engagement.selectors.words import label_values

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Overview:
    """A type: its words and state; events of the last DAYS days, the hour of the last one, senders by name."""

    name: str
    title: str
    description: str
    purpose: str
    version: int
    built_in: bool
    retired_at: datetime | None
    events: int
    last_hour: datetime | None
    senders: tuple[str, ...]


def list_overviews(*, now: datetime) -> list[Overview]:
    """Every type, built-in ones first, retired ones included; five queries for any number of types and events."""
    rows = HourlyMetric.objects.filter(hour__gte=now - timedelta(days=DAYS)).values("type_id", "source_id")
    events: dict[int, int] = defaultdict(int)
    last: dict[int, datetime] = {}
    sources: dict[int, set[int]] = defaultdict(set)
    for row in rows.annotate(events=Sum("events"), last=Max("hour")).order_by("type_id", "source_id"):
        events[row["type_id"]] += row["events"]
        last[row["type_id"]] = max(row["last"], last.get(row["type_id"], row["last"]))
        sources[row["type_id"]].add(row["source_id"])
    words = label_values({pk for pks in sources.values() for pk in pks})
    names = names_of(words.values())

    def senders(pk: int) -> tuple[str, ...]:
        return tuple(sorted({names.get(words[s], words[s]) for s in sources.get(pk, ()) if s in words}))

    def overview(pk: int, about: Kind | EventType, version: int, purpose: str, retired: datetime | None) -> Overview:
        return Overview(
            name=about.name,
            title=about.title,
            description=about.description.replace("`", ""),
            purpose=purpose,
            version=version,
            built_in=isinstance(about, Kind),
            retired_at=retired,
            events=events.get(pk, 0),
            last_hour=last.get(pk),
            senders=senders(pk),
        )

    registered = EventType.objects.order_by("name")
    return [
        *(overview(kind.id, kind, kind.version, kind.purpose, None) for kind in BUILT_IN),
        *(overview(row.pk, row, row.current_version, row.purpose, row.archived_at) for row in registered),
    ]


def versions_on_record(name: str) -> list[EventSchema]:
    """Every version of a registered type, newest first, retired or not; none of a built-in one."""
    return list(EventSchema.objects.filter(type__name=name).select_related("type").order_by("-version"))


def events_by_day(*, type_id: int, now: datetime) -> dict[date, int]:
    """Events of a type on each of the last DAYS UTC days, oldest first."""
    first = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    rows: Any = DailyMetric.objects.filter(day__gte=first, type_id=type_id).values_list("day").annotate(n=Sum("events"))
    found = dict(rows)
    return {day: found.get(day, 0) for day in (first + timedelta(days=n) for n in range(DAYS))}

"""Who came into a segment and who left it, how many each day, and why a reconcile differs from what was followed."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

from customers.models import Segment, SegmentChange, SegmentDay, SegmentRun

SHOWN: Final = 100
CAUSES: Final = {
    "waiting": "were on their way to be followed",
    "window": "by time that went by since it was last looked at",
    "whole": "by a rule that is only calculated as a whole",
    "unexplained": "should have been followed",
}


def change_page(*, segment: Segment, before: int | None, limit: int) -> list[SegmentChange]:
    """The newest changes before the one with this id, one more than `limit` if there are."""
    rows = SegmentChange.objects.filter(segment=segment).select_related("customer").order_by("-id")
    return list((rows if before is None else rows.filter(pk__lt=before))[: limit + 1])


def change_answer(row: SegmentChange) -> dict[str, Any]:
    """One change as the API answers it."""
    return {
        "customer": row.customer.public_id,
        "change": "entered" if row.entered else "exited",
        "reason": row.reason,
        "conditions": row.conditions,
        "at": row.at,
    }


def days_of(segment: Segment) -> list[SegmentDay]:
    """Its size on each day on which it changed, oldest first; 400 days at most."""
    return list(SegmentDay.objects.filter(segment=segment).order_by("-day")[:400])[::-1]


def sizes_before(*, segments: Collection[Segment], today: date) -> dict[int, int]:
    """How many each segment had a week before `today` (UTC), by id; one query, without those that are younger."""
    days = SegmentDay.objects.filter(segment__in=segments, day__lte=today - timedelta(days=7))
    return dict(days.order_by("segment", "-day").distinct("segment").values_list("segment", "members"))


def causes_in_words(run: SegmentRun) -> str:
    """How many differences have which cause; empty when there were none or none were looked for."""
    return "; ".join(f"{people} {CAUSES[cause]}" for cause, people in sorted(run.differences.items()))


def changes_of_run(run: SegmentRun) -> list[SegmentChange]:
    """The first hundred people whom a reconcile moved, with the cause of each."""
    return list(SegmentChange.objects.filter(run=run).select_related("customer").order_by("id")[:SHOWN])

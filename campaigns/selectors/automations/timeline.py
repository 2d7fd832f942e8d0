"""Automations in a person's timeline: when she came in, and how it ended."""

from collections.abc import Sequence
from typing import Final

from campaigns.models import Run
from campaigns.rules.automations.words import ENDINGS
from customers.selectors.timeline import Before, Entry, Source


def fetch_runs(customer_ids: Sequence[int], before: Before, limit: int) -> list[Entry]:
    """At most `limit` runs of these customers, newest first by when they came in."""
    rows = Run.objects.filter(customer__in=customer_ids).filter(before.condition("created_at", "public_id"))
    return [
        Entry(
            at=row.created_at,
            row=row.public_id,
            kind="automation_run",
            title=f"Came into the automation “{row.automation.name}”",
            source=row.automation.public_id,
            details={"run": row.public_id, "step": row.step, "now": ENDINGS.get(row.ending, row.ending)},
        )
        for row in rows.select_related("automation").order_by("-created_at", "-public_id")[:limit]
    ]


RUNS: Final = Source(name="automations", label="Automations", fetch=fetch_runs)

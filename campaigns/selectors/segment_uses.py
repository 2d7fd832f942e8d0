"""Which campaigns, experiments and automations use a segment: shown on its page, and why it cannot be archived."""

from collections.abc import Iterator, Sequence
from typing import Final

from django.db.models import F
from django.urls import reverse

from campaigns.models import Campaign, Experiment
from campaigns.rules.experiments import ExperimentState
from campaigns.rules.lifecycle import ENDED, State
from campaigns.selectors.automations.listing import using_segments
from customers.models import Segment
from customers.selectors.segments.uses import Use

_ROWS: Final = 5_000


def uses_of_segments(segments: Sequence[Segment], /) -> Iterator[tuple[int, Use]]:
    """Those that are not over hold it; campaigns that are over are named as well, newest first."""
    yield from _campaigns(segments)
    yield from _experiments(segments)
    yield from _automations(segments)


def _campaigns(segments: Sequence[Segment]) -> Iterator[tuple[int, Use]]:
    rows = Campaign.objects.filter(parts__segment__in=segments).exclude(state=State.ARCHIVED)
    for row in rows.annotate(used=F("parts__segment")).order_by("-created_at", "-id")[:_ROWS]:
        url = reverse("console:campaign", args=[row.public_id])
        yield row.used, Use("campaign", row.name, url, holds=row.state not in ENDED)


def _experiments(segments: Sequence[Segment]) -> Iterator[tuple[int, Use]]:
    for row in Experiment.objects.filter(segment__in=segments).order_by("-created_at", "-id")[:_ROWS]:
        url = reverse("console:experiment", args=[row.key])
        yield row.segment_id or 0, Use("experiment", row.name, url, holds=row.state != ExperimentState.STOPPED)


def _automations(segments: Sequence[Segment]) -> Iterator[tuple[int, Use]]:
    keys = {segment.slug: segment.pk for segment in segments}
    for row, slugs in using_segments(keys.keys()):
        for slug in sorted(slugs):
            yield keys[slug], Use("automation", row.name, reverse("console:automation", args=[row.public_id]))

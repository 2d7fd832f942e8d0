"""Which campaigns, experiments and automations use a segment: shown on its page, and why it cannot be archived."""

from collections.abc import Sequence

from django.urls import reverse

from campaigns.models import Campaign, Experiment
from campaigns.rules.experiments import ExperimentState
from campaigns.rules.lifecycle import ENDED, State
from campaigns.selectors.automations.listing import using_segment
from customers.models import Segment
from customers.selectors.segments.uses import Use

AT_MOST = 50


def uses_of_segment(segment: Segment, /) -> Sequence[Use]:
    """Those that are not over hold it; campaigns that are over are named as well, newest first."""
    return [*_campaigns(segment), *_experiments(segment), *_automations(segment)]


def _campaigns(segment: Segment) -> list[Use]:
    rows = Campaign.objects.filter(parts__segment=segment).exclude(state=State.ARCHIVED).order_by("-created_at", "-id")
    return [
        Use("campaign", row.name, reverse("console:campaign", args=[row.public_id]), holds=row.state not in ENDED)
        for row in rows[:AT_MOST]
    ]


def _experiments(segment: Segment) -> list[Use]:
    rows = Experiment.objects.filter(segment=segment).order_by("-created_at", "-id")
    return [
        Use(
            "experiment",
            row.name,
            reverse("console:experiment", args=[row.key]),
            holds=row.state != ExperimentState.STOPPED,
        )
        for row in rows[:AT_MOST]
    ]


def _automations(segment: Segment) -> list[Use]:
    return [
        Use("automation", row.name, reverse("console:automation", args=[row.public_id]))
        for row in using_segment(segment.slug)[:AT_MOST]
    ]

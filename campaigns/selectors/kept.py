"""Answers about large campaigns as they were counted last, and which campaigns are large."""

from collections.abc import Sequence
from typing import Final

from django.conf import settings

from campaigns.models import Campaign, CampaignCount, DeliveryChange
from campaigns.rules.counting import counted_live
from campaigns.rules.lifecycle import State
from core.models import Job
from core.models.jobs import OPEN_STATES

KIND: Final = "campaigns.count"
_UNDER_WAY: Final = (State.BUILDING_AUDIENCE, State.SENDING, State.PAUSED)


def is_large(campaign: Campaign) -> bool:
    """Whether its figures are counted by a task and kept, not added up while somebody waits."""
    return (campaign.people or 0) >= settings.CAMPAIGN_LIVE_PEOPLE and not campaign.totals


def told_as_kept(campaigns: Sequence[Campaign]) -> list[Campaign]:
    """Those of a list whose messages are told as counted last: large ones, and what exceeds one of these in all."""
    large = [row for row in campaigns if is_large(row)]
    others = {row.pk: row for row in campaigns if not is_large(row) and not row.totals}
    people = {pk: (row.state in _UNDER_WAY, row.people or 0) for pk, row in others.items()}
    live = counted_live(people, settings.CAMPAIGN_LIVE_PEOPLE)
    return large + [row for pk, row in others.items() if pk not in live]


def find_count(campaign: Campaign, question: str) -> CampaignCount | None:
    """The question with its newest answer and its job; None when it was never asked."""
    return (
        CampaignCount.objects.select_related("job", "campaign__purpose", "campaign__promotion")
        .filter(campaign=campaign, question=question)
        .first()
    )


def find_change(campaign: Campaign) -> DeliveryChange | None:
    """The decision about its messages that not all rows have followed yet; None when they have."""
    change: DeliveryChange | None = getattr(campaign, "change", None)
    return change if change and change.finished_at is None else None


def is_counting(row: CampaignCount | None) -> bool:
    """Whether a count that somebody asked for is on its way."""
    return row is not None and row.job is not None and row.job.state in OPEN_STATES


def count_at_work() -> int:
    """How many counts that somebody asked for are on their way."""
    return Job.objects.filter(kind=KIND, state__in=OPEN_STATES).count()

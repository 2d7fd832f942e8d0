"""The messages of a campaign by everything its pages tell of them: counted in one statement, so that it adds up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from campaigns.models import Campaign, CampaignCount
from campaigns.rules.counting import DELIVERIES
from campaigns.selectors.kept import find_count, is_large, told_as_kept

_COUNT: Final = """
SELECT state, reason, outcome, tracked, opened, clicked, customer_id IS NOT NULL, count(*)
FROM campaigns_delivery WHERE campaign_id = %s GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 8 DESC, 1, 2, 3, 4, 5, 6, 7
"""


class Tally(NamedTuple):
    """So many messages that are alike; `known` have a person still."""

    state: str
    reason: str
    outcome: str
    tracked: bool
    opened: int | None
    clicked: int | None
    known: bool
    messages: int


def count_tallies(campaign: Campaign) -> list[Tally]:
    """Its messages as they are now; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [campaign.pk])
        return [Tally(*row) for row in cursor.fetchall()]


def kept_tallies(campaigns: Iterable[Campaign]) -> dict[int, list[Tally]]:
    """What was counted last of the large ones among these campaigns, and of small ones when they are many.

    One query, none when they are few and small. One that was never counted is not there.
    """
    kept = [row.pk for row in told_as_kept(list(campaigns))]
    if not kept:
        return {}
    rows = CampaignCount.objects.filter(campaign__in=kept, question=DELIVERIES)
    return {row.campaign_id: [Tally(*one) for one in row.answer["tallies"]] for row in rows if row.answer}


def tallied_at(campaign: Campaign) -> datetime | None:
    """The instant of the counts that its pages show; None when they are of this moment."""
    if not is_large(campaign):
        return None
    row = find_count(campaign, DELIVERIES)
    return row.counted_at if row else None


def added(tallies: Sequence[Tally], *names: str) -> dict[tuple[Any, ...], int]:
    """Messages by these of their facts."""
    found: dict[tuple[Any, ...], int] = {}
    for one in tallies:
        key = tuple(getattr(one, name) for name in names)
        found[key] = found.get(key, 0) + one.messages
    return found


def by_fact(tallies: Sequence[Tally], name: str) -> Mapping[str, int]:
    """Messages by one of their facts, in its order, without those that have none."""
    return {key: messages for (key,), messages in sorted(added(tallies, name).items()) if key != ""}

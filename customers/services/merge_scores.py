"""Scores in a merge: the absorbed profile has none any more, and both have theirs again when it is undone.

The survivor's score follows what it took over, as scores follow every change of a profile. History stays with the
profile that it is about.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from core.actors import Actor
from customers.models import CustomerScore, ScoreCause, ScoreChange, ScoreVersion, ScoreVersionState
from customers.services.guards import MergePart, Pair

_LIVE: Final = (ScoreVersionState.ACTIVE, ScoreVersionState.COMPUTING)


def _take(pair: Pair, by: Actor, now: datetime) -> dict[str, Any]:
    """The absorbed profile has no score; answers what both had."""
    rows = _rows([pair.absorbed_id, pair.into_id])
    image = [[row.version_id, row.customer_id, row.score, row.points, row.since.isoformat()] for row in rows]
    CustomerScore.objects.filter(customer_id=pair.absorbed_id).delete()
    return {"scores": image}


def _give_back(pair: Pair, image: Any, by: Actor, now: datetime) -> None:
    """Both have the scores of before, in the versions that still are in force; the history says so."""
    both = [pair.absorbed_id, pair.into_id]
    present = {(row.version_id, row.customer_id): row for row in _rows(both)}
    versions = set(_live_versions([row[0] for row in image["scores"]]))
    back = [
        CustomerScore(version_id=version, customer_id=customer, score=score, points=points, since=_instant(since))
        for version, customer, score, points, since in image["scores"]
        if version in versions
    ]
    CustomerScore.objects.filter(customer_id__in=both, version__state__in=_LIVE).delete()
    CustomerScore.objects.bulk_create(back)
    wanted = {(row.version_id, row.customer_id): row for row in back}
    ScoreChange.objects.bulk_create(
        ScoreChange(
            version_id=key[0],
            customer_id=key[1],
            at=now,
            before=present[key].score if key in present else 0,
            after=wanted[key].score if key in wanted else 0,
            points=wanted[key].points if key in wanted else [],
            cause=ScoreCause.UNMERGED,
        )
        for key in sorted(present.keys() | wanted.keys())
        if (present[key].points if key in present else None) != (wanted[key].points if key in wanted else None)
    )


def _rows(customer_ids: Sequence[int]) -> list[CustomerScore]:
    rows = CustomerScore.objects.filter(customer_id__in=customer_ids, version__state__in=_LIVE)
    return list(rows.order_by("version_id", "customer_id"))


def _live_versions(ids: Sequence[int]) -> list[int]:
    return list(ScoreVersion.objects.filter(pk__in=ids, state__in=_LIVE).values_list("pk", flat=True))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


SCORES: Final = MergePart(name="scores", absorb=_take, restore=_give_back)

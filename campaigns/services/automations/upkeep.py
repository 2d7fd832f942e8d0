"""What becomes of runs when people are erased or merged, when versions run out, and when runs are old."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from campaigns.models import AutomationVersion, Campaign, Delivery, Run
from campaigns.rules.automations.states import RunState, VersionState
from campaigns.rules.deliveries import OPEN
from campaigns.rules.lifecycle import State
from campaigns.services.automations.recording import Journal, forget_messages
from campaigns.services.campaigns import locked, move
from core.actors import SYSTEM
from customers.services.erasing import Rows, update_rows


def erase_runs(customer_ids: Sequence[int], /) -> Rows:
    """Their runs are over, name nobody, and keep no key of what they were about; how many."""
    theirs = Run.objects.filter(customer_id__in=customer_ids)
    forget_messages(runs=theirs.exclude(state=RunState.ENDED).values_list("pk", flat=True))
    theirs.exclude(state=RunState.ENDED).update(
        state=RunState.ENDED,
        ending="deleted",
        next_at=None,
        awaits="",
        waiting=False,
        trouble="",
        ended_at=Now(),
    )
    return update_rows(theirs, customer_ids, customer=None, key="")


def absorb_runs(*, absorbed_id: int, into_id: int, now: datetime) -> dict[str, list[int]]:
    """The surviving profile has the runs of both; where both are under way in one automation, hers goes on alone.

    Answers which rows moved and which were ended, for `restore_runs`.
    """
    own = Run.objects.filter(customer_id=into_id, automation=OuterRef("automation"))
    theirs = Run.objects.filter(customer_id=absorbed_id).order_by("pk")
    both = theirs.filter(Exists(own.filter(~Q(state=RunState.ENDED))), exclusive=True).exclude(state=RunState.ENDED)
    ended, journal = list(both.select_for_update()), Journal(now)
    for run in ended:
        journal.end(run, "merged")
    journal.close()
    moved = list(theirs.exclude(Exists(own.filter(ref=OuterRef("ref")))).values_list("pk", flat=True))
    Run.objects.filter(pk__in=moved).update(customer_id=into_id)
    return {"moved": moved, "ended": [run.pk for run in ended]}


def restore_runs(*, absorbed_id: int, image: Any) -> None:
    """Runs that moved in the merge are the other profile's again; those that were ended for it stay over."""
    Run.objects.filter(pk__in=image["moved"], customer__isnull=False).update(customer_id=absorbed_id)


def close_replaced(*, now: datetime) -> int:
    """Campaigns behind versions in which nobody is under way any more are completed; how many."""
    running = Run.objects.filter(version=OuterRef("pk")).exclude(state=RunState.ENDED)
    empty = AutomationVersion.objects.filter(state=VersionState.RETIRED).exclude(Exists(running))
    waiting = Delivery.objects.filter(campaign=OuterRef("pk"), state__in=OPEN)
    done = Campaign.objects.filter(automation_message__version__in=empty, state=State.SENDING)
    rows = list(done.exclude(Exists(waiting)).order_by("pk")[:100])
    for campaign in rows:
        move(campaign=locked(campaign=campaign), to=State.COMPLETED, by=SYSTEM, now=now, finished_at=now)
    return len(rows)


def forget_runs(*, before: datetime, limit: int = 20_000) -> int:
    """At most `limit` runs that were over before then are gone with their records; their counts stay. How many."""
    old = (
        Run.objects.filter(state=RunState.ENDED, ended_at__lt=before).order_by("ended_at").values_list("pk", flat=True)
    )
    ids = list(old[:limit])
    Run.objects.filter(pk__in=ids).delete()
    return len(ids)

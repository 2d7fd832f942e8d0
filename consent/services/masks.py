"""Keeping `Customer.consent_mask` true when something beside the ledger changes: a place, a notice, a rule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from consent.models import ConsentState, Purpose
from consent.selectors.catalogue import catalogue, forget_catalogue
from consent.services.pages import close_pages, open_pages
from consent.services.revocation import revoke_moved
from core import jobs

BATCH: Final = 5_000
SWEEP: Final = timedelta(hours=1)


@transaction.atomic
def recompute_masks(*, customer_ids: Sequence[int], now: datetime) -> None:
    """The masks, states and tokens of these customers are what their ledgers and places allow now.

    Safe to repeat; in batches of 5,000, a few statements each.
    """
    uses, ids = catalogue(), sorted(set(customer_ids))
    for start in range(0, len(ids), BATCH):
        pages = open_pages(customer_ids=ids[start : start + BATCH], uses=uses)
        close_pages(pages=pages, uses=uses, now=now)
        revoke_moved(places={pk: page.rule.code for pk, page in pages.items()}, now=now)


def recompute_purpose(*, job_id: str) -> None:
    """Everybody with a record on the purpose of this job has the mask it allows now; begins anew when resumed."""
    job = jobs.claim_job(job_id=job_id, now=timezone.now())
    if job is None:
        return
    forget_catalogue()
    people = ConsentState.objects.filter(purpose=Purpose.objects.get(key=job.parameters["purpose"]))
    done, last = 0, 0
    going = jobs.advance_job(job=job, done=done, total=people.count(), now=timezone.now())
    while going:
        ids = list(
            people.filter(customer_id__gt=last).order_by("customer_id").values_list("customer_id", flat=True)[:BATCH]
        )
        if not ids:
            jobs.finish_job(job=job, result={"people": done}, now=timezone.now())
            return
        recompute_masks(customer_ids=ids, now=timezone.now())
        done, last = done + len(ids), ids[-1]
        going = jobs.advance_job(job=job, done=done, now=timezone.now())


def sweep_outdated(*, now: datetime) -> int:
    """Nobody is still allowed by a notice replaced within the last hour; how many were put right.

    A process may know purposes and notices a few seconds late and store a yes under words that were just replaced;
    the job that asks again may then already have passed that person.
    """
    outdated = Q(pk__in=[])
    for use in catalogue().uses.values():
        recent = [version for version, published in use.material_notices if now - SWEEP <= published <= now]
        if recent:
            outdated |= Q(purpose_id=use.id, event__notice__version__lt=max(recent))
    if outdated == Q(pk__in=[]):
        return 0
    found = ConsentState.objects.filter(outdated, allowed=True).order_by("customer_id")
    ids = list(found.values_list("customer_id", flat=True)[:BATCH])
    recompute_masks(customer_ids=ids, now=now)
    return len(ids)

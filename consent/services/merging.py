"""Consent when two profiles become one, and when they are parted again: nothing is ever widened by a merge."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from consent.models import ConsentEvent, ConsentState, Suppression
from consent.rules.merging import may_differ, narrowing_events, permits_less
from consent.rules.standing import NO_EVENTS, Standing, decide
from consent.selectors.catalogue import Catalogue, catalogue
from consent.selectors.outlook import Outlooks
from consent.selectors.suppression import suppression_hash
from consent.services.entries import ConsentEntry, put_on, put_restored
from consent.services.gpc import ALL_BITS
from consent.services.pages import Page, close_pages, open_pages
from consent.services.restrictions import share_restrictions
from consent.services.revocation import revoke_masks
from consent.services.telling import tell
from core import audit
from core.actors import Actor
from customers.models import Identity

_MERGE, _UNMERGE = "merge", "unmerge"
Image = dict[str, Any]


@transaction.atomic
def absorb_consent(*, absorbed_id: int, into_id: int, by: Actor, now: datetime, visitor: bool = True) -> Image:
    """The customer's record holds every no of the profile she absorbed, until she is asked again; the pre-image.

    A no of the absorbed profile is written to the customer's ledger with a pointer to the entry it comes from, even
    when her own yes is newer; a yes that had run out ends her yes. A yes is not carried over. Unless the absorbed one
    was a `visitor`, whatever was not allowed for both is not allowed afterwards. The earlier Global Privacy Control
    signal counts, a suppression holds for the result, the absorbed profile's tokens are revoked.
    """
    uses = catalogue()
    suppressed = list(Suppression.objects.filter(customer_id=absorbed_id).order_by("pk").values_list("pk", flat=True))
    pages = open_pages(customer_ids=[absorbed_id, into_id], uses=uses)
    theirs, ours = pages[absorbed_id], pages[into_id]
    both = ours.customer.consent_mask & Outlooks(uses, now).of(theirs.person, theirs.standings).mask
    for purpose_id, standing in theirs.standings.items():
        if purpose_id in uses.by_id and permits_less(standing, ours.standings.get(purpose_id)):
            _carry_over(standing, purpose_id, theirs, ours, uses, by, now)
    before = ours.person.gpc_first_seen_at
    seen = [at for at in (theirs.person.gpc_first_seen_at, before) if at]
    suspended = ours.person.suppressed or bool(suppressed)
    restricted = ours.person.restricted or theirs.person.restricted
    first = min(seen, default=None)
    ours.person = replace(ours.person, gpc_first_seen_at=first, suppressed=suspended, restricted=restricted)
    ours.limited = ours.limited or theirs.limited
    if not visitor:
        _narrow(ours, theirs, both, uses, by, now)
    theirs.person = replace(theirs.person, suppressed=True)
    image = _image(ours, before, suppressed)
    Suppression.objects.filter(pk__in=suppressed).update(customer_id=into_id)
    found = close_pages(pages=pages, uses=uses, now=now)
    revoke_masks(lost={absorbed_id: ALL_BITS}, because="merged", now=now)
    if ours.entries:
        changes = {uses.by_id[key].key: ["", ours.standings[key].state.value] for key in ours.behind}
        audit.record(by=by, action="consent.merged", target=ours.customer.public_id, changes=changes)
    tell(pages=[ours], found=found, uses=uses)
    return image


def _carry_over(
    theirs: Standing, purpose_id: int, absorbed: Page, ours: Page, uses: Catalogue, by: Actor, now: datetime
) -> None:
    entry = ConsentEntry(
        purpose=uses.by_id[purpose_id].key,
        event=theirs.state.value,
        source=_MERGE,
        evidence={"merged_from": absorbed.customer.public_id, "merged_seq": theirs.entry.seq},
    )
    put_on(page=ours, entry=entry, notices={}, uses=uses, by=by, now=now)


def _narrow(ours: Page, theirs: Page, both: int, uses: Catalogue, by: Actor, now: datetime) -> None:
    """Nothing is allowed on this page beyond the bits of `both`."""
    evidence = {"merged_from": theirs.customer.public_id}
    for use in uses.uses.values():
        if use.mask & both or not may_differ(use.kind):
            continue
        for event in narrowing_events(ours.standings.get(use.id)):
            if not decide(use, ours.person, ours.standings.get(use.id), ours.rule, now).allowed:
                break
            entry = ConsentEntry(purpose=use.key, event=event, source=_MERGE, evidence=evidence)
            put_on(page=ours, entry=entry, notices={}, uses=uses, by=by, now=now)


def _image(ours: Page, gpc_before: datetime | None, suppressed: list[int]) -> Image:
    after = ours.person.gpc_first_seen_at
    states = {}
    for purpose_id, row in ours.behind.items():
        kept = ours.kept.get(purpose_id)
        states[str(purpose_id)] = {
            "seq": row.seq,
            "event": kept.event_id if kept else None,
            "state": kept.standing.state.value if kept else None,
            "restores": kept.standing.entry.seq if kept else 0,
        }
    return {
        "head": ours.head.seq,
        "states": states,
        "gpc": [at.isoformat() if at else None for at in (gpc_before, after)],
        "suppressed": suppressed,
    }


@transaction.atomic
def restore_consent(
    *, absorbed_id: int, into_id: int, image: Image, merged_at: datetime, by: Actor, now: datetime
) -> None:
    """Both stand where they stood before the merge, except for what was said since.

    What the customer said after the merge stays with her; a no said since counts for both, because nobody can tell
    who said it. The ledger keeps every entry: `restored` says which standing counts again. A suppression goes back to
    whose identifier it names.
    """
    undone = _put_back_states(into_id, image["states"])
    _put_back_suppressions(absorbed_id, into_id, image["suppressed"], merged_at)
    share_restrictions(from_id=into_id, to_id=absorbed_id, since=merged_at)
    uses = catalogue()
    pages = open_pages(customer_ids=[absorbed_id, into_id], uses=uses)
    theirs, ours = pages[absorbed_id], pages[into_id]
    _put_back_signal(ours, theirs, image["gpc"])
    for purpose_id, restores in undone.items():
        if purpose_id in uses.by_id:
            put_restored(
                page=ours,
                use=uses.by_id[purpose_id],
                restores_seq=restores,
                merged_from=theirs.customer.public_id,
                by=by,
                now=now,
            )
    _share_refusals(ours, theirs, image["head"], uses, by, now)
    found = close_pages(pages=pages, uses=uses, now=now)
    changes: dict[str, Any] = {uses.by_id[key].key: [] for key in undone if key in uses.by_id}
    audit.record(by=by, action="consent.unmerged", target=ours.customer.public_id, changes=changes)
    tell(pages=[ours, theirs], found=found, uses=uses)


def _put_back_states(into_id: int, images: Mapping[str, Mapping[str, Any]]) -> dict[int, int]:
    """Purposes on which nothing was said since the merge stand as before; the entry each goes back to, 0 for none."""
    rows = ConsentState.objects.filter(customer_id=into_id, purpose_id__in=[int(key) for key in images])
    undone = {}
    for state in rows.select_related("event").order_by("pk"):
        image = images[str(state.purpose_id)]
        if state.event.seq != image["seq"]:
            continue
        undone[state.purpose_id] = int(image["restores"])
        if image["event"] is None:
            state.delete()
            continue
        ConsentState.objects.filter(pk=state.pk).update(event_id=image["event"], state=image["state"])
    return undone


def _put_back_suppressions(absorbed_id: int, into_id: int, moved: list[int], merged_at: datetime) -> None:
    Suppression.objects.filter(pk__in=moved, customer_id=into_id).update(customer_id=absorbed_id)
    identities = Identity.objects.filter(customer_id=absorbed_id).values_list("kind", "value")
    hashes = [suppression_hash(kind, value) for kind, value in identities]
    since = Suppression.objects.filter(customer_id=into_id, created_at__gte=merged_at)
    since.filter(value_hash__in=hashes).update(customer_id=absorbed_id)


def _put_back_signal(ours: Page, theirs: Page, instants: list[str | None]) -> None:
    """The signal as before the merge; one that came in first since the merge counts for both."""
    before, after = (datetime.fromisoformat(at) if at else None for at in instants)
    now_seen = ours.person.gpc_first_seen_at
    if now_seen == after:
        ours.person = replace(ours.person, gpc_first_seen_at=before)
    elif now_seen and theirs.person.gpc_first_seen_at is None:
        theirs.person = replace(theirs.person, gpc_first_seen_at=now_seen)


def _share_refusals(ours: Page, theirs: Page, head: int, uses: Catalogue, by: Actor, now: datetime) -> None:
    """Every no said to the merged profile is on the other's page as well."""
    said = ConsentEvent.objects.filter(customer_id=ours.customer.pk, seq__gt=head, event__in=NO_EVENTS)
    for row in said.exclude(source__in=[_MERGE, _UNMERGE]).order_by("seq"):
        use = uses.by_id.get(row.purpose_id)
        if use is None:
            continue
        evidence = {"merged_from": ours.customer.public_id, "merged_seq": row.seq}
        entry = ConsentEntry(
            purpose=use.key, event=row.event, source=_UNMERGE, evidence=evidence, occurred_at=row.occurred_at
        )
        put_on(page=theirs, entry=entry, notices={}, uses=uses, by=by, now=now)

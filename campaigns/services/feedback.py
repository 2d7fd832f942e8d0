"""What providers report: on the delivery, on the suppression list, in the ledger; safe to hear twice, in any order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from campaigns.models import Delivery
from campaigns.rules.feedback import RANK, SOFT_LIMIT, SOFT_WINDOW, Outcome, Report
from consent.models import SuppressionReason
from consent.services.consent import ConsentEntry, record_consent
from consent.services.suppression import suppress
from core.actors import SYSTEM, Actor

_SAID_NO: Final = {Outcome.COMPLAINT: "objected", Outcome.UNSUBSCRIBED: "unsubscribed"}


@transaction.atomic
def hear_reports(*, reports: Sequence[Report], by: Actor, now: datetime) -> int:
    """Deliveries hold the gravest report on them; how many changed. Reports on messages we do not know still count
    for their addresses.

    An address without a mailbox, or that bounced for now SOFT_LIMIT times in a row, comes on the suppression list for
    e-mail. Whoever complained is on it altogether and has objected to the purpose of the message; whoever unsubscribed
    at the provider has ended that purpose.
    """
    known = _deliveries(reports)
    changed, gone, complained = 0, [], []
    for report in sorted(reports, key=lambda one: RANK[one.outcome]):
        row = known.get((report.delivery, report.message_id))
        moved = row is not None and _note(row, report)
        changed += moved
        if row is not None and moved and report.outcome in _SAID_NO:
            _say_no(row, report.outcome, by, now)
        if report.outcome is Outcome.COMPLAINT:
            complained.append(report.recipient)
        elif report.outcome is Outcome.HARD or (moved and _always_soft(row, report, now)):
            gone.append(report.recipient)
    _suppress(gone, SuppressionReason.BOUNCE, by, now)
    _suppress(complained, SuppressionReason.COMPLAINT, by, now)
    return changed


def suppress_gone(*, address: str, now: datetime) -> None:
    """The address is on the suppression list for e-mail: its server says that there is no such mailbox."""
    _suppress([address], SuppressionReason.BOUNCE, SYSTEM, now)


def _deliveries(reports: Sequence[Report]) -> dict[tuple[int, str], Delivery]:
    """The delivery of each report by its number or by the provider's id, locked in the order of their numbers."""
    numbers = {report.delivery for report in reports if report.delivery}
    ids = {report.message_id for report in reports if report.message_id}
    rows = Delivery.objects.filter(Q(pk__in=numbers) | Q(provider_id__in=ids - {""})).order_by("pk")
    found = list(rows.select_for_update(of=("self",)).select_related("campaign"))
    by_number, by_id = {row.pk: row for row in found}, {row.provider_id: row for row in found if row.provider_id}
    pairs = {(report.delivery, report.message_id) for report in reports}
    each = {pair: by_number.get(pair[0]) or by_id.get(pair[1]) for pair in pairs}
    return {pair: row for pair, row in each.items() if row is not None}


def _note(row: Delivery, report: Report) -> bool:
    if RANK[report.outcome] <= RANK.get(row.outcome, 0):
        return False
    row.outcome, row.outcome_code, row.outcome_at = report.outcome, report.code[:12], report.at
    row.save(update_fields=["outcome", "outcome_code", "outcome_at"])
    return True


def _say_no(row: Delivery, outcome: Outcome, by: Actor, now: datetime) -> None:
    if row.customer_id is None or row.customer is None:
        return
    evidence = {"form_id": "mail-provider"}
    entry = ConsentEntry(
        purpose=row.campaign.purpose_id, event=_SAID_NO[outcome], source="mail-provider", evidence=evidence
    )
    record_consent(customer=row.customer, entries=[entry], by=by, now=now, reason=Outcome(outcome).label)


def _always_soft(row: Delivery | None, report: Report, now: datetime) -> bool:
    """Whether the last SOFT_LIMIT messages to this person that anything is known of all bounced for now."""
    if row is None or row.customer_id is None or report.outcome is not Outcome.SOFT:
        return False
    theirs = Delivery.objects.filter(customer=row.customer_id, sent_at__gt=now - SOFT_WINDOW)
    last = theirs.exclude(outcome__in=["", Outcome.DEFERRED]).order_by("-sent_at")
    outcomes = list(last.values_list("outcome", flat=True)[:SOFT_LIMIT])
    return len(outcomes) == SOFT_LIMIT and set(outcomes) == {Outcome.SOFT.value}


def _suppress(addresses: Iterable[str], reason: SuppressionReason, by: Actor, now: datetime) -> None:
    identifiers = [("email", address) for address in dict.fromkeys(addresses) if address]
    if identifiers:
        suppress(identifiers=identifiers, reason=reason, source="mail-provider", by=by, now=now)

"""What is done about requests by the clock: dates checked, addresses forgotten, old records dropped."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from consent.models import DataRequest, Redaction, RequestPackage, RequestStep
from consent.rules.requests import Kind, Verb
from consent.services.exports import remove_package
from consent.services.request_writing import compute, note
from core import audit, outbox
from core.actors import SYSTEM

BATCH = 500
_ANSWER_KEPT = timedelta(days=30)


def check_dates(*, now: datetime) -> int:
    """The stored dates of every open request are those of its clock rows; how many were not.

    The statutory date of a request whose clock stands moves from day to day; any other difference is published as
    `dsar.dates_mismatch`, because nothing but the clock rows may set a date.
    """
    wrong, last = 0, 0
    while rows := list(DataRequest.objects.open().filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        for row in rows:
            wrong += _checked(row.pk, now)
    return wrong


@transaction.atomic
def _checked(pk: int, now: datetime) -> bool:
    row = DataRequest.objects.select_for_update().get(pk=pk)
    before, rules = row.safe_due, row.rule_set
    if not row.is_open or not compute(row=row, now=now):
        return False
    row.save()
    if row.paused_for:
        return False
    changes = {"safe_due": [before.isoformat(), row.safe_due.isoformat()], "rule_set": [rules, row.rule_set]}
    audit.record(by=SYSTEM, action="request.dates_corrected", target=row.public_id, changes=changes)
    outbox.publish(topic="dsar.dates_mismatch", subject=row.public_id, payload={"request": row.public_id})
    return True


def forget_contacts(*, now: datetime) -> int:
    """Closed requests whose last letter has left name nobody any more: at once after erasure, else after 30 days.

    What was found of other people is forgotten with the requester's address.

    The identifiers of a pseudonymised person stay, encrypted: they are the key that the law lets us keep apart (GDPR
    Art. 4(5)).
    """
    others = Exists(RequestStep.objects.filter(request=OuterRef("pk")).exclude(others_sealed=""))
    decided = Exists(Redaction.objects.filter(request=OuterRef("pk")).exclude(text_sealed=""))
    named = ~Q(contact_sealed="", details_sealed="", subjects_sealed="")
    closed = DataRequest.objects.filter(named | others | decided, closed_at__isnull=False)
    closed = closed.exclude(letters__sent_at__isnull=True, letters__isnull=False)
    forgotten = 0
    for row in closed.order_by("closed_at")[:BATCH]:
        pseudonym = row.verb == Verb.PSEUDONYMISE
        if row.kind == Kind.ERASURE or (row.closed_at and row.closed_at < now - _ANSWER_KEPT):
            forgotten += _forget(row, keep_key=pseudonym, now=now)
    return forgotten


@transaction.atomic
def _forget(row: DataRequest, *, keep_key: bool, now: datetime) -> int:
    if keep_key and not row.contact_sealed and not row.details_sealed:
        return 0
    row.contact_sealed = row.details_sealed = row.contact_hint = row.contact_hash = ""
    row.subjects_sealed = row.subjects_sealed if keep_key else ""
    row.save()
    row.steps.exclude(others_sealed="").update(others_sealed="")
    row.redactions.update(text_sealed="")
    note(row=row, kind="forgotten", by=SYSTEM, now=now)
    audit.record(by=SYSTEM, action="request.contact_forgotten", target=row.public_id)
    return 1


def drop_old_requests(*, before: datetime) -> int:
    """Requests closed before that instant are gone with everything about them; how many."""
    dropped = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT consent_drop_requests_before(%s)", [before])
            number = int(cursor.fetchone()[0])
        dropped += number
        if number == 0:
            return dropped


def remove_ended_packages(*, now: datetime) -> int:
    """The files of packages whose link has ended are gone; how many."""
    ended = list(RequestPackage.objects.filter(removed_at__isnull=True, expires_at__lt=now).order_by("pk")[:BATCH])
    for package in ended:
        remove_package(package=package, now=now)
    return len(ended)

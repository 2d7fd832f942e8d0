"""Exporting the members of a segment: asking, approving, handing over, taking away."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F

from core import audit, jobs
from core.actors import Actor, ActorKind
from core.errors import Forbidden, Gone, InvalidInput, InvalidState
from core.models.jobs import OPEN_STATES
from customers.models import Customer, ExportForm, ExportState, MemberExport, Segment, SegmentState
from customers.selectors.answers import DIRECT_IDENTIFIERS
from customers.selectors.exports import being_written, chosen_fields, export_path, kept_files, named_in
from customers.selectors.recipients import check_recipient
from customers.selectors.segments import gates
from customers.services.erasing import Rows

KIND: Final = "export"
TASK: Final = "customers.tasks.write_export"
MOST_DOWNLOADS: Final = 5
LONGEST_REASON: Final = 300


@transaction.atomic
def request_export(
    *,
    segment: Segment,
    purpose: str,
    reason: str,
    fields: Collection[str],
    form: str,
    sees_pii: bool,
    alone: bool,
    recipient: str = "",
    by: Actor,
    now: datetime,
) -> MemberExport:
    """A job that writes the members for whom the purpose is allowed to a file, which is kept EXPORT_HOURS hours.

    More than EXPORT_ROWS_ALONE members wait for the approval of somebody else unless `alone`. For a `recipient`
    outside, confidential attributes and people whose data may not go there are left out. Refuses: one to whom nothing
    may go (409), an unknown purpose, field or form, a missing reason (400), identifiers without the right to personal
    data (403), a segment without members yet or archived (409).
    """
    chosen = _checked(purpose, reason, fields, form, sees_pii)
    check_recipient(recipient, now=now)
    if segment.state == SegmentState.ARCHIVED or segment.current is None:
        raise InvalidState("This segment has not been calculated yet, or is archived.")
    members = segment.current.members
    waits = not alone and members > settings.EXPORT_ROWS_ALONE
    export = MemberExport(public_id=MemberExport.new_public_id(), segment=segment, purpose=purpose, form=form)
    export.state = ExportState.WAITING if waits else ExportState.GRANTED
    export.fields, export.sees_pii, export.reason = list(chosen), sees_pii, reason.strip()
    export.recipient = recipient
    export.members, export.owner, export.created_at, export.updated_at = members, str(by), now, now
    export.save(force_insert=True)
    if not waits:
        _start(export, by, now)
    audit.record(
        by=by, action="export.requested", target=export.public_id, changes=_asked(export), reason=export.reason
    )
    return export


def _asked(export: MemberExport) -> dict[str, list[Any]]:
    asked = {"segment": ["", export.segment.public_id], "purpose": ["", export.purpose], "fields": [[], export.fields]}
    return asked | ({"recipient": ["", export.recipient]} if export.recipient else {})


def _checked(purpose: str, reason: str, fields: Collection[str], form: str, sees_pii: bool) -> tuple[str, ...]:
    known = dict(gates.purposes())
    if purpose not in known:
        raise InvalidInput(f"Unknown purpose; choose from {', '.join(known)}.", param="purpose")
    if form not in ExportForm.values:
        raise InvalidInput("Invalid 'format': choose csv or ndjson.", param="format")
    if not reason.strip():
        raise InvalidInput("Say what the export is for.", code="missing_field", param="reason")
    if len(reason.strip()) > LONGEST_REASON:
        raise InvalidInput(f"Invalid 'reason': at most {LONGEST_REASON} characters.", param="reason")
    chosen = chosen_fields(fields)
    if not sees_pii and (named := [name for name in chosen if name in DIRECT_IDENTIFIERS]):
        raise Forbidden(f"Exporting {', '.join(named)} needs the right to see personal data.", param="fields")
    return chosen


def owner_of(export: MemberExport, /) -> Actor:
    """Who asked for it."""
    kind, _, name = export.owner.partition(":")
    return Actor(kind=ActorKind(kind), id=name)


def _start(export: MemberExport, by: Actor, now: datetime) -> None:
    """`by` is who asked: the job is theirs."""
    export.job = jobs.start_job(
        kind=KIND,
        title=f"Export {export.segment.name}"[:200],
        task=TASK,
        parameters={"export": export.public_id},
        by=by,
        now=now,
    )
    export.save(update_fields=["job"])


@transaction.atomic
def decide_export(*, export: MemberExport, grant: bool, by: Actor, now: datetime) -> MemberExport:
    """The export is written for whoever asked for it, or refused; by somebody else than who asked."""
    export = MemberExport.objects.select_for_update(of=("self",)).select_related("segment").get(pk=export.pk)
    if export.state != ExportState.WAITING:
        raise InvalidState("This export does not wait for approval.")
    if export.owner == str(by):
        raise InvalidState("Somebody else has to approve an export than who asked for it.")
    export.state = ExportState.GRANTED if grant else ExportState.REFUSED
    export.decided_by, export.updated_at = str(by), now
    export.save(update_fields=["state", "decided_by", "updated_at"])
    if grant:
        _start(export, owner_of(export), now)
    audit.record(by=by, action="export.approved" if grant else "export.refused", target=export.public_id)
    return export


@transaction.atomic
def note_export_download(*, export: MemberExport, by: Actor, now: datetime) -> Path:
    """The path of the file, with one more download counted and in the audit trail.

    409 while it is not written; 410 `export_gone` once it was removed, its time is over, or it was fetched
    MOST_DOWNLOADS times.
    """
    row = MemberExport.objects.select_for_update(of=("self",)).get(pk=export.pk)
    if row.built_at is None:
        raise InvalidState("This export is not written yet.")
    over = row.removed_at or (row.expires_at and row.expires_at <= now) or row.downloads >= MOST_DOWNLOADS
    if over or not export_path(row).exists():
        raise Gone("This file is no longer kept; ask for a new export.", code="export_gone")
    row.downloads += 1
    row.save(update_fields=["downloads"])
    counted = {"downloads": [row.downloads - 1, row.downloads]}
    audit.record(by=by, action="export.downloaded", target=row.public_id, changes=counted, reason=row.reason)
    return export_path(row)


def remove_exports(*, now: datetime) -> int:
    """Files whose time is over, or that were fetched as often as they may, are gone; how many."""
    over = kept_files().filter(expires_at__lte=now) | kept_files().filter(downloads__gte=MOST_DOWNLOADS)
    exports = list(over[:1_000])
    _remove(exports, now)
    return len(exports)


def _remove(exports: Sequence[MemberExport], now: datetime) -> None:
    paths = [export_path(export) for export in exports]
    MemberExport.objects.filter(pk__in=[export.pk for export in exports]).update(removed_at=now)
    for path in paths:
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def forget_exports(*, before: datetime) -> int:
    """Exports that were asked for before this instant and whose file is gone are no longer listed; how many."""
    old = MemberExport.objects.filter(created_at__lt=before).exclude(job__state__in=OPEN_STATES)
    return old.exclude(built_at__isnull=False, removed_at__isnull=True).delete()[0]


@transaction.atomic
def erase_exports(*, customer_ids: Sequence[int], now: datetime) -> Rows:
    """No kept file names one of these customers; files being written begin anew, without them. How many of each."""
    names = dict(Customer.objects.filter(pk__in=customer_ids).values_list("public_id", "pk"))
    held = {export: named for export in kept_files() if (named := named_in(export=export, public_ids=names))}
    _remove(list(held), now)
    begun = MemberExport.objects.filter(pk__in=list(being_written().values_list("pk", flat=True)))
    begun.update(epoch=F("epoch") + 1)
    return Rows(names[name] for named in held.values() for name in named)

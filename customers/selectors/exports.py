"""Questions about exports: who is left out for a purpose, what a line looks like, where files lie."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet

from core.errors import InvalidInput, NotFound
from core.models.jobs import OPEN_STATES
from customers.models import Customer, ExportForm, ExportState, MemberExport, SegmentMember
from customers.selectors import direct
from customers.selectors.answers import FIELDS, Row, Shape, answers, encode, raw_rows
from customers.selectors.imports import harmless
from customers.selectors.segments import gates

SINCE: Final = "entered_at"
_WORD: Final = re.compile(rb"\w+")
EXPORT_FIELDS: Final = (*FIELDS, SINCE)
"""What may be exported of each member: the fields of a customer, and since when she is in the segment."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some members of a segment: those for whom the purpose is allowed, and why the others are left out."""

    last: int
    read: int
    rows: Sequence[Row]
    since: Mapping[int, datetime]
    left_out: Collection[str]


def list_exports(*, owner: str = "") -> QuerySet[MemberExport]:
    """Every export, or those that this actor asked for, newest first."""
    rows = MemberExport.objects.select_related("segment", "job").order_by("-created_at", "-id")
    return rows.filter(owner=owner) if owner else rows


def find_export(*, public_id: str, owner: str = "") -> MemberExport:
    """The export, of this actor when one is named; NotFound otherwise."""
    export = list_exports(owner=owner).filter(public_id=public_id).first()
    if export is None:
        raise NotFound("There is no export with this id.")
    return export


def chosen_fields(fields: Iterable[str]) -> tuple[str, ...]:
    """These fields in their order, `id` always; InvalidInput for an unknown one."""
    wanted = set(fields)
    if unknown := sorted(wanted - set(EXPORT_FIELDS)):
        raise InvalidInput(
            f"Unknown field '{unknown[0][:60]}'; choose from {', '.join(EXPORT_FIELDS)}.", param="fields"
        )
    return tuple(name for name in EXPORT_FIELDS if name in wanted or name == "id")


def export_path(export: MemberExport) -> Path:
    """Where the file lies, while it is kept."""
    return Path(settings.EXPORT_DIR) / f"{export.public_id}.{export.form}"


def standing(export: MemberExport, now: datetime) -> str:
    """One word for where an export is: waiting, refused, ready, gone, or the state of its job."""
    if export.state != ExportState.GRANTED:
        return export.state
    if export.removed_at or (export.expires_at and export.expires_at <= now):
        return "gone"
    if export.built_at:
        return "ready"
    return export.job.state if export.job else "failed"


def member_part(*, version: int, after: int, limit: int, purpose: str, now: datetime) -> Page:
    """The next members behind the customer `after`, parted by whether the purpose is allowed for them now.

    Whoever was deleted or absorbed is counted as `gone`.
    """
    members = SegmentMember.objects.filter(version_id=version, customer_id__gt=after).order_by("customer_id")
    since = dict(members.values_list("customer_id", "entered_at")[:limit])
    against = _against(list(since), purpose, now)
    people = raw_rows(Customer.objects.alive().filter(pk__in=[pk for pk in since if against.get(pk) is None]))
    rows = sorted(people, key=lambda row: row.id)
    there = {row.id for row in rows}
    left_out = [against.get(pk) or "gone" for pk in since if pk not in there]
    return Page(max(since, default=after), len(since), rows, since, left_out)


def _against(ids: Sequence[int], purpose: str, now: datetime) -> dict[int, str]:
    """By customer the code of the reason against the purpose."""
    placeholder, parameters = gates.now_parameter(now)
    columns = "".join(f", {column}" for column in gates.signature_columns(placeholder))
    sql = f"SELECT c.id{columns} FROM customers_customer c WHERE c.id = ANY(%(ids)s::bigint[])"  # noqa: S608
    found = direct.run(statement=sql, parameters={"ids": list(ids)} | parameters)
    said = {pk: gates.against(signature, purpose) for pk, *signature in found}
    return {pk: reason.code for pk, reason in said.items() if reason}


def lines_of(*, page: Page, fields: Sequence[str], shape: Shape, form: str) -> bytes:
    """The people of a page as lines of the file."""
    made = answers(page.rows, shape)
    if SINCE in fields:
        for row, answer in zip(page.rows, made, strict=True):
            answer[SINCE] = page.since[row.id]
    if form == ExportForm.NDJSON:
        return b"".join(encode(answer) + b"\n" for answer in made)
    return _sheet([_cell(answer.get(name)) for name in fields] for answer in made)


def head_of(*, fields: Sequence[str], form: str) -> bytes:
    """What stands before the first line: the names of the columns, in a CSV."""
    return b"" if form == ExportForm.NDJSON else _sheet([list(fields)])


def _sheet(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(harmless(row) for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else encode(value).decode().strip('"')


def kept_files() -> QuerySet[MemberExport]:
    """Exports whose file is there."""
    return MemberExport.objects.filter(built_at__isnull=False, removed_at__isnull=True).order_by("id")


def being_written() -> QuerySet[MemberExport]:
    """Exports whose job has not ended."""
    return MemberExport.objects.filter(built_at__isnull=True, job__state__in=OPEN_STATES).order_by("id")


def exports_naming(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Kept files with a line about one of these customers: what for, since when."""
    names = list(Customer.objects.filter(pk__in=customer_ids).values_list("public_id", flat=True))
    for export in kept_files().select_related("segment"):
        if named_in(export=export, public_ids=names):
            yield {"export": export.public_id, "segment": export.segment.name, "purpose": export.purpose}


def named_in(*, export: MemberExport, public_ids: Collection[str]) -> set[str]:
    """Those of these customers about whom the file has a line; every line holds its public id."""
    path, wanted = export_path(export), {public_id.encode() for public_id in public_ids}
    if not path.exists():
        return set()
    with path.open("rb") as content:
        return {word.decode() for line in content for word in _WORD.findall(line) if word in wanted}

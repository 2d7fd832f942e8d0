"""Data quality: the customers that an audit looks at, what audits found, and who is behind a finding."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from core.errors import InvalidInput, NotFound
from core.models import Job
from customers.models import (
    AttributeType,
    Customer,
    CustomerQuerySet,
    PairState,
    QualityAudit,
    QualityExample,
    QualityFinding,
)
from customers.rules.governance import ATTRIBUTE, Policy
from customers.rules.quality import Check, Profile
from customers.selectors.criteria import Choice, Criterion
from customers.selectors.duplicates import list_pairs
from customers.selectors.governance import Entry, list_fields

KIND: Final = "quality.audit"
CHUNK: Final = 2_000
LATEST: Final = "latest"
_COLUMNS: Final = (
    "external_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "country",
    "region",
    "language",
    "time_zone",
    "birth_date",
)
_TIMES: Final = ("updated_at", "last_seen_at", "last_order_at")
_EXAMPLES: Final = """
SELECT f.id, c.public_id FROM unnest(%s::bigint[]) AS f(id)
CROSS JOIN LATERAL (
    SELECT e.customer_id FROM customers_qualityexample AS e WHERE e.finding_id = f.id ORDER BY e.customer_id LIMIT %s
) AS behind
JOIN customers_customer AS c ON c.id = behind.customer_id ORDER BY f.id, c.id
"""
_FREE: Final = frozenset({AttributeType.TEXT, AttributeType.LIST})


def measured() -> tuple[list[Policy], set[str]]:
    """The rules of the fields that an audit looks at, and those whose values may be anything; two queries."""
    entries = [entry for entry in list_fields() if _is_measured(entry)]
    return [entry.policy for entry in entries], {entry.name for entry in entries if _is_free(entry)}


def _is_measured(entry: Entry) -> bool:
    return not entry.archived and (entry.name in _COLUMNS or entry.name.startswith(ATTRIBUTE))


def _is_free(entry: Entry) -> bool:
    return entry.name.startswith(ATTRIBUTE) and entry.type in _FREE and not entry.options


def next_profiles(after: int) -> list[Profile]:
    """The next CHUNK people we know behind this row id, in the order of ids."""
    rows = Customer.objects.known().filter(pk__gt=after).order_by("pk")
    return [_profile(row) for row in rows.values("pk", "attributes", *_COLUMNS, *_TIMES)[:CHUNK]]


def _profile(row: dict[str, Any]) -> Profile:
    values = {name: row[name] for name in _COLUMNS}
    values |= {f"{ATTRIBUTE}{key}": value for key, value in row["attributes"].items()}
    return Profile(row["pk"], values, max(row[name] for name in _TIMES if row[name]))


def count_known() -> int:
    """How many people an audit looks at."""
    return Customer.objects.known().count()


def count_duplicates() -> int:
    """Pairs of living profiles that wait to be reviewed."""
    return list_pairs().filter(state=PairState.OPEN).order_by().count()


def list_audits() -> QuerySet[QualityAudit]:
    """Every audit that is kept, the newest first."""
    return QualityAudit.objects.order_by("-finished_at", "-id")


def latest_audit() -> QualityAudit | None:
    """The newest audit, or None."""
    return list_audits().first()


def find_audit(public_id: str) -> QualityAudit:
    """The audit `qua_...`, or the newest for `latest`; NotFound otherwise."""
    audit = latest_audit() if public_id == LATEST else QualityAudit.objects.filter(public_id=public_id).first()
    if audit is None:
        raise NotFound("There is no audit with this id.")
    return audit


def findings_of(audit: QualityAudit) -> QuerySet[QualityFinding]:
    """What an audit found, gravest share first."""
    return QualityFinding.objects.filter(audit=audit).order_by("rank")


def examples_of(findings: Sequence[QualityFinding], *, most: int) -> dict[int, list[str]]:
    """Public ids of the first `most` customers behind each finding, by the finding's row id; one query."""
    found: dict[int, list[str]] = {finding.pk: [] for finding in findings}
    with connection.cursor() as cursor:
        cursor.execute(_EXAMPLES, [list(found), most])
        for finding, public_id in cursor.fetchall():
            found[finding].append(public_id)
    return found


def last_job() -> Job | None:
    """The newest audit at work or done, as a job."""
    return Job.objects.filter(kind=KIND).order_by("-created_at", "-id").first()


def title_of(finding: QualityFinding) -> str:
    """A finding in a phrase: `Country: No value`."""
    field = finding.field.removeprefix(ATTRIBUTE).replace("_", " ").capitalize()
    said = str(Check(finding.check_name).label)
    return f"{field}: {said}" if field else said


def _choices() -> Sequence[Choice]:
    audit = latest_audit()
    if audit is None:
        return []
    shown = findings_of(audit).exclude(check_name=Check.DUPLICATE)[:50]
    return [(finding.public_id, title_of(finding)) for finding in shown]


def _narrow(customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
    finding = QualityFinding.objects.filter(public_id=value).values_list("pk", flat=True).first()
    if finding is None:
        raise InvalidInput("Invalid 'quality': there is no finding with this id.", param="quality")
    return customers.filter(Exists(QualityExample.objects.filter(finding_id=finding, customer=OuterRef("pk"))))


QUALITY: Final = Criterion(name="quality", label="Data quality", choices=_choices, narrow=_narrow)
"""The customer list narrowed to the customers whom the newest audit names for a finding."""

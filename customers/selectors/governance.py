"""The data dictionary as it stands: profile fields and attributes, each with what was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import NotFound
from customers.models import AttributeDefinition, ConflictRule, FieldPolicy
from customers.rules.fields import PROFILE_FIELDS, ProfileField
from customers.rules.governance import ATTRIBUTE, Policy, default_policy
from customers.selectors.attributes import list_definitions


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of the dictionary; `governed` ones are written by people and systems, so that these can disagree."""

    name: str
    label: str
    type: str
    meaning: str
    pii_class: str
    purpose: str
    origin: str
    owner: str
    governed: bool
    policy: Policy
    decided_at: datetime | None = None
    options: tuple[str, ...] = ()
    unit: str = ""
    archived: bool = False

    @property
    def id(self) -> str:
        """What lists and addresses call it."""
        return self.name


def list_fields() -> list[Entry]:
    """Every field: those of the profile in reading order, then the attributes by key; two queries."""
    rows = {row.field: row for row in FieldPolicy.objects.all()}
    known = [_of_profile(field, rows) for field in PROFILE_FIELDS]
    return known + [_of_attribute(row, rows) for row in list_definitions(include_archived=True)]


def find_field(name: str) -> Entry:
    """The field of this name, attributes as `attributes.<key>`; NotFound otherwise."""
    entry = next((entry for entry in list_fields() if entry.name == name), None)
    if entry is None:
        raise NotFound("There is no field of this name.")
    return entry


def conflict_policies() -> tuple[dict[str, Policy], dict[str, datetime]]:
    """The fields for which not simply the newest value stands, and since when those rank systems that do; one query."""
    rows = list(FieldPolicy.objects.exclude(conflict=ConflictRule.NEWEST).order_by("field"))
    return {row.field: policy_of(row) for row in rows}, {
        row.field: row.ranked_since for row in rows if row.ranked_since
    }


def policy_of(row: FieldPolicy) -> Policy:
    """A stored decision as the rules read it."""
    return Policy(
        field=row.field,
        conflict=row.conflict,
        sources=tuple(row.sources),
        required=row.required,
        format=row.format,
        allowed=tuple(row.allowed),
    )


def _of_profile(field: ProfileField, rows: Mapping[str, FieldPolicy]) -> Entry:
    row = rows.get(field.name)
    return Entry(
        name=field.name,
        label=field.name.replace("_", " ").capitalize(),
        type=field.type,
        meaning=field.meaning,
        pii_class=field.pii_class,
        purpose=field.purpose,
        origin=field.origin,
        owner=row.owner if row else "",
        governed=field.editable and field.name != "attributes",
        **_decided(field.name, row),
    )


def _of_attribute(definition: AttributeDefinition, rows: Mapping[str, FieldPolicy]) -> Entry:
    name = f"{ATTRIBUTE}{definition.key}"
    return Entry(
        name=name,
        label=definition.name,
        type=definition.type,
        meaning=definition.description,
        pii_class=definition.pii_class,
        purpose=definition.purpose,
        origin="the person, a form, an import or an API client",
        owner=definition.owner,
        governed=True,
        options=tuple(definition.options),
        unit=definition.unit,
        archived=definition.archived_at is not None,
        **_decided(name, rows.get(name)),
    )


def _decided(name: str, row: FieldPolicy | None) -> dict[str, Any]:
    return {"policy": policy_of(row) if row else default_policy(name), "decided_at": row.updated_at if row else None}

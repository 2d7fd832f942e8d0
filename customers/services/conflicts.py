"""When systems disagree about a field: the rule that people chose for it, applied where profiles are written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.actors import Actor
from core.errors import DomainError, Problem
from customers.models import Customer, FieldOrigin
from customers.rules.governance import ATTRIBUTE, may_replace, source_of
from customers.rules.sealed import is_same
from customers.selectors.governance import conflict_policies
from customers.services import drafts
from customers.services.drafts import BLANK, Draft


class Conflicts:
    """The conflict rules in force, for a batch of locked customers: one query, two where systems are ranked."""

    def __init__(self, *, customer_ids: Sequence[int], by: Actor, imported: bool) -> None:
        self._source = source_of(str(by), imported=imported)
        self._policies, self._ranked = conflict_policies()
        self._ids = customer_ids
        self._origins: dict[tuple[int, str], str] | None = None
        self._new: dict[tuple[int, str], str] = {}

    def apply(self, *, draft: Draft, row: Customer) -> list[str]:
        """The draft's values stand on the row, except where the rule keeps what is there; names of what changed.

        What gives way is left out of the draft and named in its `kept`, or refuses a `firm` one as `outranked`.
        """
        source = self._source if draft.source is None else draft.source
        lost = [name for name, value in self._contested(draft) if self._is_kept(name, value, row, source)]
        if lost and draft.firm:
            draft.refuse(outranked(fields=lost))
            return []
        for name in lost:
            _leave_out(draft, name)
        draft.kept += lost
        changed = drafts.apply(draft=draft, row=row)
        self._new |= {(row.pk, name): source for name in changed if name in self._ranked}
        return changed

    def remember(self, *, now: datetime) -> None:
        """Which system wrote what stands by now, for the fields whose rule ranks systems; one statement."""
        FieldOrigin.objects.bulk_create(
            [
                FieldOrigin(customer_id=pk, field=name, source=source, at=now)
                for (pk, name), source in sorted(self._new.items())
            ],
            batch_size=2_000,
            update_conflicts=True,
            unique_fields=["customer_id", "field"],
            update_fields=["source", "at"],
        )

    def _contested(self, draft: Draft) -> list[tuple[str, Any]]:
        """(name, value) of the fields in the draft about which there is a rule."""
        if not self._policies:
            return []
        values = (BLANK | draft.values) if draft.replace else draft.values
        offered = {name: value for name, value in values.items() if name != "attributes"}
        patch = values.get("attributes", {})
        left_out = {name: None for name in self._policies if name.startswith(ATTRIBUTE)} if draft.replace else {}
        offered |= left_out | {f"{ATTRIBUTE}{key}": value for key, value in patch.items()}
        return [(name, value) for name, value in offered.items() if name in self._policies]

    def _is_kept(self, name: str, value: Any, row: Customer, source: str) -> bool:
        stored = _stored(name, row)
        if stored in (None, "", []) or is_same(stored, value):
            return False
        held_by = self._held_by(row.pk, name) if name in self._ranked else ""
        return not may_replace(self._policies[name], held_by=held_by, source=source)

    def _held_by(self, pk: int, name: str) -> str:
        if (pk, name) in self._new:
            return self._new[pk, name]
        if self._origins is None:
            self._origins = _origins(self._ids, self._ranked)
        return self._origins.get((pk, name), "")


def outranked(*, fields: Sequence[str]) -> DomainError:
    """422: the rule of these fields keeps what another system wrote."""
    message = "The rule of this field keeps the value of another source; see the data dictionary."
    return DomainError(
        f"Invalid '{fields[0]}': the rule of this field keeps the value of another source.",
        code="outranked",
        param=fields[0],
        details=[Problem(name, "outranked", message) for name in fields],
    )


def _origins(ids: Sequence[int], ranked: Mapping[str, datetime]) -> dict[tuple[int, str], str]:
    rows = FieldOrigin.objects.filter(customer_id__in=ids, field__in=ranked)
    return {(row.customer_id, row.field): row.source for row in rows if row.at >= ranked[row.field]}


def _stored(name: str, row: Customer) -> Any:
    return row.attributes.get(name.removeprefix(ATTRIBUTE)) if name.startswith(ATTRIBUTE) else getattr(row, name)


def _leave_out(draft: Draft, name: str) -> None:
    """The draft says nothing about the field; one that replaces all is firm, and does not come here."""
    values = dict(draft.values)
    if name.startswith(ATTRIBUTE):
        values["attributes"] = {
            key: value for key, value in values["attributes"].items() if key != name.removeprefix(ATTRIBUTE)
        }
    else:
        del values[name]
    draft.values = values

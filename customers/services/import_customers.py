"""Storing the rows of a customer file, chunk by chunk."""

from collections.abc import Mapping as Values
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.actors import Actor
from core.errors import Conflict, DomainError
from customers.models import Customer, IdentityKind, TagOrigin
from customers.rules.drafts import CustomerDraft
from customers.rules.mapping import CONSENT, CONSENT_PREFIX, Mapping
from customers.rules.sealed import must_be_sealed, seal_sensitive
from customers.selectors.attributes import attribute_rules
from customers.services import claims, guards, rehearsal
from customers.services.drafts import BLANK, OWN_KINDS, Draft, Mode, Outcome, nameless
from customers.services.guards import Fate, Stated
from customers.services.identities import link_identity
from customers.services.import_changes import Change, remember_changes
from customers.services.import_figures import Figures, Refusal
from customers.services.tags import put_tags
from customers.services.upserts import write_drafts


class CustomerChunks:
    """Writes parsed rows as customers; what it could not store goes to the figures as refusals.

    `remarks` names the rows that were stored without the consent they state, and why.
    """

    def __init__(self, *, mapping: Mapping, basis: Values[str, Any], imported: str, by: Actor, rehearsed: bool) -> None:
        self._mapping, self._basis, self._imported, self._by = mapping, basis, imported, by
        self._rehearsed = rehearsed
        self.remarks: list[Refusal] = []
        self._to_seal = must_be_sealed(attribute_rules())

    def write(self, parsed: Sequence[CustomerDraft], figures: Figures, now: datetime) -> list[Refusal]:
        """The rows are stored in a fixed number of statements; the refusals among them."""
        batch = [self._draft(row) for row in parsed]
        if self._rehearsed:
            rehearsal.bring_customers(identifiers={i for draft in batch for i in draft.identifiers})
        write_drafts(batch=batch, by=self._by, now=now, imported=self._imported, rehearsed=self._rehearsed)
        stored = [(row, draft) for row, draft in zip(parsed, batch, strict=True) if draft.refusal is None]
        self._put_tags(stored, now)
        self._record_consent(stored, figures, now)
        if not self._rehearsed:
            self._link_visitors(stored, figures, now)
        for row, draft in zip(parsed, batch, strict=True):
            figures.count(draft.outcome)
            for note in row.notes:
                figures.note(note.code)
            for _ in draft.kept:
                figures.note("kept_by_rule")
        return [
            Refusal.of(row.number, draft.refusal) for row, draft in zip(parsed, batch, strict=True) if draft.refusal
        ]

    def _draft(self, row: CustomerDraft) -> Draft:
        own = {kind.value: row.identities[kind] for kind in OWN_KINDS if kind in row.identities}
        values = own | {name: value for name, value in row.fields.items() if name in BLANK}
        if row.attributes:
            values["attributes"] = seal_sensitive(row.attributes, self._to_seal)
        draft = Draft(
            mode=Mode.UPSERT if self._mapping.update else Mode.KEEP,
            values=values,
            key=next(iter(own.items()), None),
            created_at=row.fields.get("created_at"),
        )
        if draft.key is None:
            draft.refuse(nameless())
        return draft

    def _put_tags(self, stored: Sequence[tuple[CustomerDraft, Draft]], now: datetime) -> None:
        pairs = [
            (draft.customer_id, tag)
            for row, draft in stored
            for tag in row.tags or ()
            if self._mapping.update or draft.outcome == Outcome.CREATED
        ]
        if pairs:
            put = put_tags(pairs=pairs, origin=TagOrigin.IMPORT, by=self._by, now=now, audited=False)
            changes = [Change(pk, tags=list(change.added)) for pk, change in put.items() if change.added]
            if not self._rehearsed:
                remember_changes(imported=self._imported, changes=changes)

    def _record_consent(self, stored: Sequence[tuple[CustomerDraft, Draft]], figures: Figures, now: datetime) -> None:
        """What the rows state; the figures note what came of it, and `remarks` which rows' consent was refused."""
        said = [(row, statement) for row, draft in stored for statement in self._stated(row, draft)]
        if self._rehearsed:
            for _ in said:
                figures.note("consent_stated")
            return
        if not said:
            return
        basis = {**self._basis, "actor": str(self._by), "import": self._imported}
        results = guards.import_consent(stated=[statement for _, statement in said], basis=basis, now=now)
        for (row, statement), result in zip(said, results, strict=True):
            code = result.code if isinstance(result, DomainError) else result.value
            figures.note(f"consent_{code}")
            if isinstance(result, DomainError):
                self._remark(row, statement, code, f"its consent was not. {result.message}")
            elif result is Fate.SUPERSEDED:
                self._remark(row, statement, code, "its consent changes nothing: the person has decided since then.")

    def _stated(self, row: CustomerDraft, draft: Draft) -> list[Stated]:
        """One statement a purpose; a column about one purpose goes before the column about all that were named."""
        for_all = {purpose: row.consents[""] for purpose in self._basis.get("purposes", ()) if "" in row.consents}
        each = for_all | {purpose: yes for purpose, yes in row.consents.items() if purpose}
        return [Stated(draft.customer_id, purpose, yes) for purpose, yes in sorted(each.items())]

    def _remark(self, row: CustomerDraft, statement: Stated, code: str, says: str) -> None:
        columns = self._mapping.consent_columns()
        column = columns.get(CONSENT_PREFIX + statement.purpose) or columns.get(CONSENT, "")
        self.remarks.append(Refusal(row.number, f"consent_{code}", f"The row was stored, {says}", column))

    def _link_visitors(self, stored: Sequence[tuple[CustomerDraft, Draft]], figures: Figures, now: datetime) -> None:
        """Anonymous ids of the rows: free ones in one statement, those of visitors one by one."""
        kind = IdentityKind.ANONYMOUS_ID.value
        wanted = {(kind, row.identities[kind]): draft for row, draft in stored if kind in row.identities}
        owners = claims.owners_of(identifiers=list(wanted))
        free = [(identifier, draft.customer_id) for identifier, draft in wanted.items() if identifier not in owners]
        claims.claim(claims=free, source=self._imported, now=now)
        for identifier, draft in wanted.items():
            if owners.get(identifier, draft.customer_id) != draft.customer_id:
                customer = Customer.objects.get(pk=draft.customer_id)
                try:
                    link_identity(customer=customer, kind=kind, value=identifier[1], by=self._by, now=now)
                except Conflict:
                    figures.note("anonymous_id_taken")

"""Writing any number of customers in a fixed number of statements; every door that writes profiles ends here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from core import audit, outbox
from core.actors import Actor
from core.errors import Conflict, DomainError
from customers.models import Customer, Status
from customers.services import claims, conflicts, drafts, guards
from customers.services.claims import Raced
from customers.services.drafts import BLANK, OWN_KINDS, Draft, Mode, Outcome
from customers.services.guards import Identifier
from customers.services.import_changes import Change, change_of, profile_of, remember_changes
from customers.services.rows import insert_rows, update_rows

_ATTEMPTS: Final = 10


@dataclass(slots=True, eq=False)
class _Target:
    """One customer of the batch and the drafts that concern it, in order."""

    pk: int = 0
    row: Customer | None = None
    drafts: list[Draft] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    announced: bool = False
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def place_changed(self) -> bool:
        return not self.changed.keys().isdisjoint(("country", "region", "birth_date"))


def write_drafts(
    *,
    batch: Sequence[Draft],
    by: Actor,
    now: datetime,
    atomic: bool = False,
    imported: str = "",
    rehearsed: bool = False,
) -> None:
    """Every draft is stored or carries its refusal; drafts that mean the same customer apply in their order.

    Audit entries, outbox messages and the projections of upper floors stand in the same transaction. With `atomic`
    one refusal leaves nothing stored. `imported` names the file that the batch comes from: it stands in `created_via`,
    and audit has one entry for the file instead of one for each customer. `rehearsed` leaves upper floors out.
    Concurrent writers of the same identifiers queue up behind each other.
    """
    if atomic and any(draft.outcome == Outcome.REFUSED for draft in batch):
        return
    open_drafts = [draft for draft in batch if draft.outcome != Outcome.REFUSED]
    for _ in range(_ATTEMPTS):
        for draft in open_drafts:
            draft.outcome, draft.refusal = Outcome.UNCHANGED, None
        try:
            with transaction.atomic():
                _Batch(open_drafts, by, now, imported, rehearsed).write()
                if atomic and any(draft.outcome == Outcome.REFUSED for draft in open_drafts):
                    transaction.set_rollback(True)
        except Raced:
            continue
        return
    raise Conflict("These customers are being changed by many at once; try again.", headers={"Retry-After": "1"})


class _Batch:
    """One attempt: look up, resolve in memory, claim identifiers, lock rows, apply, write."""

    def __init__(self, batch: list[Draft], by: Actor, now: datetime, imported: str, rehearsed: bool) -> None:
        self.drafts, self.by, self.now = batch, by, now
        self.imported, self.rehearsed = imported, rehearsed
        self.via = imported or str(by)
        self.owners: dict[Identifier, _Target] = {}
        self.targets: list[_Target] = []
        self.fresh: dict[Identifier, _Target] = {}
        self.released: list[tuple[Identifier, int]] = []

    def write(self) -> None:
        self._look_up()
        for draft in self.drafts:
            self._resolve(draft)
        self._claim()
        self._lock()
        ids = [target.pk for target in self.targets]
        self.conflicts = conflicts.Conflicts(customer_ids=ids, by=self.by, imported=bool(self.imported))
        for target in self.targets:
            self._apply(target)
        self._store()

    def _look_up(self) -> None:
        identifiers = {identifier for draft in self.drafts for identifier in draft.identifiers}
        keys = {draft.key for draft in self.drafts if draft.key and draft.key[0] != "id"}
        public_ids = [draft.key[1] for draft in self.drafts if draft.key and draft.key[0] == "id"]
        self.found = claims.owners_of(identifiers=identifiers | keys)
        rows = Customer.objects.alive().filter(public_id__in=public_ids) if public_ids else Customer.objects.none()
        named = {("id", public_id): pk for public_id, pk in rows.values_list("public_id", "id")}
        by_pk = {pk: _Target(pk=pk) for pk in (*self.found.values(), *named.values())}
        self.owners = {key: by_pk[pk] for key, pk in (self.found | named).items()}
        self.suppressed = guards.suppressed_among(identifiers=identifiers - self.found.keys())

    def _resolve(self, draft: Draft) -> None:
        """Find the draft's customer, or make one, and note what it claims; or refuse it."""
        target = self.owners.get(draft.key) if draft.key else None
        refusal = self._refusal(draft, target)
        if refusal:
            return draft.refuse(refusal)
        kept = draft.mode == Mode.KEEP and target is not None
        target = target or _Target()
        for identifier in draft.identifiers:
            if identifier not in self.owners and not kept:
                self.owners[identifier] = self.fresh[identifier] = target
        if not target.drafts:
            self.targets.append(target)
        target.drafts.append(draft)
        return None

    def _refusal(self, draft: Draft, target: _Target | None) -> DomainError | None:
        born = draft.values.get("birth_date")
        if born and born > self.now.date() + timedelta(days=1):
            return drafts.unborn()
        for identifier in draft.identifiers:
            owner = self.owners.get(identifier)
            if identifier in self.suppressed:
                return drafts.suppressed(kind=identifier[0])
            if owner is not None and (owner is not target or draft.mode == Mode.CREATE):
                return drafts.duplicate(kind=identifier[0])
        if target is None and draft.key and draft.key not in draft.identifiers:
            return drafts.unknown_customer()
        if target is None and not draft.identifiers:
            return drafts.nameless()
        return None

    def _claim(self) -> None:
        new = [target for target in self.targets if not target.pk]
        for target, pk in zip(new, claims.new_customer_ids(count=len(new)) if new else [], strict=True):
            target.pk = pk
            target.row = self._blank_row(pk)
        pairs = [(identifier, target.pk) for identifier, target in self.fresh.items()]
        claims.claim(claims=pairs, source=self.via, now=self.now)

    def _blank_row(self, pk: int) -> Customer:
        return Customer(
            pk=pk,
            public_id=Customer.new_public_id(),
            created_at=self.now,
            updated_at=self.now,
            created_via=self.via,
            **(BLANK | {"attributes": {}}),
        )

    def _lock(self) -> None:
        """Lock the rows that exist, oldest id first, and make sure that nothing changed hands meanwhile."""
        old = {target.pk: target for target in self.targets if target.row is None}
        if not old:
            return
        rows = Customer.objects.filter(pk__in=old).select_for_update().order_by("pk")
        for row in rows:
            if row.status == Status.DELETED or row.merged_into_id:
                raise Raced
            old[row.pk].row = row
        used = {key: pk for key, pk in self.found.items() if pk in old}
        if len(rows) != len(old) or claims.owners_of(identifiers=list(used)) != used:
            raise Raced

    def _apply(self, target: _Target) -> None:
        row = target.row
        if row is None:
            raise Raced
        new = row._state.adding
        target.announced = row.is_known and not new
        before = {kind: getattr(row, kind) for kind in OWN_KINDS}
        target.before = profile_of(row=row) if self.imported else {}
        for draft in target.drafts:
            if draft.expected_xid is not None and draft.expected_xid != row.xid:
                draft.refuse(drafts.changed_meanwhile())
                continue
            if new and draft.created_at:
                row.created_at = min(draft.created_at, self.now)
            _keep_first_identifier(draft, row)
            kept = draft.mode == Mode.KEEP and not (new and draft is target.drafts[0])
            self._take_on(target, draft, row, kept)
        if new:
            target.drafts[0].outcome = Outcome.CREATED
        for kind, old_value in before.items():
            if old_value and old_value != getattr(row, kind):
                self.released.append(((kind.value, old_value), row.pk))
        row.is_known = row.is_known or any(getattr(row, kind) for kind in OWN_KINDS)

    def _take_on(self, target: _Target, draft: Draft, row: Customer, kept: bool) -> None:
        changed = [] if kept else self.conflicts.apply(draft=draft, row=row)
        if draft.refusal is None:
            target.changed |= dict.fromkeys(changed)
            draft.outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
            draft.customer_id, draft.public_id = row.pk, row.public_id

    def _store(self) -> None:
        new = [target for target in self.targets if target.row and target.row._state.adding]
        changed = [target for target in self.targets if target.row and not target.row._state.adding and target.changed]
        insert_rows(rows=[target.row for target in new if target.row])
        update_rows(rows=[target.row for target in changed if target.row], now=self.now)
        claims.release(claims=self.released)
        moved = [target.pk for target in new] + [target.pk for target in changed if target.place_changed]
        if not self.rehearsed:
            guards.project_places(customer_ids=moved, now=self.now)
            self._remember(new, changed)
            self.conflicts.remember(now=self.now)
        self._tell(new, changed)

    def _remember(self, new: list[_Target], changed: list[_Target]) -> None:
        """An import can be undone: what it did to each customer is kept for that."""
        if self.imported:
            made = [Change(target.pk, created=True) for target in new]
            moved = [change_of(row=target.row, before=target.before) for target in changed if target.row]
            remember_changes(imported=self.imported, changes=made + moved)

    def _tell(self, new: list[_Target], changed: list[_Target]) -> None:
        facts, deeds = [], []
        for target in (*new, *changed):
            topic = "customer.updated" if target.announced else "customer.created"
            names = sorted(target.changed)
            subject = target.row.public_id if target.row else ""
            facts.append(outbox.Fact(topic=topic, subject=subject, payload={"changed": names}))
            deeds.append(audit.Deed(action=topic, target=subject, changes={name: [] for name in names}))
        outbox.publish_many(facts)
        if not self.imported:
            audit.record_many(by=self.by, deeds=deeds)


def _keep_first_identifier(draft: Draft, row: Customer) -> None:
    """A further identifier that named the customer does not push out the one that stands on the profile."""
    kind, value = draft.key or ("", "")
    stored = getattr(row, kind) if kind in OWN_KINDS else None
    if stored and stored != value and draft.values.get(kind) == value:
        draft.values[kind] = stored

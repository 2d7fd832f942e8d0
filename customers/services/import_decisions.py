"""Decisions about consent from a file, chunk by chunk: handed to the floor that keeps the ledger."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core.actors import Actor
from customers.models import ImportFile
from customers.rules.drafts import DecisionDraft
from customers.services import guards
from customers.services.guards import Fate, Refused
from customers.services.import_figures import Figures, Refusal


class DecisionChunks:
    """Records what parsed rows say that people decided; a rehearsal takes each chunk back."""

    def __init__(self, *, file: ImportFile, by: Actor) -> None:
        self._basis = {**file.consent_basis, "actor": str(by), "import": file.public_id}
        self._rehearsed = file.dry_run
        self.remarks: list[Refusal] = []

    def write(self, parsed: Sequence[DecisionDraft], figures: Figures, now: datetime) -> list[Refusal]:
        """The rows are in the ledger, or the refusals among them say why not.

        `created` counts what is new there, `unchanged` what stood there or changes nothing, since people decided
        since.
        """
        with transaction.atomic():
            found = guards.import_decisions(rows=parsed, basis=self._basis, now=now)
            transaction.set_rollback(self._rehearsed)
        for one in found:
            self._count(one, figures)
        pairs = zip(parsed, found, strict=True)
        return [Refusal(row.number, one.code, one.message) for row, one in pairs if isinstance(one, Refused)]

    @staticmethod
    def _count(one: Fate | Refused, figures: Figures) -> None:
        if one is Fate.RECORDED:
            figures.created += 1
        elif isinstance(one, Fate):
            figures.unchanged += 1
        if one is Fate.SUPERSEDED:
            figures.note("consent_superseded")

"""Consent that comes with an imported file: recorded with what the importing person stated about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from consent.rules.vocabulary import Event
from consent.services.consent import MAX_PEOPLE, ConsentEntry, PersonEntries, record_consents_bulk
from core.actors import Actor, ActorKind
from core.errors import DomainError

_EVIDENCE: Final = ("form_id", "reference", "collected_at", "doi_done", "soft_sale", "soft_similar", "opt_out_offered")
_EVENTS: Final = {"granted": Event.IMPORTED, "refused": Event.REFUSED}


@dataclass(frozen=True, slots=True)
class Imported:
    """How many people's consent was recorded, and how many had already told us themselves, which stands."""

    recorded: int
    kept: int


def record_imported_consent(*, customer_ids: Sequence[int], basis: Mapping[str, Any], now: datetime) -> Imported:
    """These customers' consent is in the ledger as imported, with the file and its owner as evidence.

    `basis` holds `purposes` (keys), `answer` ("granted" or "refused"), `actor` (`staff:usr_...`), `import` (public id
    of the file), and what is known of the proof: `notice` (public id by purpose key), `form_id`, `reference`,
    `collected_at`, `doi_done`, `soft_sale`, `soft_similar`, `opt_out_offered`. Without a notice a yes is stored but
    allows nothing. An import never replaces what a person has told us.
    """
    entries = _entries(basis)
    by = _actor(str(basis["actor"]))
    results: list[Any] = []
    for start in range(0, len(customer_ids), MAX_PEOPLE):
        people = [PersonEntries(pk, entries) for pk in customer_ids[start : start + MAX_PEOPLE]]
        results += record_consents_bulk(people=people, by=by, now=now, reference=str(basis["import"]))
    kept = sum(isinstance(result, DomainError) for result in results)
    return Imported(recorded=len(results) - kept, kept=kept)


def _entries(basis: Mapping[str, Any]) -> list[ConsentEntry]:
    evidence = {name: basis[name] for name in _EVIDENCE if basis.get(name) not in (None, "")}
    notices = basis.get("notice") or {}
    return [
        ConsentEntry(
            purpose=purpose,
            event=_EVENTS[str(basis["answer"])],
            source="import",
            notice=notices.get(purpose, ""),
            evidence=evidence | {"import_id": basis["import"]},
        )
        for purpose in basis["purposes"]
    ]


def _actor(text: str) -> Actor:
    kind, _, name = text.partition(":")
    return Actor(kind=ActorKind(kind), id=name)

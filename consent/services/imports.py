"""Consent that comes with an imported file: recorded with what the importing person stated about it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any, Final

from django.db.models import QuerySet

from consent.models import ConsentState, NoticeVersion
from consent.rules.evidence import EvidenceError, clean_evidence
from consent.rules.vocabulary import Event, State
from consent.selectors.catalogue import catalogue, find_notices
from consent.services.consent import MAX_PEOPLE, ConsentEntry, Outcome, PersonEntries, record_consents_bulk
from core.actors import Actor, ActorKind
from core.errors import DomainError, Problem
from customers.services.guards import Fate, Stated

MAX_WORDING: Final = 10_000
AT_ONCE: Final = 1_000
_EVIDENCE: Final = ("form_id", "reference", "doi_done", "soft_sale", "soft_similar", "opt_out_offered")


def record_imported_consent(
    *, stated: Sequence[Stated], basis: Mapping[str, Any], now: datetime
) -> list[Fate | DomainError]:
    """What the rows of a file state is in the ledger as imported, with the file and what was stated as evidence.

    `basis` holds `actor` (`staff:usr_...`), `import` (public id of the file) and what `check_imported_basis` checks.
    A yes whose words are a published notice counts as if it had been given here; with other words it is stored and
    allows nothing, since the notice cannot be shown. An import never replaces what a person has told us: that, and
    whatever else the ledger refuses, is answered for the statement, and the others stand. A yes that is older than
    what the person has said since is on record and changes nothing: superseded.
    """
    by, notices = _actor(str(basis["actor"])), _notices(basis, {one.purpose for one in stated})
    people = [PersonEntries(one.customer_id, [_entry(one, basis, notices)]) for one in stated]
    results: list[Fate | DomainError] = []
    for start in range(0, len(people), MAX_PEOPLE):
        found = record_consents_bulk(
            people=people[start : start + MAX_PEOPLE], by=by, now=now, reference=str(basis["import"])
        )
        results += [one if isinstance(one, DomainError) else _fate(one.outcomes[0]) for one in found]
    return results


def invalidate_imported_consent(*, imported: str, since: datetime, until: datetime, by: Actor, now: datetime) -> int:
    """Every yes that rests on this import alone is found invalid, by an entry more in the ledger; how many.

    Who takes an import back can no longer show where its consents come from (GDPR Art. 7(1)), so they allow nothing. A
    no stays, and so does whatever a person has said since: an undo never widens what is allowed. Safe to repeat.
    """
    standing = ConsentState.objects.filter(
        state=State.IMPORTED,
        event__event=Event.IMPORTED,
        event__recorded_at__range=(since, until),
        event__evidence__import_id=imported,
    )
    after, ended = 0, 0
    while ids := _next(standing, after):
        people: dict[int, list[ConsentEntry]] = {pk: [] for pk in ids}
        for pk, purpose in standing.filter(customer_id__in=ids).order_by("pk").values_list("customer", "purpose__key"):
            facts = {"import_id": imported}
            people[pk].append(ConsentEntry(purpose=purpose, event=Event.INVALIDATED, source="import", evidence=facts))
        entries = [PersonEntries(pk, entries) for pk, entries in people.items()]
        written = record_consents_bulk(people=entries, by=by, now=now, reference=imported)
        ended += sum(len(one.outcomes) for one in written if not isinstance(one, DomainError))
        after = ids[-1]
    return ended


def _next(standing: QuerySet[ConsentState], after: int) -> list[int]:
    behind = standing.filter(customer_id__gt=after).order_by("customer_id")
    return list(behind.values_list("customer_id", flat=True).distinct()[:AT_ONCE])


def _fate(outcome: Outcome) -> Fate:
    if not outcome.recorded:
        return Fate.UNCHANGED
    return Fate.RECORDED if outcome.state in (State.IMPORTED, State.REFUSED) else Fate.SUPERSEDED


def check_imported_basis(*, basis: Mapping[str, Any], purposes: Collection[str], now: datetime) -> list[Problem]:
    """What is missing or wrong before consent to these purposes can be imported, by member of the basis.

    Asked for: `reference`, where it was given, as an identifier; and for each purpose the words people were shown,
    `notice` (public id by purpose key) or `wording`. `collected_at` is a date or an instant, not in the future.
    """
    uses = catalogue().uses
    if unknown := [key for key in purposes if key not in uses]:
        says = f"Unknown purpose '{unknown[0]}'; choose from {', '.join(uses)}."
        return [Problem("purposes", "invalid_parameter", says)]
    problems = _wording_problems(basis, purposes)
    if not basis.get("reference"):
        says = "State where the consent was given: the form, event or contract."
        problems.append(Problem("reference", "missing_field", says))
    at = _instant(basis.get("collected_at"))
    if basis.get("collected_at") and (at is None or at > now):
        says = "State the day on which the consent was given, such as 2026-03-12; it lies in the past."
        problems.append(Problem("collected_at", "invalid_parameter", says))
    for name in _EVIDENCE:
        try:
            clean_evidence({name: basis.get(name)})
        except EvidenceError as error:
            problems.append(Problem(name, "invalid_parameter", str(error)))
    return problems


def _wording_problems(basis: Mapping[str, Any], purposes: Collection[str]) -> list[Problem]:
    wording, named = basis.get("wording") or "", basis.get("notice") or {}
    if not isinstance(wording, str) or len(wording) > MAX_WORDING:
        return [Problem("wording", "invalid_parameter", f"Write the words as a text of at most {MAX_WORDING} letters.")]
    if not isinstance(named, dict) or not all(isinstance(value, str) for value in named.values()):
        return [Problem("notice", "invalid_parameter", "Name the notices by purpose: {purpose: ntc_...}.")]
    uses, found = catalogue().uses, find_notices(set(named.values()))
    for key, notice in named.items():
        if key not in uses or notice not in found or found[notice].purpose_id != uses[key].id:
            return [Problem("notice", "unknown_notice", f"There is no such notice for the purpose '{key}'.")]
    if not wording and set(purposes) - named.keys():
        says = "State the words that people were shown: choose the notice, or write them down."
        return [Problem("wording", "missing_field", says)]
    return []


def _notices(basis: Mapping[str, Any], purposes: Collection[str]) -> dict[str, str]:
    """Public id of the notice by purpose: as named, else the published one that has exactly the stated words."""
    named: dict[str, str] = dict(basis.get("notice") or {})
    wording = basis.get("wording")
    if wording and set(purposes) - named.keys():
        same = NoticeVersion.objects.filter(sha256=_hash(wording), purpose__key__in=purposes).order_by("version")
        named = dict(same.values_list("purpose__key", "public_id")) | named
    return named


def _entry(one: Stated, basis: Mapping[str, Any], notices: Mapping[str, str]) -> ConsentEntry:
    evidence = {name: basis[name] for name in _EVIDENCE if basis.get(name) not in (None, "")}
    at = _instant(basis.get("collected_at"))
    if at:
        evidence["collected_at"] = at
    if basis.get("wording") and one.purpose not in notices:
        evidence["wording_sha256"] = _hash(basis["wording"])
    return ConsentEntry(
        purpose=one.purpose,
        event=Event.IMPORTED if one.yes else Event.REFUSED,
        source="import",
        notice=notices.get(one.purpose, ""),
        evidence=evidence | {"import_id": basis["import"]},
        occurred_at=at,
    )


def _instant(text: object) -> datetime | None:
    """A day is its first instant in UTC; None for anything that is neither a day nor an instant with an offset."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return datetime.combine(date.fromisoformat(text), time(), UTC) if len(text) == len("2026-03-12") else at
    except ValueError:
        return None


def _hash(wording: str) -> str:
    return sha256(wording.encode()).hexdigest()


def _actor(text: str) -> Actor:
    kind, _, name = text.partition(":")
    return Actor(kind=ActorKind(kind), id=name)

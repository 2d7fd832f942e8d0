"""Bringing consent that was kept by OneTrust into the ledger: each row with its instant and proof, or the reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from consent.rules.erased_list import in_pieces
from consent.rules.evidence import EvidenceError, clean_evidence
from consent.rules.onetrust import Statement, why_unusable
from consent.rules.vocabulary import Event, State
from consent.services.consent import ConsentEntry, PersonEntries, record_consents_bulk
from consent.services.imports import check_imported_basis
from core.actors import Actor
from core.errors import DomainError, InvalidInput
from customers.models import Identity, IdentityKind
from customers.rules.identity import BadIdentity, normalise

AT_ONCE: Final = 1_000
_KINDS: Final = (IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.EXTERNAL_ID)


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of one row: `recorded`, `unchanged`, `superseded`, or `refused` for a reason, with its code."""

    number: int
    outcome: str
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the importing person states: our purpose by theirs, the words shown by our purpose, where it was given."""

    imported: str
    purposes: Mapping[str, str]
    notices: Mapping[str, str]
    reference: str


def import_onetrust(*, statements: Iterable[Statement], basis: Basis, by: Actor, now: datetime) -> Iterator[Fate]:
    """Every row is in the ledger as imported, with its own instant, or is answered with the reason why not.

    The published notice whose words people were shown is stated for every purpose (GDPR Art. 7(1)). What a person has
    told us here is never replaced. A thousand rows a transaction, in the order in which people decided; the same file
    again changes nothing. Refused before the first row for a basis that does not hold.
    """
    stated: dict[str, Any] = {"reference": basis.reference, "notice": dict(basis.notices)}
    problems = check_imported_basis(basis=stated, purposes=set(basis.purposes.values()), now=now)
    if problems:
        raise InvalidInput(problems[0].message, param=problems[0].param, details=problems)
    for some in in_pieces(statements, AT_ONCE):
        yield from _import(some, basis, by, now)


def record_decisions(
    *, statements: Sequence[Statement], basis: Mapping[str, Any], by: Actor, now: datetime
) -> list[Fate]:
    """As `import_onetrust`, for some rows of a file whose basis was checked: what came of each, in their order."""
    purposes: dict[str, str] = {theirs: ours for theirs, ours in basis["purposes"].items() if ours}
    stated = Basis(str(basis["import"]), purposes, dict(basis.get("notice") or {}), str(basis["reference"]))
    return _import(statements, stated, by, now)


@transaction.atomic
def _import(some: Sequence[Statement], basis: Basis, by: Actor, now: datetime) -> list[Fate]:
    known = _known(some)
    fates, entries = dict[int, Fate](), list[tuple[int, PersonEntries]]()
    for one in sorted(some, key=lambda one: (one.at is None, one.at, one.number)):
        person, why = known.get(one.number), _why_not(one, basis)
        if why or person is None:
            code, reason = why or ("not_found", "No customer has this identifier.")
            fates[one.number] = Fate(one.number, "refused", reason, code)
            continue
        entries.append((one.number, PersonEntries(person, [_entry(one, basis)])))
    people = [person for _, person in entries]
    written = record_consents_bulk(people=people, by=by, now=now, reference=basis.imported) if people else []
    for (number, _), told in zip(entries, written, strict=True):
        if isinstance(told, DomainError):
            fates[number] = Fate(number, "refused", told.message, told.code)
            continue
        done = told.outcomes[0]
        stands = done.state in (State.IMPORTED, State.WITHDRAWN)
        fates[number] = Fate(number, "unchanged" if not done.recorded else "recorded" if stands else "superseded")
    return [fates[one.number] for one in some]


def _why_not(one: Statement, basis: Basis) -> tuple[str, str] | None:
    """Why the row cannot be recorded: code and sentence."""
    if why := why_unusable(one):
        return "no_decision", why
    if one.purpose not in basis.purposes:
        return "unknown_purpose", f"Nothing was said about which purpose '{one.purpose[:60]}' is."
    try:
        clean_evidence(_evidence(one, basis))
    except EvidenceError as error:
        return "bad_evidence", str(error)
    return None


def _evidence(one: Statement, basis: Basis) -> dict[str, Any]:
    named = {"form_id": one.form.replace(" ", "_"), "reference": one.receipt or basis.reference}
    return {name: text for name, text in named.items() if text} | {"import_id": basis.imported, "collected_at": one.at}


def _entry(one: Statement, basis: Basis) -> ConsentEntry:
    purpose = basis.purposes[one.purpose]
    return ConsentEntry(
        purpose=purpose,
        event=Event.IMPORTED if one.yes else Event.WITHDRAWN,
        source="import",
        notice=basis.notices.get(purpose, "") if one.yes else "",
        evidence=_evidence(one, basis),
        occurred_at=one.at,
    )


def _known(some: Sequence[Statement]) -> dict[int, int]:
    """The customer (row id) of each row that names one, by number of the row; one query."""
    wanted = dict[tuple[str, str], list[int]]()
    for one in some:
        for kind in _kinds_of(one):
            try:
                wanted.setdefault((kind, normalise(kind, one.who)), []).append(one.number)
            except BadIdentity:
                continue
    found = dict[int, int]()
    rows = Identity.objects.filter(value__in={value for _, value in wanted}, kind__in=_KINDS)
    for kind, value, owner in rows.order_by("pk").values_list("kind", "value", "customer_id"):
        for number in wanted.get((kind, value), ()):
            found.setdefault(number, owner)
    return found


def _kinds_of(one: Statement) -> Sequence[str]:
    """As what the identifier may be meant: by its type where the export has one, else by how it looks."""
    said = one.kind.lower()
    if "mail" in said or "@" in one.who:
        return (IdentityKind.EMAIL,)
    return (IdentityKind.PHONE,) if "phone" in said or "mobile" in said else (IdentityKind.EXTERNAL_ID,)

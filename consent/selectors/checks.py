"""The fast question: may we, now? One statement for whoever asks on every request."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from consent.rules.reasons import Reason, explain
from consent.rules.standing import Person
from consent.selectors.catalogue import SERVICE_BIT, Use, catalogue
from consent.selectors.outlook import Outlooks
from core.errors import NotFound
from core.ids import is_public_id
from customers.selectors import direct

_COLUMNS: Final = """
SELECT person.id, person.public_id, person.country, person.region, person.birth_date, person.gpc_first_seen_at,
    person.consent_mask, person.consent_until, state.allowed, state.reason, entry.seq, entry.public_id
FROM customers_customer AS person
LEFT JOIN consent_consentstate AS state ON state.customer_id = person.id AND state.purpose_id = %s
LEFT JOIN consent_consentevent AS entry ON entry.id = state.event_id
WHERE person.status <> 'deleted' AND person.merged_into_id IS NULL AND person."""
_BY_PUBLIC_ID: Final = _COLUMNS + "public_id = %s"
_BY_EXTERNAL_ID: Final = _COLUMNS + "external_id = %s"

_RESTRICTED_ONLY: Final = """
SELECT 1 FROM customers_customer AS person WHERE person.public_id = %s
AND NOT EXISTS (SELECT FROM consent_suppression AS listed WHERE listed.customer_id = person.id
    AND listed.reason <> 'bounce')
AND EXISTS (SELECT FROM consent_restriction AS limit_ WHERE limit_.lifted_at IS NULL AND limit_.covers = 'everything'
    AND (limit_.customer_id = person.id
    OR limit_.customer_id IN (SELECT id FROM customers_customer AS one WHERE one.merged_into_id = person.id)))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """Whether we may now, why, and the ledger entry behind it; `row_id` numbers the customer for the disclosures."""

    row_id: int
    customer_id: str
    allowed: bool
    reason: Reason
    why: str
    place: str
    rule_set: str
    ledger_seq: int | None
    ledger_id: str | None


def check_now(*, reference: str, use: Use, now: datetime) -> Check | None:
    """The stored answer for a customer named by `cus_...` or external id; one statement, no lock.

    None when the stored answer ended since the last sweep and has to be worked out. NotFound for nobody we know.
    """
    statement = _BY_PUBLIC_ID if is_public_id(reference, "cus") else _BY_EXTERNAL_ID
    found = direct.run(statement=statement, parameters=(use.id, reference))
    if not found:
        raise NotFound("There is no customer with this id.")
    row_id, public_id, country, region, birth_date, seen, mask, until, allowed, reason, seq, entry_id = found[0]
    if until is not None and until <= now:
        return None
    place = region or country
    rule = catalogue().rule_of(place)
    if reason is None:
        person = _silent_person(place, birth_date, seen, mask, public_id)
        decision = Outlooks(catalogue(), now).of(person, {}).decisions[use.id]
        said = decision.allowed, decision.reason, decision.why
        return Check(row_id, public_id, *said, place, rule.rule_set, None, None)
    told = Reason(reason)
    why = explain(told, rule, use.kind, use.channel)
    return Check(row_id, public_id, allowed, told, why, place, rule.rule_set, seq, entry_id)


def _silent_person(place: str, birth_date: date | None, seen: datetime | None, mask: int, public_id: str) -> Person:
    """Somebody to whom nothing may be done is restricted or suppressed; only then a second statement is needed."""
    nothing = not mask >> SERVICE_BIT & 1
    restricted = nothing and bool(direct.run(statement=_RESTRICTED_ONLY, parameters=(public_id,)))
    silent = Person(place=place, birth_date=birth_date, gpc_first_seen_at=seen)
    return replace(silent, suppressed=nothing and not restricted, restricted=restricted)

"""What changes if this customer moves: her own ledger under another place's rule."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.simulation import Difference, compare_clocks, compare_rules
from consent.selectors.catalogue import catalogue
from consent.selectors.decisions import explain
from core.errors import InvalidInput
from customers.models import Customer
from customers.rules.countries import COUNTRY_NAMES


@dataclass(frozen=True, slots=True)
class UseAfter:
    """One purpose before and after: (answer, why) each."""

    purpose: str
    name: str
    before: tuple[str, str]
    after: tuple[str, str]

    @property
    def changes(self) -> bool:
        """Whether the answer itself is another."""
        return self.before[0] != self.after[0]


@dataclass(frozen=True, slots=True)
class CustomerMove:
    """What a move would change for a customer; nothing is stored by asking."""

    before: JurisdictionRule
    after: JurisdictionRule
    rules: list[Difference]
    clocks: list[Difference]
    uses: list[UseAfter]


def simulate_move(*, customer: Customer, place: str, now: datetime) -> CustomerMove:
    """The rules, clocks and answers for this customer in another place; two queries. Refuses what is no place."""
    code = place.strip().upper()
    if code.partition("-")[0] not in COUNTRY_NAMES:
        raise InvalidInput("Invalid 'place': write ISO 3166-1 or -2, such as DE or US-CA", param="place")
    rules = catalogue()
    before, after = rules.rule_of(customer.place), rules.rule_of(code)
    here = explain(customer=customer, at=now, known_at=now)
    there = explain(customer=customer, at=now, known_at=now, place=code)
    return CustomerMove(
        before=before,
        after=after,
        rules=compare_rules(before, after),
        clocks=compare_clocks(customer.place, code),
        uses=[
            UseAfter(old.use.key, old.use.key.replace("_", " ").capitalize(), _said(old), _said(new))
            for old, new in zip(here, there, strict=True)
        ],
    )


def _said(answer: Any) -> tuple[str, str]:
    return answer.decision.answer.value, answer.decision.why

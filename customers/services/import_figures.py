"""What came of a file, exactly: rows by outcome and reason, and for purchases net sums by currency."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

from core.errors import DomainError
from customers.models import ImportFile
from customers.services.drafts import Outcome


class Refusal(NamedTuple):
    """Why a row was not stored; `column` is its header where one is to blame. No value is repeated."""

    number: int
    code: str
    message: str
    column: str = ""

    @classmethod
    def of(cls, number: int, error: DomainError) -> Self:
        """The same reason that an API caller would read."""
        return cls(number, error.code, error.message, "")


@dataclass
class Figures:
    """Running totals. Rows read are created + updated + unchanged + refused; sums are exact decimals as text."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    accepted: dict[str, Decimal] = field(default_factory=dict)
    turned_away: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    unreadable_amounts: int = 0

    @property
    def rows(self) -> int:
        """Rows read so far, blank lines apart."""
        return self.created + self.updated + self.unchanged + self.refused

    def count(self, outcome: Outcome) -> None:
        """One row more with this outcome; refusals are counted by `refuse`."""
        if outcome == Outcome.CREATED:
            self.created += 1
        elif outcome == Outcome.UPDATED:
            self.updated += 1
        elif outcome == Outcome.UNCHANGED:
            self.unchanged += 1

    def refuse(self, code: str) -> None:
        """One row more that was not stored, for this reason."""
        self.refused += 1
        self.reasons[code] += 1

    def note(self, code: str) -> None:
        """One remark about a row that was stored."""
        self.notes[code] += 1

    def add_accepted(self, currency: str, amount: Decimal) -> None:
        """The amount of a stored row."""
        self.accepted[currency] = self.accepted.get(currency, Decimal(0)) + amount

    def add_refused(self, code: str, currency: str, amount: Decimal | None) -> None:
        """The amount of a refused row, as far as it can be read."""
        if amount is None:
            self.unreadable_amounts += 1
            return
        sums = self.turned_away.setdefault(code, {})
        sums[currency] = sums.get(currency, Decimal(0)) + amount

    @classmethod
    def of(cls, file: ImportFile) -> Self:
        """The totals at the file's checkpoint."""
        stored: Mapping[str, Any] = file.figures
        return cls(
            created=file.created,
            updated=file.updated,
            unchanged=file.unchanged,
            refused=file.refused,
            reasons=Counter(file.reasons),
            notes=Counter(stored.get("notes", {})),
            orders=stored.get("orders", 0),
            accepted={currency: Decimal(text) for currency, text in stored.get("accepted", {}).items()},
            turned_away={
                code: {currency: Decimal(text) for currency, text in sums.items()}
                for code, sums in stored.get("refused", {}).items()
            },
            unreadable_amounts=stored.get("unreadable_amounts", 0),
        )

    def store(self, file: ImportFile) -> list[str]:
        """Put the totals onto the row (unsaved); the names of the columns."""
        file.created, file.updated, file.unchanged, file.refused = (
            self.created,
            self.updated,
            self.unchanged,
            self.refused,
        )
        file.reasons = dict(self.reasons)
        file.figures = {
            "notes": dict(self.notes),
            "orders": self.orders,
            "accepted": {currency: str(total) for currency, total in self.accepted.items()},
            "refused": {
                code: {currency: str(total) for currency, total in sums.items()}
                for code, sums in self.turned_away.items()
            },
            "unreadable_amounts": self.unreadable_amounts,
        }
        return ["created", "updated", "unchanged", "refused", "reasons", "figures"]

    def report(self) -> dict[str, Any]:
        """The totals as a job's result shows them."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "reasons": dict(self.reasons.most_common()),
            "notes": dict(self.notes.most_common()),
            "orders": self.orders,
            "net_accepted": {currency: str(total) for currency, total in sorted(self.accepted.items())},
            "net_refused": {
                code: {currency: str(total) for currency, total in sorted(sums.items())}
                for code, sums in sorted(self.turned_away.items())
            },
            "unreadable_amounts": self.unreadable_amounts,
        }

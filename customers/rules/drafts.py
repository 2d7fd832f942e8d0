"""From a row of a file to what it wants stored, typed and checked, or to the reasons why it cannot be.

A draft holds only what the row says: an empty cell leaves a field alone. A row is refused as a whole, with a reason
for every cell that is wrong, so that nobody is stored half.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from customers.rules.attributes import AttributeRule, check_attributes
from customers.rules.cells import PLAIN_CONVERSIONS, bare, split_list
from customers.rules.conversions import (
    BadValue,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_number,
    parse_whole_number,
    refuse_shortened,
)
from customers.rules.countries import region_code
from customers.rules.csvfile import PROBLEMS, Row
from customers.rules.identity import BadIdentity, IdentityKind, normalise
from customers.rules.mapping import ATTRIBUTE_PREFIX, CONSENT, Mapping, Target, zone_of
from customers.rules.sensitive import SensitiveKind, find_sensitive, worth_a_walk

_SENSITIVE_SENTENCES = {
    SensitiveKind.PAYMENT_CARD: "This cell holds a payment-card number, which may not be stored.",
    SensitiveKind.US_SSN: "This cell holds a social-security number, which may not be stored.",
}
# Cells repeat from row to row (dates, prices, buyers): this many results of each conversion are kept per file.
REMEMBERED = 4096
# Google joins several values of one cell so; the first is the preferred one.
_SEVERAL = " ::: "
_IDENTITY_KINDS = frozenset(IdentityKind.values)


class Reason(NamedTuple):
    """Why a cell, or the row when `field` is "", was refused; `column` is the header. No value is repeated."""

    field: str
    column: str
    code: str
    message: str


@dataclass(slots=True)
class CustomerDraft:
    """What a row says about a customer.

    `identities` holds normalised values by kind, `fields` typed profile fields (names, country, region, language,
    time_zone, birth_date as a date, created_at in UTC, status), `attributes` checked values, `tags` the listed tags or
    None, `consents` yes or no by purpose key, under "" what a column about no particular purpose says. `notes` are
    remarks that do not stop the row.
    """

    number: int
    identities: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    consents: dict[str, bool] = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class PurchaseDraft:
    """What a row says about a purchase: one order, or one line of it when the mapping's rows are lines.

    `customer` is (kind, normalised value). `amount` is exact and unrounded, negative for a refund or cancellation.
    """

    number: int
    order_id: str
    customer: tuple[str, str]
    purchased_at: datetime
    amount: Decimal
    currency: str
    quantity: int = 1
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """What a row says that somebody decided: the cells by field as they came, without what stands around them."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that may not be stored and every reason; `secret` are positions of cells that may not be kept either."""

    number: int
    reasons: tuple[Reason, ...]
    secret: frozenset[int] = frozenset()

    def cells_to_keep(self, row: Row) -> list[str]:
        """The row as it may be filed for the person who brought it: secret cells are blank."""
        return ["" if at in self.secret else cell for at, cell in enumerate(row.cells)]


Parsed = CustomerDraft | PurchaseDraft | DecisionDraft | Rejected


def parse_row(row: Row, mapping: Mapping, target: Target) -> Parsed:
    """The draft of one row, or why it is refused; for many rows build `parser_for` once."""
    return parser_for(mapping, target)(row)


def parser_for(mapping: Mapping, target: Target) -> Callable[[Row], Parsed]:
    """A function from row to draft. The mapping must have passed `read_mapping`."""
    reader = _Reader(mapping, target)
    readers: dict[str, Callable[[Row], Parsed]] = {"purchases": reader.purchase, "consents": reader.decision}
    return readers.get(target.name, reader.customer)


class _Reader:
    """The conversions of one file, looked up once."""

    def __init__(self, mapping: Mapping, target: Target) -> None:
        self._mapping = mapping
        self._zone = zone_of(mapping)
        self._column_of = {name: header for header, name in mapping.columns.items()}
        self._consent_columns = mapping.consent_columns().keys()
        self._rules = {ATTRIBUTE_PREFIX + rule.key: rule for rule in target.rules}
        self._convert: dict[str, Callable[[str], Any]] = {
            "purchased_at": self._moment,
            "created_at": self._moment,
            "birth_date": lambda text: parse_date(bare(text), mapping.date_format),
            "amount": self._number,
            "unit_price": self._number,
            "quantity": lambda text: parse_whole_number(bare(text), mapping.decimal),
            **dict.fromkeys(mapping.consent_columns(), parse_boolean),
        }
        self._convert |= PLAIN_CONVERSIONS
        self._convert = {name: lru_cache(REMEMBERED)(convert) for name, convert in self._convert.items()}
        self._normalise = lru_cache(REMEMBERED)(normalise)
        for name, rule in self._rules.items():
            self._convert[name] = self._attribute_conversion(rule)

    def customer(self, row: Row) -> Parsed:
        """A CustomerDraft with at least one identifier, or Rejected."""
        if unusable := self._refuse_row(row):
            return unusable
        reasons: list[Reason] = []
        values = self._convert_cells(row, reasons)
        draft = CustomerDraft(row.number, tags=values.pop("tags", None))
        for name in self._consent_columns & values.keys():
            draft.consents[name.removeprefix(CONSENT).removeprefix(".")] = values.pop(name)
        self._identify(draft, row, values, reasons)
        self._locate(draft, values)
        for name, value in values.items():
            if name in self._rules:
                draft.attributes[self._rules[name].key] = value
            else:
                draft.fields[name] = value
        if not draft.identities and not reasons:
            sentence = "The row has no id, e-mail address or phone number by which to know the customer."
            reasons.append(Reason("", "", "missing_identity", sentence))
        return Rejected(row.number, tuple(reasons)) if reasons else draft

    def purchase(self, row: Row) -> Parsed:
        """A PurchaseDraft, or Rejected."""
        if unusable := self._refuse_row(row):
            return unusable
        reasons: list[Reason] = []
        values = self._convert_cells(row, reasons)
        customer = self._buyer(row, reasons)
        values.setdefault("currency", self._mapping.currency)
        if "amount" not in values and "quantity" in values and "unit_price" in values:
            values["amount"] = values["quantity"] * values["unit_price"]
        for name in ("order_id", "purchased_at", "amount", "currency"):
            if not values.get(name) and values.get(name) != 0:
                self._miss(name, reasons)
        if reasons:
            return Rejected(row.number, tuple(reasons))
        return PurchaseDraft(
            number=row.number,
            order_id=values["order_id"],
            customer=customer,
            purchased_at=values["purchased_at"],
            amount=values["amount"],
            currency=values["currency"],
            quantity=values.get("quantity", 1),
            unit_price=values.get("unit_price"),
        )

    def decision(self, row: Row) -> Parsed:
        """A DecisionDraft, whose meaning is for the floor that keeps consent, or Rejected."""
        cells = {name: bare(row.values.get(header, "")) for header, name in self._mapping.columns.items()}
        return self._refuse_row(row) or DecisionDraft(row.number, cells)

    def _refuse_row(self, row: Row) -> Rejected | None:
        """Refuse what cannot be read, and a row that holds, mapped or not, what may not even be filed away."""
        if row.problem is None and not worth_a_walk("\n".join(row.cells)):
            return None
        headers = [*row.values, *[""] * len(row.cells)]
        found = [
            (at, headers[at], finding.kind)
            for at, cell in enumerate(row.cells)
            for finding in find_sensitive({headers[at]: cell})
        ]
        secret = frozenset(at for at, _, _ in found)
        if row.problem is not None:
            return Rejected(row.number, (Reason("", "", row.problem, PROBLEMS[row.problem]),), secret)
        reasons = tuple(
            Reason(self._mapping.columns.get(header, ""), header, kind, _SENSITIVE_SENTENCES[kind])
            for _, header, kind in found
        )
        return Rejected(row.number, reasons, secret) if reasons else None

    def _convert_cells(self, row: Row, reasons: list[Reason]) -> dict[str, Any]:
        """Converted values of the mapped, filled cells; identifiers are left for later."""
        values: dict[str, Any] = {}
        for header, name in self._mapping.columns.items():
            text = row.values.get(header, "")
            if name in _IDENTITY_KINDS or not text or text.isspace():
                continue
            try:
                value = self._convert[name](text)
            except BadValue as refusal:
                reasons.append(Reason(name, header, refusal.code, refusal.message))
                continue
            if value is not None:
                values[name] = value
        return values

    def _identify(self, draft: CustomerDraft, row: Row, values: dict[str, Any], reasons: list[Reason]) -> None:
        region = values.get("country") or self._mapping.region or None
        for kind in IdentityKind.values:
            header = self._column_of.get(kind)
            text = bare(row.values.get(header, "")) if header else ""
            if header is None or not text:
                continue
            first, several, _ = text.partition(_SEVERAL)
            if several:
                note = Reason(kind, header, "several_values", "Only the first of several values was taken.")
                draft.notes += (note,)
            try:
                draft.identities[kind] = self._normalise(kind, refuse_shortened(first), region)
            except (BadIdentity, BadValue) as refusal:
                reasons.append(Reason(kind, header, refusal.code, refusal.message))

    def _locate(self, draft: CustomerDraft, values: dict[str, Any]) -> None:
        """Turn a region, which may be a mere "CA", into ISO 3166-2 with the help of the row's country."""
        written = values.pop("region", None)
        if written is None:
            return
        code = region_code(written, values.get("country", ""))
        if code is None:
            sentence = "The region was left out: it is no ISO 3166-2 code, code of the row's country, or US state."
            draft.notes += (Reason("region", self._column_of["region"], "unknown_region", sentence),)
        else:
            values["region"] = code
            values.setdefault("country", code[:2])

    def _buyer(self, row: Row, reasons: list[Reason]) -> tuple[str, str]:
        """The first identifier that the row fills in."""
        for kind in (IdentityKind.EXTERNAL_ID.value, IdentityKind.EMAIL.value):
            header = self._column_of.get(kind)
            text = bare(row.values.get(header, "")) if header else ""
            if header is None or not text:
                continue
            try:
                return kind, self._normalise(kind, refuse_shortened(text))
            except (BadIdentity, BadValue) as refusal:
                reasons.append(Reason(kind, header, refusal.code, refusal.message))
                return "", ""
        column = self._column_of.get("external_id") or self._column_of.get("email", "")
        sentence = "The row does not say which customer bought."
        reasons.append(Reason("external_id", column, "missing_customer", sentence))
        return "", ""

    def _miss(self, name: str, reasons: list[Reason]) -> None:
        """Say that a value is missing, unless it is there and was refused."""
        parts = (name, "quantity", "unit_price") if name == "amount" else (name,)
        if not any(reason.field in parts for reason in reasons):
            sentence = f"The {name.replace('_', ' ')} is missing."
            reasons.append(Reason(name, self._column_of.get(name, ""), "missing_value", sentence))

    def _moment(self, text: str) -> datetime | None:
        return parse_datetime(bare(text), self._mapping.date_format, self._zone)

    def _number(self, text: str) -> Decimal:
        return parse_number(bare(text), self._mapping.decimal)

    def _attribute_conversion(self, rule: AttributeRule) -> Callable[[str], Any]:
        def convert(text: str) -> Any:
            clean, problems = check_attributes({rule.key: self._typed(rule, text.strip())}, [rule])
            if problems:
                raise BadValue(problems[0].code, problems[0].message)
            return clean[rule.key]

        return convert

    def _typed(self, rule: AttributeRule, text: str) -> Any:
        match rule.type:
            case "number":
                number = self._number(text)
                return int(number) if number == number.to_integral_value() else float(number)
            case "boolean":
                return parse_boolean(text)
            case "date":
                day = parse_date(bare(text), self._mapping.date_format)
                return day.isoformat() if day else None
            case "datetime":
                moment = self._moment(text)
                return moment.isoformat() if moment else None
            case "list":
                return split_list(text)
            case _:
                return text

"""One customer on its way in: what was asked, what became of it, and how a row takes it on."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound, PreconditionFailed
from customers.models import Customer, IdentityKind, Status
from customers.rules.sealed import is_same
from customers.services.guards import Identifier

OWN_KINDS: Final = (IdentityKind.EXTERNAL_ID, IdentityKind.EMAIL, IdentityKind.PHONE)
"""Identifiers that are columns of the profile as well."""

BLANK: Final[dict[str, Any]] = {
    "external_id": None,
    "email": None,
    "phone": None,
    "first_name": "",
    "last_name": "",
    "country": "",
    "region": "",
    "language": "",
    "time_zone": "",
    "birth_date": None,
    "status": Status.ACTIVE,
    "attributes": {},
}
"""Every field a profile can be given, with its value when nobody gave one."""


class Mode(StrEnum):
    """What an input may do: make a customer, change one, either, or make one and leave a known one as it is."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    KEEP = "keep"


class Outcome(StrEnum):
    """What became of an input."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True, eq=False)
class Draft:
    """One input that passed the rules for single values.

    `key` names the customer: ("id", "cus_...") or an identifier; without it a customer is made. `values` holds clean
    columns; of `attributes` only the named keys change, and None removes one. With `replace` all else is blanked.
    `expected_xid` is the version the caller read, `created_at` when a new customer became known elsewhere.
    `source` is where the values come from when that is not the writer of the batch (`rules.governance`). A value that
    has to give way to the one that stands is left out and named in `kept`; `firm` refuses the whole input instead.
    """

    mode: Mode
    values: dict[str, Any]
    key: Identifier | None = None
    replace: bool = False
    expected_xid: int | None = None
    created_at: datetime | None = None
    customer_id: int = 0
    public_id: str = ""
    outcome: Outcome = Outcome.UNCHANGED
    refusal: DomainError | None = None
    source: str | None = None
    firm: bool = False
    kept: list[str] = field(default_factory=list)
    identifiers: list[Identifier] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.key and self.key[0] != "id":
            self.values.setdefault(self.key[0], self.key[1])
        self.identifiers = [(kind.value, self.values[kind]) for kind in OWN_KINDS if self.values.get(kind)]

    def refuse(self, refusal: DomainError) -> None:
        """Nothing of this input is stored."""
        self.refusal, self.outcome = refusal, Outcome.REFUSED


def duplicate(*, kind: str) -> DomainError:
    """409: somebody else has this identifier."""
    names = {"email": "e-mail address", "external_id": "external id", "phone": "phone number"}
    return Conflict(f"Another customer has this {names[kind]}.", code=f"duplicate_{kind}", param=kind)


def suppressed(*, kind: str) -> DomainError:
    """403: this person asked to be forgotten or left alone."""
    return Forbidden("This person is on the suppression list and may not be stored.", code="suppressed", param=kind)


def nameless() -> DomainError:
    """400: nobody could ever find this customer again."""
    return InvalidInput(
        "Missing required field 'email': a customer needs an e-mail address, a phone number or an external id.",
        code="missing_field",
        param="email",
    )


def unborn() -> DomainError:
    """400: nobody is born after tomorrow, wherever on earth today is."""
    return InvalidInput("A date of birth cannot lie in the future.", param="birth_date")


def unknown_customer() -> DomainError:
    """404: there is nothing to change."""
    return NotFound("There is no customer with this id.")


def changed_meanwhile() -> DomainError:
    """412: the caller's copy is out of date."""
    return PreconditionFailed("This customer changed since you read it; read it again and repeat your change.")


def apply(*, draft: Draft, row: Customer) -> list[str]:
    """Put the draft's values onto the row; the names of the fields that changed, attributes as `attributes.key`."""
    values = (BLANK | draft.values) if draft.replace else draft.values
    changed = []
    for name, value in values.items():
        if name == "attributes":
            changed += _apply_attributes(value, row, replace=draft.replace)
        elif getattr(row, name) != value:
            setattr(row, name, value)
            changed.append(name)
    return changed


def _apply_attributes(patch: dict[str, Any], row: Customer, *, replace: bool) -> list[str]:
    before: dict[str, Any] = row.attributes
    merged = ({} if replace else before) | patch
    after = {key: value for key, value in merged.items() if value is not None}
    changed = {key for key in before.keys() | after.keys() if not is_same(before.get(key), after.get(key))}
    row.attributes = {key: value if key in changed else before[key] for key, value in after.items()}
    return sorted(f"attributes.{key}" for key in changed)

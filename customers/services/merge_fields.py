"""The profile columns of two customers on their way into one, and back."""

from datetime import date, datetime
from typing import Any, Final

from customers.models import Customer, Identity
from customers.rules.merging import PROFILE_FIELDS, Choice, Profile, Side, choices
from customers.rules.sealed import is_same
from customers.services.drafts import OWN_KINDS

Image = dict[str, Any]
_ATTRIBUTE: Final = "attributes."


def profile_of(*, customer: Customer, held: dict[str, int]) -> Profile:
    """What the rules of merging look at."""
    return Profile(
        key=customer.public_id,
        values={name: getattr(customer, name) for name in PROFILE_FIELDS},
        attributes=customer.attributes,
        held=held,
        is_known=customer.is_known,
    )


def planned(*, survivor: Customer, absorbed: Customer) -> list[Choice]:
    """What becomes of each field."""
    return choices(profile_of(customer=survivor, held={}), profile_of(customer=absorbed, held={}))


def take_fields(*, survivor: Customer, absorbed: Customer, now: datetime) -> Image:
    """The survivor has the values it lacked; the pre-image names what it had and what it was given."""
    taken = [choice for choice in planned(survivor=survivor, absorbed=absorbed) if choice.winner is Side.ABSORBED]
    columns = {choice.field: choice.result for choice in taken if not choice.field.startswith(_ATTRIBUTE)}
    attributes = {
        choice.field.removeprefix(_ATTRIBUTE): choice.result for choice in taken if choice.field.startswith(_ATTRIBUTE)
    }
    seen = max((at for at in (survivor.last_seen_at, absorbed.last_seen_at) if at), default=None)
    image: Image = {
        "columns": {name: [_plain(getattr(survivor, name)), _plain(value)] for name, value in columns.items()},
        "attributes": attributes,
        "is_known": survivor.is_known,
        "last_seen_at": [_plain(survivor.last_seen_at), _plain(seen)],
        "external_id": absorbed.external_id if "external_id" in columns else None,
    }
    if image["external_id"]:
        Customer.objects.filter(pk=absorbed.pk).update(external_id=None)
    Customer.objects.filter(pk=survivor.pk).update(
        **columns,
        attributes=attributes | survivor.attributes,
        is_known=survivor.is_known or absorbed.is_known,
        last_seen_at=seen,
        updated_at=now,
    )
    return image


def taken_fields(*, image: Image) -> list[str]:
    """Names of the fields that the survivor took over."""
    return [*image["columns"], *(f"{_ATTRIBUTE}{key}" for key in image["attributes"])]


def give_back_fields(*, survivor: Customer, absorbed: Customer, image: Image, now: datetime) -> list[str]:
    """The survivor has again what it had, except where it was changed since; the names of what went back.

    The absorbed row kept its own columns; identifiers that it does not hold any more are emptied there.
    """
    columns = {
        name: before for name, (before, given) in image["columns"].items() if _plain(getattr(survivor, name)) == given
    }
    gone = [key for key, value in image["attributes"].items() if is_same(survivor.attributes.get(key), value)]
    before, given = image["last_seen_at"]
    if _plain(survivor.last_seen_at) == given:
        columns["last_seen_at"] = before
    Customer.objects.filter(pk=survivor.pk).update(
        **columns,
        attributes={key: value for key, value in survivor.attributes.items() if key not in gone},
        is_known=image["is_known"],
        updated_at=now,
    )
    own = {
        "external_id": image["external_id"] or absorbed.external_id,
        "email": absorbed.email,
        "phone": absorbed.phone,
    }
    held = set(Identity.objects.filter(customer=absorbed, kind__in=OWN_KINDS).values_list("kind", "value"))
    kept = {kind: value if (kind, value) in held else None for kind, value in own.items()}
    Customer.objects.filter(pk=absorbed.pk).update(**kept, merged_into=None, updated_at=now)
    return [name for name in columns if name != "last_seen_at"] + [f"{_ATTRIBUTE}{key}" for key in gone]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value

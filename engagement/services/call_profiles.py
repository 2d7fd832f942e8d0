"""Traits that SDKs send, on the profiles of the customers they are about; visitors and newcomers become known."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.actors import Actor
from core.errors import Problem
from core.ids import is_public_id
from customers.selectors.attributes import attribute_rules
from customers.services.attributes import attribute_check
from customers.services.customers import MAX_BATCH, UpsertInput, upsert_customers
from customers.services.drafts import Draft
from customers.services.profiles import AttributeCheck, clean
from engagement.rules.call_traits import profile_of

_UNDEFINED: Final = "No attribute of this name is defined; define it, and it is kept from then on."


@dataclass(frozen=True, slots=True)
class Told:
    """What a call says about the customer of this id; `index` is the call's place in its request."""

    index: int
    user_id: str
    traits: Mapping[str, Any]


def tell_profiles(*, told: Sequence[Told], by: Actor, now: datetime) -> list[tuple[int, Problem]]:
    """Each trait that a profile holds stands there; the others are answered, with the place of their call.

    A trait that is wrong keeps no other from being stored. The same few statements for any number of calls.
    """
    if not told:
        return []
    attributes, check = {rule.key for rule in attribute_rules()}, attribute_check()
    problems: list[tuple[int, Problem]] = []
    wanted: dict[str, list[tuple[int, UpsertInput]]] = defaultdict(list)
    for one in told:
        fields, found = _checked(one.traits, attributes, check)
        problems += [(one.index, problem) for problem in found]
        if fields:
            kind = "id" if is_public_id(one.user_id, "cus") else "external_id"
            wanted[kind].append((one.index, UpsertInput(one.user_id, fields)))
    for kind, inputs in wanted.items():
        drafts = _upsert(kind, [given for _, given in inputs], by, now)
        refusals = zip(inputs, drafts, strict=True)
        problems += [(index, _why(draft)) for (index, _), draft in refusals if draft.refusal is not None]
    return problems


def meet(*, user_ids: Sequence[str], by: Actor, now: datetime) -> None:
    """Customers of these ids exist, unless somebody is suppressed; those that exist stay as they are."""
    _upsert("external_id", [UpsertInput(one, {}) for one in sorted(set(user_ids))], by, now)


def _upsert(kind: str, inputs: Sequence[UpsertInput], by: Actor, now: datetime) -> list[Draft]:
    drafts: list[Draft] = []
    for start in range(0, len(inputs), MAX_BATCH):
        drafts += upsert_customers(id_property=kind, inputs=inputs[start : start + MAX_BATCH], by=by, now=now)
    return drafts


def _checked(
    traits: Mapping[str, Any], attributes: set[str], check: AttributeCheck
) -> tuple[dict[str, Any], list[Problem]]:
    """The fields that can be stored, and why the others cannot."""
    fields, unknown = profile_of(traits, attributes=attributes)
    _, found = clean(properties=fields, check_attributes=check)
    for problem in found:
        name, _, attribute = problem.param.partition(".")
        if name == "attributes" and isinstance(fields.get(name), dict):
            fields[name].pop(attribute.partition(".")[0], None)
        else:
            fields.pop(name, None)
    problems = [Problem(f"traits.{one.param}"[:120], one.code, one.message) for one in found]
    return fields, problems + [Problem(f"traits.{name}", "unknown_attribute", _UNDEFINED) for name in unknown]


def _why(draft: Draft) -> Problem:
    refusal = draft.refusal
    if refusal is None:
        raise ValueError("This draft was not refused.")
    return Problem(f"traits.{refusal.param}" if refusal.param else "traits", refusal.code, refusal.message)

"""When two profiles may become one, which of them stays, and which value wins; pure, no database.

Sources of the caution: https://github.com/PostHog/posthog/issues/5898 (thousands of people in one profile) and
GDPR Art. 5(1)(d), accuracy: two people in one profile are wrong about both.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from customers.rules.identity import STRONG_KINDS, IdentityKind

PROFILE_FIELDS: Final = (
    "external_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "country",
    "region",
    "language",
    "time_zone",
    "birth_date",
    "status",
)
"""The columns of a profile that a merge decides about, in the order in which people read them."""

_TOGETHER: Final = (frozenset({"first_name", "last_name"}), frozenset({"country", "region"}))
_KIND_WORDS: Final = {
    "email": "e-mail addresses",
    "phone": "phone numbers",
    "external_id": "external ids",
    "anonymous_id": "anonymous ids",
    "device_id": "devices",
}


class Side(StrEnum):
    """Whose value stands after a merge."""

    SURVIVOR = "survivor"
    ABSORBED = "absorbed"


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one field: both values, whose stands, and why."""

    field: str
    survivor: Any
    absorbed: Any
    winner: Side
    why: str

    @property
    def result(self) -> Any:
        """The value afterwards."""
        return self.survivor if self.winner is Side.SURVIVOR else self.absorbed


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the rules look at of one profile; `values` by field name, `held` counts identifiers by kind."""

    key: str
    values: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Objection:
    """Why two profiles may not be merged by themselves: a code and a sentence."""

    code: str
    sentence: str


def choices(survivor: Profile, absorbed: Profile) -> list[Choice]:
    """What becomes of each field and custom attribute, in reading order.

    The surviving profile's value stands; the absorbed one fills what is empty. Name and place are taken from one
    profile as a whole: half a name of each would be nobody's. The status is the survivor's.
    """
    found = [_choice(name, survivor.values, absorbed.values) for name in PROFILE_FIELDS]
    keys = sorted(survivor.attributes.keys() | absorbed.attributes.keys())
    return found + [_attribute(key, survivor.attributes, absorbed.attributes) for key in keys]


def _choice(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Choice:
    mine, yours = ours.get(name), theirs.get(name)
    if name == "status":
        return Choice(name, mine, yours, Side.SURVIVOR, "the surviving profile's status stands")
    return _decided(name, mine, yours, torn=_torn(name, ours, theirs))


def _attribute(key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Choice:
    return _decided(f"attributes.{key}", ours.get(key), theirs.get(key))


def _decided(name: str, mine: Any, yours: Any, torn: bool = False) -> Choice:
    if _blank(yours):
        return Choice(
            name, mine, yours, Side.SURVIVOR, "neither has it" if _blank(mine) else "only the survivor has it"
        )
    if not _blank(mine):
        why = "both agree" if mine == yours else "the survivor's value stands"
        return Choice(name, mine, yours, Side.SURVIVOR, why)
    if torn:
        return Choice(name, mine, yours, Side.SURVIVOR, "belongs to another value of the absorbed profile")
    return Choice(name, mine, yours, Side.ABSORBED, "only the absorbed profile has it")


def _torn(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether a value belongs together with another in which the two profiles differ."""
    group = next((names for names in _TOGETHER if name in names), frozenset())
    others = ((ours.get(other), theirs.get(other)) for other in group if other != name)
    return any(not _blank(mine) and not _blank(yours) and mine != yours for mine, yours in others)


def _blank(value: Any) -> bool:
    return value is None or value == "" or value == []


def stays_first(one: Profile, other: Profile, *, ages: Mapping[str, tuple[Any, int]]) -> bool:
    """Whether `one` is the profile that stays: a known one, one with an external id, then the older one.

    `ages` maps the key of each to (created at, database id).
    """

    def rank(profile: Profile) -> tuple[bool, bool, Any]:
        return not profile.is_known, _blank(profile.values.get("external_id")), ages[profile.key]

    return rank(one) <= rank(other)


def over_limit(held: Iterable[Mapping[str, int]], limits: Mapping[str, int]) -> str:
    """A sentence when the identifiers that these profiles hold together are more than one may have, else nothing."""
    together: dict[str, int] = {}
    for counts in held:
        for kind, count in counts.items():
            together[kind] = together.get(kind, 0) + count
    for kind, count in sorted(together.items()):
        if count > limits.get(kind, count):
            return f"One customer may have at most {limits[kind]} {_KIND_WORDS.get(kind, kind)}; this makes {count}."
    return ""


def objections(one: Profile, other: Profile, *, shared: str, limits: Mapping[str, int]) -> list[Objection]:
    """Why these two known profiles, which share an identifier of the kind `shared`, are not merged without people.

    None when the identifier names a person, at most one has an external id, nothing known of one contradicts the
    other, a shared phone number comes with the same full name, and together they hold no more than one may.
    """
    return [
        objection
        for objection in (
            _weak(shared),
            _both_identified(one, other),
            _born_apart(one, other),
            _names_apart(one, other, shared),
            _too_many(one, other, limits),
        )
        if objection
    ]


def _weak(shared: str) -> Objection | None:
    if shared in STRONG_KINDS:
        return None
    return Objection("weak_identifier", "Browsers and devices are shared by people.")


def _both_identified(one: Profile, other: Profile) -> Objection | None:
    ours, theirs = one.values.get("external_id"), other.values.get("external_id")
    if _blank(ours) or _blank(theirs) or ours == theirs:
        return None
    return Objection("both_identified", "Both have an external id, and they differ.")


def _born_apart(one: Profile, other: Profile) -> Objection | None:
    ours, theirs = one.values.get("birth_date"), other.values.get("birth_date")
    if isinstance(ours, date) and isinstance(theirs, date) and ours != theirs:
        return Objection("other_birth_date", "Their dates of birth differ.")
    return None


def _names_apart(one: Profile, other: Profile, shared: str) -> Objection | None:
    pairs = [(folded(one.values.get(name)), folded(other.values.get(name))) for name in ("first_name", "last_name")]
    if any(ours and theirs and ours != theirs for ours, theirs in pairs):
        return Objection("other_name", "Their names differ.")
    if shared == IdentityKind.PHONE and not all(ours and theirs for ours, theirs in pairs):
        return Objection("name_needed", "A phone number is shared by households; only the same full name settles it.")
    return None


def _too_many(one: Profile, other: Profile, limits: Mapping[str, int]) -> Objection | None:
    sentence = over_limit([one.held, other.held], limits)
    return Objection("identifier_limit", sentence) if sentence else None


def folded(text: Any) -> str:
    """Letters only, without accents and case: how names are compared."""
    plain = unicodedata.normalize("NFKD", str(text or "").casefold())
    return "".join(character for character in plain if character.isalnum())

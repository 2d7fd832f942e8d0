"""How good customer data is: what is wrong with it, found in one pass, and a score; pure, no database.

The characteristics and the form of their measures (the share of items without the defect) follow ISO/IEC 25012 and
25024: completeness, accuracy of form (here validity), consistency, uniqueness, currentness.
"""

import dataclasses
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models.enums import TextChoices

from customers.rules.countries import COUNTRY_NAMES, country_code
from customers.rules.governance import Policy, breaks, is_blank
from customers.rules.sealed import is_sealed

SAMPLE: Final = 500
"""So many customers are named for each finding."""
SPELLINGS_OF_FIELD: Final = 5_000
SPELLINGS_OF_ALL: Final = 50_000
"""A field with more different values is free text, and its spellings are not compared; likewise beyond all fields'."""
PEOPLE_OF_SPELLING: Final = 20
SHARE_OF_KIND: Final = 0.02
"""From this share on a second kind of value is a second purpose of the field, not a slip."""


class Check(TextChoices):
    """What is looked for; the stored text is the API's spelling."""

    MISSING = "missing", "No value"
    FORMAT = "format", "Not in the format of the field"
    ALLOWED = "allowed", "Not an allowed value"
    SPELLING = "spelling", "The same value in several spellings"
    COUNTRY = "country", "Country names beside country codes"
    MIXED = "mixed", "Several kinds of value in one field"
    DUPLICATE = "duplicate", "Profiles that may be one person"
    STALE = "stale", "Nothing heard or changed for long"


class Dimension(TextChoices):
    """The characteristics that the score is made of."""

    COMPLETENESS = "completeness", "Completeness"
    VALIDITY = "validity", "Validity"
    CONSISTENCY = "consistency", "Consistency"
    UNIQUENESS = "uniqueness", "Uniqueness"
    CURRENTNESS = "currentness", "Currentness"


WEIGHTS: Final = {
    Dimension.COMPLETENESS: 25,
    Dimension.VALIDITY: 25,
    Dimension.CONSISTENCY: 20,
    Dimension.UNIQUENESS: 20,
    Dimension.CURRENTNESS: 10,
}
DIMENSION_OF: Final = {
    Check.MISSING: Dimension.COMPLETENESS,
    Check.FORMAT: Dimension.VALIDITY,
    Check.ALLOWED: Dimension.VALIDITY,
    Check.SPELLING: Dimension.CONSISTENCY,
    Check.COUNTRY: Dimension.CONSISTENCY,
    Check.MIXED: Dimension.CONSISTENCY,
    Check.DUPLICATE: Dimension.UNIQUENESS,
    Check.STALE: Dimension.CURRENTNESS,
}

_KINDS: Final = (
    ("yes or no", re.compile(r"(yes|no|true|false|ja|nein|oui|non)", re.IGNORECASE)),
    ("date, year first", re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.+Z-]+)?")),
    ("date with dots", re.compile(r"\d{1,2}\.\d{1,2}\.\d{2}(\d{2})?")),
    ("date with slashes", re.compile(r"\d{1,2}/\d{1,2}/\d{2}(\d{2})?")),
    ("e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("web address", re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)),
    ("phone number", re.compile(r"\+\d[\d ()/-]{6,}")),
    ("number", re.compile(r"[+-]?\d[\d.,/ -]*%?")),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One customer: row id, values by field (`attributes.<key>` for attributes), the last sign of life or change."""

    pk: int
    values: Mapping[str, Any]
    touched: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """`count` of `of` things are wrong in a field; some of the customers; figures that say more, without any value."""

    check: str
    field: str
    count: int
    of: int
    people: tuple[int, ...] = ()
    parts: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """A characteristic: `defects` among `of` things; its score is the share without, from 0 to 100."""

    dimension: str
    defects: int
    of: int

    @property
    def score(self) -> float:
        """One decimal."""
        return round(100 * (1 - min(1.0, self.defects / self.of)), 1)


@dataclass(frozen=True, slots=True)
class Result:
    """What an audit found; `score` is None when there was nothing to measure."""

    people: int
    score: float | None
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]


def kind_of(value: Any) -> str:
    """What sort of thing a value is, whatever its field is for."""
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "number"
    text = str(value).strip()
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), "text")


def folded(text: str) -> str:
    """What two spellings of one value have in common: case, runs of white space and compatibility forms set aside."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class _Tally:
    """A count and the first customers behind it."""

    __slots__ = ("count", "people")

    def __init__(self) -> None:
        self.count = 0
        self.people = array("q")

    def add(self, pk: int, most: int = SAMPLE) -> None:
        self.count += 1
        if len(self.people) < most:
            self.people.append(pk)


class _Field:
    """What was seen in one field."""

    def __init__(self, policy: Policy, compared: bool) -> None:
        self.policy, self.compared = policy, compared
        self.values = 0
        self.missing, self.wrong = _Tally(), {"format": _Tally(), "allowed": _Tally()}
        self.kinds: dict[str, _Tally] = {}
        self.spellings: dict[str, _Tally] | None = {} if compared else None

    def look(self, pk: int, value: Any, room: int) -> int:
        """Take a value in; how many spellings more (or, once there are too many, fewer) are remembered."""
        if is_blank(value):
            self.missing.add(pk)
            return 0
        self.values += 1
        if broken := breaks(self.policy, value):
            self.wrong[broken].add(pk)
        if not self.compared or is_sealed(value):
            return 0
        grown = 0
        for item in value if isinstance(value, list) else [value]:
            self.kinds.setdefault(kind_of(item), _Tally()).add(pk)
            grown += self._spell(pk, str(item), room - grown)
        return grown

    def _spell(self, pk: int, text: str, room: int) -> int:
        if self.spellings is None:
            return 0
        known = self.spellings.get(text)
        if known is not None:
            known.add(pk, PEOPLE_OF_SPELLING)
            return 0
        if len(self.spellings) >= SPELLINGS_OF_FIELD or room <= 0:
            freed, self.spellings = len(self.spellings), None
            return -freed
        self.spellings[text] = tally = _Tally()
        tally.add(pk, PEOPLE_OF_SPELLING)
        return 1


class Audit:
    """Looks at one customer after the other; what it keeps does not grow with their number.

    `policies` are the rules of the fields to look at, `compared` those of them whose values are free to be anything,
    so that spellings and kinds are compared. Who was not heard of since `stale_before` is stale.
    """

    def __init__(self, policies: Iterable[Policy], compared: Collection[str], stale_before: datetime) -> None:
        self._fields = {policy.field: _Field(policy, policy.field in compared) for policy in policies}
        self._stale_before = stale_before
        self._stale = _Tally()
        self._spellings = 0
        self.people = 0

    def look(self, profile: Profile) -> None:
        """Take one customer in."""
        self.people += 1
        if profile.touched < self._stale_before:
            self._stale.add(profile.pk)
        for name, seen in self._fields.items():
            room = SPELLINGS_OF_ALL - self._spellings
            self._spellings += seen.look(profile.pk, profile.values.get(name), room)

    def result(self, *, duplicates: int) -> Result:
        """Findings, gravest share first, and the score; `duplicates` pairs wait to be reviewed."""
        if not self.people:
            return Result(0, None, (), ())
        findings = [finding for seen in self._fields.values() for finding in self._of_field(seen)]
        findings.append(Finding(Check.DUPLICATE, "", duplicates, self.people))
        findings.append(Finding(Check.STALE, "", self._stale.count, self.people, tuple(self._stale.people)))
        measures = tuple(self._measures(findings))
        real = [finding for finding in findings if finding.count]
        ordered = sorted(real, key=lambda finding: (-finding.count / finding.of, finding.check, finding.field))
        return Result(self.people, score_of(measures), measures, tuple(ordered))

    def _of_field(self, seen: _Field) -> Iterable[Finding]:
        name, policy = seen.policy.field, seen.policy
        if policy.required:
            yield Finding(Check.MISSING, name, seen.missing.count, self.people, tuple(seen.missing.people))
        for check in (Check.FORMAT, Check.ALLOWED):
            tally = seen.wrong[check.value]
            if tally.count:
                yield Finding(check, name, tally.count, seen.values, tuple(tally.people))
        if seen.compared:
            yield from (found for found in (_spelling(seen), _countries(seen), _mixed(seen)) if found)

    def _measures(self, findings: Iterable[Finding]) -> Iterable[Measure]:
        """A characteristic without anything to measure is left out; no value counts as inconsistent twice."""
        defects: Counter[str] = Counter()
        inconsistent: Counter[str] = Counter()
        for finding in findings:
            dimension = DIMENSION_OF[Check(finding.check)]
            if dimension == Dimension.CONSISTENCY:
                inconsistent[finding.field] += finding.count
            else:
                defects[dimension] += finding.count
        seen = self._fields.values()
        items = {one.policy.field: sum(tally.count for tally in one.kinds.values()) for one in seen}
        defects[Dimension.CONSISTENCY] = sum(min(count, items[name]) for name, count in inconsistent.items())
        of = {
            Dimension.COMPLETENESS: sum(self.people for one in seen if one.policy.required),
            Dimension.VALIDITY: sum(one.values for one in seen if one.policy.format or one.policy.allowed),
            Dimension.CONSISTENCY: sum(items.values()),
            Dimension.UNIQUENESS: self.people,
            Dimension.CURRENTNESS: self.people,
        }
        return (Measure(each, min(defects[each], of[each]), of[each]) for each in Dimension if of[each])


def score_of(measures: Iterable[Measure]) -> float | None:
    """The mean of the characteristics' scores by WEIGHTS, from 0 to 100; None without any."""
    known = list(measures)
    total = sum(WEIGHTS[Dimension(one.dimension)] for one in known)
    return round(sum(WEIGHTS[Dimension(one.dimension)] * one.score for one in known) / total, 1) if known else None


def _spelling(seen: _Field) -> Finding | None:
    """Values that are not written as most who mean the same write them."""
    groups: dict[str, list[tuple[str, _Tally]]] = {}
    for text, tally in (seen.spellings or {}).items():
        groups.setdefault(folded(text), []).append((text, tally))
    several = [sorted(group, key=lambda one: (-one[1].count, one[0])) for group in groups.values() if len(group) > 1]
    others = [tally for group in several for _, tally in group[1:]]
    if not others:
        return None
    parts = {"values": len(several), "spellings": sum(len(group) for group in several)}
    return _found(Check.SPELLING, seen, others, parts)


def _countries(seen: _Field) -> Finding | None:
    """Country names in a field that holds codes, or the reverse: whichever are fewer."""
    spelt = (seen.spellings or {}).items()
    codes = [tally for text, tally in spelt if text in COUNTRY_NAMES]
    names = [tally for text, tally in spelt if len(text.strip()) > 3 and country_code(text)]
    by_code, by_name = (sum(tally.count for tally in some) for some in (codes, names))
    if not codes or not names or 2 * (by_code + by_name) <= sum(tally.count for _, tally in spelt):
        return None
    return _found(Check.COUNTRY, seen, names if by_name <= by_code else codes, {"codes": by_code, "names": by_name})


def _mixed(seen: _Field) -> Finding | None:
    """Values of another kind than most, when such kinds have a share worth the name."""
    total = sum(tally.count for tally in seen.kinds.values())
    kinds = sorted(
        ((kind, tally) for kind, tally in seen.kinds.items() if tally.count >= SHARE_OF_KIND * total),
        key=lambda one: (-one[1].count, one[0]),
    )
    if len(kinds) < 2:
        return None
    return _found(Check.MIXED, seen, [tally for _, tally in kinds[1:]], {kind: tally.count for kind, tally in kinds})


def _found(check: Check, seen: _Field, tallies: list[_Tally], parts: Mapping[str, int]) -> Finding:
    people = dict.fromkeys(pk for tally in tallies for pk in tally.people)
    of = sum(tally.count for tally in seen.kinds.values())
    count = sum(tally.count for tally in tallies)
    return Finding(check, seen.policy.field, count, of, tuple(people)[:SAMPLE], parts)

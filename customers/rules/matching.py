"""Whether two profiles may be one person: blocking keys, agreement field by field, and a score; pure, no database.

The score adds, for each field that both have, log2(m / u) of how it agrees: m is how often the same person's fields
agree so, u how often strangers' do (I. P. Fellegi, A. B. Sunter, A Theory for Record Linkage, JASA 64, 1969). The
weights below are whole tenths from the error rates of typed forms; a field that one of them lacks says nothing.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import combinations
from typing import Final

LARGEST_BLOCK: Final = 100
"""A key that more people share says nothing: its pairs are not looked at."""
POSSIBLE: Final = 14.0
"""From this score on a pair is worth a look: more than a shared full name, which strangers have too (13.0)."""
LIKELY: Final = 20.0


class Agreement(StrEnum):
    """How two values of a field agree."""

    SAME = "same"
    CLOSE = "close"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is compared; names and places folded by `person_of`, dates as YYYYMMDD, empty where unknown."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How one field agrees and what that adds to the score."""

    field: str
    agreement: Agreement
    weight: float


# (same, close, different)
WEIGHTS: Final[Mapping[str, tuple[float, float, float]]] = {
    "first_name": (6.4, 3.3, -4.0),
    "last_name": (6.6, 3.3, -4.0),
    "birth_date": (11.0, 5.0, -4.0),
    "email": (12.0, 6.0, -0.5),
    "phone": (11.0, 4.0, -0.5),
    "street": (8.0, 4.5, -3.0),
    "city": (5.5, 3.0, -2.5),
    "postcode": (6.0, 2.5, -2.5),
    "region": (1.5, 0.0, -1.5),
}


def person_of(values: Mapping[str, str]) -> Person:
    """Folded values: letters and digits only, without accents and case; e-mail addresses without what follows a +."""
    known = {field.name for field in fields(Person)}
    folded = {name: _folded(value) for name, value in values.items() if name in known and name != "email"}
    local, _, domain = values.get("email", "").lower().partition("@")
    address = f"{local.partition('+')[0]}@{domain}" if domain else ""
    return Person(**folded, email=address)


def blocking_keys(person: Person) -> frozenset[str]:
    """What two profiles must share, one of them at least, to be compared."""
    first, last = person.first_name, person.last_name
    keys = set()
    if first and last:
        keys |= {f"name:{sounds(last)}:{first[0]}", f"name:{sounds(first)}:{last[0]}"}
    if person.birth_date:
        keys.add(f"born:{person.birth_date}")
        keys |= {f"year:{person.birth_date[:4]}:{sounds(name)}" for name in (first, last) if name}
    if person.postcode:
        keys |= {f"post:{person.postcode}:{name[:3]}" for name in (first, last) if name}
    if person.street and (person.postcode or person.city):
        keys.add(f"street:{person.street[:8]}:{(person.postcode or person.city)[:3]}")
    local = person.email.partition("@")[0]
    if len(local) >= 5:
        keys.add(f"mail:{local}")
    if len(person.phone) >= 8:
        keys.add(f"call:{person.phone[-8:]}")
    return frozenset(keys)


def compare(one: Person, other: Person) -> list[Evidence]:
    """How each field that both have agrees; names that changed places agree closely."""
    found = []
    for name, weights in WEIGHTS.items():
        ours, theirs = getattr(one, name), getattr(other, name)
        if ours and theirs:
            agreement = _RULES.get(name, _text)(ours, theirs)
            found.append(Evidence(name, agreement, weights[_PLACE[agreement]]))
    if one.first_name and one.first_name == other.last_name and one.last_name == other.first_name:
        names = ("first_name", "last_name")
        found = [e for e in found if e.field not in names]
        found += [Evidence(name, Agreement.CLOSE, WEIGHTS[name][1]) for name in names]
    return found


def score(evidence: Iterable[Evidence]) -> float:
    """The sum of the weights."""
    return round(sum(one.weight for one in evidence), 1)


def pairs_of(people: Mapping[str, Person], *, threshold: float = POSSIBLE) -> Iterator[tuple[str, str, float]]:
    """(name, name, score) of every pair at or above the threshold; holds all people in memory: for measuring."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for name, person in people.items():
        for key in blocking_keys(person):
            blocks[key].append(name)
    wanted = {
        pair for names in blocks.values() if len(names) <= LARGEST_BLOCK for pair in combinations(sorted(names), 2)
    }
    for left, right in sorted(wanted):
        total = score(compare(people[left], people[right]))
        if total >= threshold:
            yield left, right, total


def sounds(name: str) -> str:
    """Soundex (U.S. National Archives): the first letter and three digits for the consonants that follow."""
    letters = [letter for letter in name if letter.isascii() and letter.isalpha()]
    if not letters:
        return name[:4]
    code, last = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDS.get(letter, "")
        if digit and digit != last:
            code += digit
        last = last if letter in "hw" else digit
    return code[:4].ljust(4, "0")


_SOUNDS: Final = {
    letter: digit
    for digit, letters in (("1", "bfpv"), ("2", "cgjkqsxz"), ("3", "dt"), ("4", "l"), ("5", "mn"), ("6", "r"))
    for letter in letters
}
_PLACE: Final = {Agreement.SAME: 0, Agreement.CLOSE: 1, Agreement.DIFFERENT: 2}


def similarity(one: str, other: str) -> float:
    """Jaro-Winkler similarity, 0 to 1 (W. E. Winkler, 1990; prefix of at most four, scale 0.1)."""
    jaro = _jaro(one, other)
    prefix = 0
    for ours, theirs in zip(one[:4], other[:4], strict=False):
        if ours != theirs:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def _jaro(one: str, other: str) -> float:
    if one == other:
        return 1.0
    reach = max(len(one), len(other)) // 2 - 1
    used = [False] * len(other)
    matched = []
    for place, letter in enumerate(one):
        for there in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not used[there] and other[there] == letter:
                used[there] = True
                matched.append(letter)
                break
    if not matched:
        return 0.0
    theirs = [letter for letter, taken in zip(other, used, strict=True) if taken]
    swapped = sum(ours != yours for ours, yours in zip(matched, theirs, strict=True)) / 2
    count = len(matched)
    return (count / len(one) + count / len(other) + (count - swapped) / count) / 3


def _text(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement.SAME
    return Agreement.CLOSE if similarity(one, other) >= 0.88 else Agreement.DIFFERENT


def _digits(one: str, other: str) -> Agreement:
    """Close when one place differs, or the same digits stand in another order (a typing slip, day and month)."""
    if one == other:
        return Agreement.SAME
    near = len(one) == len(other) and (
        sum(ours != theirs for ours, theirs in zip(one, other, strict=True)) <= 1 or sorted(one) == sorted(other)
    )
    return Agreement.CLOSE if near else Agreement.DIFFERENT


def _email(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement.SAME
    same_mailbox = one.partition("@")[0] == other.partition("@")[0]
    return Agreement.CLOSE if same_mailbox else Agreement.DIFFERENT


def _phone(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement.SAME
    return Agreement.CLOSE if one[-8:] == other[-8:] else Agreement.DIFFERENT


def _exact(one: str, other: str) -> Agreement:
    return Agreement.SAME if one == other else Agreement.DIFFERENT


_RULES: Final[Mapping[str, Callable[[str, str], Agreement]]] = {
    "birth_date": _digits,
    "postcode": _digits,
    "email": _email,
    "phone": _phone,
    "region": _exact,
}


@dataclass(frozen=True, slots=True)
class Measure:
    """How well pairs that were found match those that are true."""

    true: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found."""
        return self.right / self.true if self.true else 1.0


def measure(found: Sequence[tuple[str, str]], true: Iterable[tuple[str, str]]) -> Measure:
    """Pairs without order."""
    wanted = {frozenset(pair) for pair in true}
    pairs = {frozenset(pair) for pair in found}
    return Measure(true=len(wanted), found=len(pairs), right=len(pairs & wanted))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())

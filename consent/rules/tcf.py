"""TC strings of the IAB Europe Transparency and Consent Framework, version 2 of the format (TCF 2.0 to 2.3).

Segments parted by dots: the core comes first, then in any order the vendors disclosed (type 1), the vendors allowed
(2) and the publisher's own choices (3). Source: IAB Tech Lab, Consent string and vendor list formats v2. Sets of
vendors are answered as ascending pairs (first, last), so that no answer is longer than its string.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from consent.rules.bits import Bits, GppError
from consent.rules.periods import add_months
from consent.rules.tcf_purposes import PURPOSES
from consent.rules.vocabulary import Channel, Purpose

MAX_LENGTH: Final = 2_000
MAX_AGE_MONTHS: Final = 13
"""After so many months a person is asked again (TCF Policies, appendix B)."""

_VERSION: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DECISECOND: Final = timedelta(milliseconds=100)
_RESTRICTIONS: Final = ("not_allowed", "require_consent", "require_legitimate_interest")

Ranges = list[list[int]]
Section = Mapping[str, Any]


def decode_tc(text: str) -> dict[str, Any]:
    """What a TC string says, under the names of the specification; instants as ISO 8601 texts in UTC.

    `DisclosedVendors`, `AllowedVendors` and `PublisherTC` are there when their segments are. GppError for signs that
    are not base64url, another version, a segment cut short, unknown or twice, and vendors out of range.
    """
    if len(text) > MAX_LENGTH:
        raise GppError(f"A TC string has at most {MAX_LENGTH} characters.")
    core, *segments = text.split(".")
    said = _core(Bits(core))
    for segment in segments:
        name, values = _segment(Bits(segment))
        if name in said:
            raise GppError(f"The segment {name} is there twice.")
        said[name] = values
    return said


def _core(bits: Bits) -> dict[str, Any]:
    version = bits.number(6)
    if version != _VERSION:
        raise GppError(f"Version {version} of TC strings is not known, only {_VERSION}.")
    return {"Version": version} | {name: read(bits) for name, read in _CORE}


def _segment(bits: Bits) -> tuple[str, Any]:
    number = bits.number(3)
    if number not in _SEGMENTS:
        raise GppError(f"There is no segment of type {number}.")
    name, read = _SEGMENTS[number]
    return name, read(bits)


def _number(width: int) -> Callable[[Bits], int]:
    return lambda bits: bits.number(width)


def _ids(width: int) -> Callable[[Bits], list[int]]:
    return lambda bits: bits.ids(width)


def _instant(bits: Bits) -> str:
    return (_EPOCH + bits.number(36) * _DECISECOND).isoformat()


def _letters(bits: Bits) -> str:
    numbers = (bits.number(6), bits.number(6))
    if max(numbers) > ord("Z") - ord("A"):
        raise GppError("A language or country is not made of letters.")
    return "".join(chr(ord("A") + number) for number in numbers)


def _vendors(bits: Bits) -> Ranges:
    """A set of vendors, written as one bit each or as ranges."""
    top = bits.number(16)
    return _ranges(bits, top) if bits.flag() else _joined([[place, place] for place in bits.ids(top)])


def _ranges(bits: Bits, top: int | None = None) -> Ranges:
    found: Ranges = []
    for _ in range(bits.number(12)):
        many, first = bits.flag(), bits.number(16)
        last = bits.number(16) if many else first
        if first < 1 or last < first or (top is not None and last > top):
            raise GppError(f"The range of vendors {first} to {last} is impossible.")
        found.append([first, last])
    return _joined(sorted(found))


def _joined(pairs: Ranges) -> Ranges:
    """Ascending pairs with overlapping and neighbouring ones made one."""
    found: Ranges = []
    for first, last in pairs:
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return found


def _restrictions(bits: Bits) -> list[dict[str, Any]]:
    return [_restriction(bits) for _ in range(bits.number(12))]


def _restriction(bits: Bits) -> dict[str, Any]:
    purpose, kind = bits.number(6), bits.number(2)
    if kind >= len(_RESTRICTIONS):
        raise GppError(f"There is no restriction of type {kind}.")
    return {"PurposeId": purpose, "RestrictionType": _RESTRICTIONS[kind], "Vendors": _ranges(bits)}


def _publisher(bits: Bits) -> dict[str, Any]:
    consents, interests, custom = bits.ids(24), bits.ids(24), bits.number(6)
    return {
        "PubPurposesConsent": consents,
        "PubPurposesLITransparency": interests,
        "CustomPurposesConsent": bits.ids(custom),
        "CustomPurposesLITransparency": bits.ids(custom),
    }


_CORE: Final[tuple[tuple[str, Callable[[Bits], Any]], ...]] = (
    ("Created", _instant),
    ("LastUpdated", _instant),
    ("CmpId", _number(12)),
    ("CmpVersion", _number(12)),
    ("ConsentScreen", _number(6)),
    ("ConsentLanguage", _letters),
    ("VendorListVersion", _number(12)),
    ("TcfPolicyVersion", _number(6)),
    ("IsServiceSpecific", Bits.flag),
    ("UseNonStandardStacks", Bits.flag),
    ("SpecialFeatureOptIns", _ids(12)),
    ("PurposesConsent", _ids(24)),
    ("PurposesLITransparency", _ids(24)),
    ("PurposeOneTreatment", Bits.flag),
    ("PublisherCC", _letters),
    ("VendorConsents", _vendors),
    ("VendorLegitimateInterests", _vendors),
    ("PubRestrictions", _restrictions),
)
_SEGMENTS: Final[Mapping[int, tuple[str, Callable[[Bits], Any]]]] = {
    1: ("DisclosedVendors", _vendors),
    2: ("AllowedVendors", _vendors),
    3: ("PublisherTC", _publisher),
}


def counts(said: Section) -> bool:
    """Whether a decoded string may stand for a consent: TCF 2.3 asks for the segment of disclosed vendors."""
    return "DisclosedVendors" in said


def ask_again_at(said: Section) -> datetime:
    """The instant from which what the string says no longer counts: 13 months after it was last updated."""
    return add_months(datetime.fromisoformat(said["LastUpdated"]), MAX_AGE_MONTHS)


def is_later(said: Section, at: datetime) -> bool:
    """Whether the string says that it was last updated after this instant."""
    return datetime.fromisoformat(said["LastUpdated"]) > at


def missing(said: Section, kind: Purpose, channel: Channel, *, by_interest: bool = False, vendor: int = 0) -> list[int]:
    """The purposes of the TCF that one of ours rests on and the string does not grant, ascending.

    Granted is what was consented to or, `by_interest`, was disclosed as a legitimate interest and not objected to;
    never so for purpose 1 and, since TCF 2.2, purposes 3 to 6. What the publisher restricts for this `vendor` goes
    before any other signal. Empty for purposes of ours that the TCF has no word on.
    """
    interests = {number for number in said["PurposesLITransparency"] if _may_be_interest(number)}
    granted = interests if by_interest else set(said["PurposesConsent"])
    granted -= _restricted(said, vendor, by_interest)
    return [number for number in _needed(kind, channel) if number not in granted]


def leaves_out(said: Section, vendor: int, kind: Purpose, channel: Channel, *, by_interest: bool = False) -> bool:
    """Whether the vendor was not disclosed, or got no consent (`by_interest`: was objected to).

    Never for purposes of ours that the TCF has no word on. A string without the vendors disclosed is judged by
    `counts`.
    """
    given = said["VendorLegitimateInterests" if by_interest else "VendorConsents"]
    disclosed = _holds(said.get("DisclosedVendors", given), vendor)
    return bool(_needed(kind, channel)) and not (disclosed and _holds(given, vendor))


def _restricted(said: Section, vendor: int, by_interest: bool) -> set[int]:
    """The purposes that the publisher forbids this vendor altogether, or on this ground."""
    forbidding = ("not_allowed", "require_consent" if by_interest else "require_legitimate_interest")
    rows = [row for row in said["PubRestrictions"] if row["RestrictionType"] in forbidding]
    return {row["PurposeId"] for row in rows if _holds(row["Vendors"], vendor)}


def _holds(pairs: Ranges, vendor: int) -> bool:
    return any(first <= vendor <= last for first, last in pairs)


def refused(said: Section) -> frozenset[Purpose]:
    """Our purposes that the string grants neither by consent nor by a legitimate interest."""
    ours = {row.ours for row in PURPOSES.values() if row.ours}
    granted = set(said["PurposesConsent"]) | {n for n in said["PurposesLITransparency"] if _may_be_interest(n)}
    return frozenset(kind for kind in ours if not granted.issuperset(_needed(kind, Channel.ANY)))


def _may_be_interest(number: int) -> bool:
    return number in PURPOSES and PURPOSES[number].by_interest


def _needed(kind: Purpose, channel: Channel) -> list[int]:
    if kind is Purpose.MARKETING and channel is Channel.ADS_AUDIENCE:
        kind = Purpose.TARGETED_ADS
    needed = [number for number, row in PURPOSES.items() if row.ours is kind]
    return [1, *needed] if needed and channel is Channel.COOKIE else needed

"""Strings of the IAB Global Privacy Platform (GPP 1.1): which sections they hold, and what these say.

Decoded are the TC string of Europe (section 2, see `consent.rules.tcf`), US national (7, versions 1 and 2), California
(8) and the older US privacy string (6). Any other section is named and kept as it came. Format: base64url without
padding; the header lists the section ids as a range of Fibonacci-coded integers; core and GPC segments of a section are
parted by a dot.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from consent.rules import tcf
from consent.rules.bits import Bits, GppError
from consent.rules.vocabulary import Purpose

NAMES: Final = {
    2: "tcfeuv2", 5: "tcfcav1", 6: "uspv1", 7: "usnat", 8: "usca", 9: "usva", 10: "usco", 11: "usut", 12: "usct",
    13: "usfl", 14: "usmt", 15: "usor", 16: "ustx", 17: "usde", 18: "usia", 19: "usne", 20: "usnh", 21: "usnj",
    22: "ustn", 23: "usmn", 24: "usmd", 25: "usin", 26: "usky", 27: "usri",
}  # fmt: skip
TC: Final = NAMES[2]
MAX_LENGTH: Final = 2_000
_HEADER_TYPE: Final = 3
_GPC_SEGMENT: Final = 1
_OPTED_OUT: Final = 1

Layout = tuple[tuple[str, int], ...]
"""Names of fields after the version, each with how many two-bit values it holds."""

_END: Final[Layout] = (
    ("PersonalDataConsents", 1),
    ("MspaCoveredTransaction", 1),
    ("MspaOptOutOptionMode", 1),
    ("MspaServiceProviderMode", 1),
)
_CALIFORNIA: Final[Layout] = (
    ("SaleOptOutNotice", 1),
    ("SharingOptOutNotice", 1),
    ("SensitiveDataLimitUseNotice", 1),
    ("SaleOptOut", 1),
    ("SharingOptOut", 1),
    ("SensitiveDataProcessing", 9),
    ("KnownChildSensitiveDataConsents", 2),
    *_END,
)
_NATIONAL_START: Final[Layout] = (
    ("SharingNotice", 1),
    ("SaleOptOutNotice", 1),
    ("SharingOptOutNotice", 1),
    ("TargetedAdvertisingOptOutNotice", 1),
    ("SensitiveDataProcessingOptOutNotice", 1),
    ("SensitiveDataLimitUseNotice", 1),
    ("SaleOptOut", 1),
    ("SharingOptOut", 1),
    ("TargetedAdvertisingOptOut", 1),
)
_SHORT: Final[Layout] = (
    *_NATIONAL_START, ("SensitiveDataProcessing", 12), ("KnownChildSensitiveDataConsents", 2), *_END,
)  # fmt: skip
_LONG: Final[Layout] = (
    *_NATIONAL_START, ("SensitiveDataProcessing", 16), ("KnownChildSensitiveDataConsents", 3), *_END,
)  # fmt: skip
_LONG_BITS: Final = 70


def decode_gpp(text: str) -> dict[str, dict[str, Any]]:
    """What each section of a GPP string says, by its name; GppError for anything that is no GPP string.

    A section that is not decoded answers its words under `Raw`.
    """
    if len(text) > MAX_LENGTH:
        raise GppError(f"A GPP string has at most {MAX_LENGTH} characters.")
    header, *sections = text.split("~")
    names = [_name(number) for number in section_ids(header)]
    if len(names) != len(sections):
        raise GppError(f"The header announces {len(names)} section(s), the string holds {len(sections)}.")
    return {name: decode_section(name, section) for name, section in zip(names, sections, strict=True)}


def section_ids(header: str) -> list[int]:
    """The section ids that a header announces, ascending."""
    bits = Bits(header)
    if bits.number(6) != _HEADER_TYPE:
        raise GppError("This is not the header of a GPP string.")
    if bits.number(6) != 1:
        raise GppError("Only version 1 of the GPP header is known.")
    found: list[int] = []
    for _ in range(bits.number(12)):
        is_range = bits.number(1)
        start = (found[-1] if found else 0) + bits.fibonacci()
        end = start + bits.fibonacci() if is_range else start
        if end > max(NAMES):
            raise GppError(f"There is no section {end}.")
        found.extend(range(start, end + 1))
    return found


def _name(number: int) -> str:
    if number not in NAMES:
        raise GppError(f"There is no section {number}.")
    return NAMES[number]


def sections_on_record(text: str) -> dict[str, dict[str, Any]]:
    """As `decode_gpp`, for a string accepted once: of a section that is refused today the words, under `Raw`."""
    header, *sections = text.split("~")
    names = [_name(number) for number in section_ids(header)]
    return {name: _lenient(name, section) for name, section in zip(names, sections, strict=True)}


def tc_sections(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the TC strings among some stored evidence say: the one within a GPP string, then the one alone."""
    within = sections_on_record(evidence["gpp"]).get(TC) if "gpp" in evidence else None
    alone = tcf.decode_tc(evidence["tc_string"]) if "tc_string" in evidence else None
    return [said for said in (within, alone) if said is not None]


def _lenient(name: str, text: str) -> dict[str, Any]:
    try:
        return decode_section(name, text)
    except GppError:
        return {"Raw": text}


def decode_section(name: str, text: str) -> dict[str, Any]:
    """The fields of one section under the names of the specification; values as it writes them."""
    decoder = _DECODERS.get(name)
    return decoder(text) if decoder else {"Raw": text}


def _usp(text: str) -> dict[str, Any]:
    if len(text) != 4 or not text[0].isdecimal() or any(sign not in "YN-" for sign in text[1:]):
        raise GppError("A US privacy string is a version and three of Y, N and -.")
    return {"Version": int(text[0]), "Notice": text[1], "OptOutSale": text[2], "LspaCovered": text[3]}


def _usca(text: str) -> dict[str, Any]:
    core, *segments = text.split(".")
    bits = Bits(core)
    version = bits.number(6)
    if version != 1:
        raise GppError(f"Version {version} of section usca is not known.")
    return {"Version": version} | _fields(bits, _CALIFORNIA) | _segment(segments)


def _usnat(text: str) -> dict[str, Any]:
    """Writers exist that announce one version and write in the length of the other: the length says how to read, the
    version how many values to answer (missing ones are 0, not applicable)."""
    core, *segments = text.split(".")
    bits = Bits(core)
    version = bits.number(6)
    if version not in (1, 2):
        raise GppError(f"Version {version} of section usnat is not known.")
    said = _fields(bits, _LONG if len(bits.bits) >= _LONG_BITS else _SHORT)
    for field, count in _SHORT if version == 1 else _LONG:
        if count > 1:
            said[field] = (said[field] + [0] * count)[:count]
    return {"Version": version} | said | _segment(segments)


def _fields(bits: Bits, layout: Layout) -> dict[str, Any]:
    found = {field: [bits.number(2) for _ in range(count)] for field, count in layout}
    return {field: values if len(values) > 1 else values[0] for field, values in found.items()}


def _segment(segments: Sequence[str]) -> dict[str, Any]:
    return {"GpcSegmentType": _GPC_SEGMENT, "Gpc": any(_gpc(segment) for segment in segments)}


def _gpc(segment: str) -> bool:
    bits = Bits(segment)
    return bits.number(2) == _GPC_SEGMENT and bits.number(1) == 1


_DECODERS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    TC: tcf.decode_tc,
    "uspv1": _usp,
    "usnat": _usnat,
    "usca": _usca,
}


def refused_by(sections: Mapping[str, Mapping[str, Any]]) -> frozenset[Purpose]:
    """What a decoded string says no to: sale and sharing, targeted advertising, or both by its GPC segment; and what
    its TC string does not grant.

    Sharing in California is cross-context behavioural advertising (Cal. Civ. Code 1798.140(ah)), so it covers both.
    """
    refused = set(tcf.refused(sections[TC])) if "Version" in sections.get(TC, {}) else set()
    for said in sections.values():
        if said.get("SaleOptOut") == _OPTED_OUT or said.get("OptOutSale") == "Y":
            refused.add(Purpose.SALE_SHARE)
        if said.get("SharingOptOut") == _OPTED_OUT or said.get("Gpc"):
            refused |= {Purpose.SALE_SHARE, Purpose.TARGETED_ADS}
        if said.get("TargetedAdvertisingOptOut") == _OPTED_OUT:
            refused.add(Purpose.TARGETED_ADS)
    return frozenset(refused)

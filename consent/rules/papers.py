"""Whether a company may receive personal data from us, and whose.

Three questions: is there an agreement (GDPR Art. 28(3)), is there proof of security such as a SOC 2 report or an ISO
27001 certificate (Art. 28(1)), and may the data of this person go to where the company keeps it (chapter V; laws that
keep data in the country). Days are UTC.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

PLACE_BARRED, NO_TRANSFER_GROUND, TOO_OLD = "place_barred", "no_transfer_ground", "kept_too_long"
WITHHELD_WORDS: Final = {
    PLACE_BARRED: "data of people there may not go to this recipient",
    NO_TRANSFER_GROUND: "no ground for the transfer (GDPR chapter V)",
    TOO_OLD: "older than the recipient may keep it",
}
_EUROPE: Final = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO GB CH"
EUROPE: Final = frozenset(_EUROPE.split(" "))
"""The EEA, and the United Kingdom and Switzerland, whose laws bound transfers alike (UK GDPR ch. V; FADP Art. 16)."""
NO_TRANSFER: Final = "none"


@dataclass(frozen=True, slots=True)
class Papers:
    """What is on record about one company.

    `places` are the countries where it keeps data; `barred` the countries or regions of people whose data it must not
    get; `keep_days` how long it may keep what it gets, None without a limit.
    """

    company: str
    name: str
    signed_on: date
    agreement_ends_on: date | None
    certificate: str
    certificate_ends_on: date | None
    ended_on: date | None
    places: tuple[str, ...]
    transfer: str
    barred: tuple[str, ...] = ()
    keep_days: int | None = None


def why_not_covered(papers: Papers, today: date) -> str:
    """Why no data may go to the company today; empty when the agreement with it is in force (GDPR Art. 28(3))."""
    if papers.ended_on and papers.ended_on <= today:
        return f"{papers.name} no longer works for us since {papers.ended_on}."
    if papers.signed_on > today:
        return f"The agreement with {papers.name} begins on {papers.signed_on}."
    if papers.agreement_ends_on and papers.agreement_ends_on < today:
        return f"The data-processing agreement with {papers.name} ended on {papers.agreement_ends_on}."
    return ""


def why_not_live(papers: Papers, today: date) -> str:
    """Why a connection to the company cannot begin today; empty when agreement and proof of security are in force.

    A proof that ends stops no connection that works already: reports and certificates are renewed late, and cutting
    people off harms them too. It is told as a warning.
    """
    if why := why_not_covered(papers, today):
        return why
    if not papers.certificate or papers.certificate_ends_on is None:
        missing = "enter a SOC 2 report or ISO 27001 certificate, and when it ends"
        return f"{papers.name} has no proof of security on record: {missing}."
    if papers.certificate_ends_on < today:
        return f"The proof of security of {papers.name} ({papers.certificate}) ended on {papers.certificate_ends_on}."
    return ""


def why_withheld(papers: Papers, *, country: str, region: str) -> str:
    """Why the data of somebody living there may not go to the company: a code; empty when it may.

    A place that is not known is treated as European, the strictest reading.
    """
    if {country, region} & set(papers.barred):
        return PLACE_BARRED
    if needs_ground(papers) and (not country or country in EUROPE):
        return NO_TRANSFER_GROUND
    return ""


def needs_ground(papers: Papers) -> bool:
    """Whether the company keeps data outside Europe with no ground on record for the transfer (GDPR chapter V)."""
    return papers.transfer == NO_TRANSFER and not EUROPE.issuperset(papers.places)


def is_too_old(papers: Papers, *, happened_at: datetime, now: datetime) -> bool:
    """Whether the company may not keep any more what happened then."""
    return papers.keep_days is not None and happened_at < now - timedelta(days=papers.keep_days)


def unknown_places(places: Sequence[str], countries: Collection[str]) -> list[str]:
    """Those that are neither a country (ISO 3166-1 alpha-2) nor a region of one (ISO 3166-2 such as US-CA)."""
    return [place for place in places if place.partition("-")[0] not in countries or len(place) > len("US-CAL")]

"""The laws under which people ask about their data, as data: how long each clock runs and what may stop it.

Sources. A GDPR Art. 12(3)-(4). B Regulation 1182/71 Art. 3. C EDPB Guidelines 01/2022 v2.1 s.5.3. D ICO, right of
access, time limits (8 Dec 2025). E UK GDPR Art. 12A, DPA 2018 s.54 as amended by DUAA 2025 s.76, and s.164A. F 11 CCR
7021. G Cal. Gov. Code 6800. H 11 CCR 7026(f), 7027(g). I 11 CCR 7221. J Cal. Civ. Code 1798.135(c)(4). K 11 CCR 7101,
7102. L CAN-SPAM 15 U.S.C. 7704(a)(4), CASL s.11(3). M Va. Code 59.1-577. N LGPD Art. 19, Quebec P-39.1 s.32.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from consent.rules.holidays import HOLIDAYS

RULE_SET: Final = "deadlines-2026-11"


class Pause(StrEnum):
    """What an open question does to the statutory clock."""

    NOTHING = "nothing"
    SUSPENDS = "suspends"
    STARTS_LATER = "starts_later"
    EXCLUDES_DAYS = "excludes_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law's clocks. A period is `months` or `days`; `more_*` is what one extension adds.

    `short_days` is the number of days in common use, counted plain; where the law counts months the working date is
    never later than that. `begins_on_receipt`: the day of receipt may count, so the working date is a day earlier.
    `rolls`: a last day that is no working day moves on to the next. Acknowledgement and opt-out run in working days.
    """

    key: str
    name: str
    zone: str
    article: str
    counting: str
    months: int = 0
    days: int = 0
    short_days: int = 0
    more_months: int = 0
    more_days: int = 0
    extension_article: str = ""
    begins_on_receipt: bool = False
    rolls: bool = False
    roll_article: str = ""
    identity: Pause = Pause.NOTHING
    identity_article: str = ""
    clarification: Pause = Pause.NOTHING
    clarification_article: str = ""
    fee: Pause = Pause.NOTHING
    fee_article: str = ""
    ack_working_days: int = 0
    ack_days: int = 0
    ack_article: str = ""
    opt_out_working_days: int = 0
    opt_out_article: str = ""
    appeal_days: int = 0


@dataclass(frozen=True, slots=True)
class Regime:
    """A law at a place: the code as written, the law, and the set of holidays that counts there."""

    code: str
    law: Law
    calendar: str | None


GDPR: Final = Law(
    key="gdpr",
    name="GDPR",
    zone="Europe/Berlin",
    article="GDPR Art. 12(3)",
    counting="Reg. 1182/71 Art. 3(1), 3(2)(c)",
    months=1,
    short_days=30,
    more_months=2,
    extension_article="GDPR Art. 12(3)",
    rolls=True,
    roll_article="Reg. 1182/71 Art. 3(4)",
    identity=Pause.SUSPENDS,
    identity_article="GDPR Art. 12(6), EDPB Guidelines 01/2022 s.5.3",
    clarification=Pause.SUSPENDS,
    clarification_article="GDPR recital 63, EDPB Guidelines 01/2022 s.5.3",
)
UK_GDPR: Final = replace(
    GDPR,
    key="uk_gdpr",
    name="UK GDPR",
    zone="Europe/London",
    article="UK GDPR Art. 12A",
    counting="UK GDPR Art. 12A, ICO guidance of 8 Dec 2025",
    extension_article="UK GDPR Art. 12A(3)",
    roll_article="ICO guidance of 8 Dec 2025",
    identity=Pause.STARTS_LATER,
    identity_article="UK GDPR Art. 12A(2)",
    clarification=Pause.EXCLUDES_DAYS,
    clarification_article="UK GDPR Art. 12A, DPA 2018 s.54(3A)-(3C)",
    fee=Pause.STARTS_LATER,
    fee_article="UK GDPR Art. 12(5), 12A(2)",
    ack_days=30,
    ack_article="DPA 2018 s.164A",
)
CCPA: Final = Law(
    key="ccpa",
    name="CCPA",
    zone="America/Los_Angeles",
    article="11 CCR 7021(b)",
    counting="Cal. Gov. Code 6800",
    days=45,
    short_days=45,
    more_days=45,
    extension_article="11 CCR 7021(b)",
    begins_on_receipt=True,
    rolls=True,
    roll_article="Cal. Gov. Code 6800",
    identity_article="11 CCR 7021(b)",
    clarification_article="11 CCR 7021(b)",
    ack_working_days=10,
    ack_article="11 CCR 7021(a)",
    opt_out_working_days=15,
    opt_out_article="11 CCR 7026(f), 7027(g)",
)
US_STATE: Final = Law(
    key="us_state",
    name="US state privacy law",
    zone="America/New_York",
    article="Va. Code 59.1-577(B)(1) and its twins",
    counting="calendar days from receipt",
    days=45,
    short_days=45,
    more_days=45,
    extension_article="Va. Code 59.1-577(B)(1) and its twins",
    begins_on_receipt=True,
    opt_out_working_days=15,
    opt_out_article="policy: as in California",
    appeal_days=60,
)
QUEBEC: Final = Law(
    key="quebec",
    name="Quebec Law 25",
    zone="America/Montreal",
    article="Quebec P-39.1 s.32",
    counting="calendar days from receipt",
    days=30,
    short_days=30,
)
LGPD: Final = Law(
    key="lgpd",
    name="LGPD",
    zone="America/Sao_Paulo",
    article="LGPD Art. 19(II)",
    counting="calendar days from receipt",
    days=15,
    short_days=15,
)
CANADA: Final = replace(
    QUEBEC, key="pipeda", name="PIPEDA", zone="America/Toronto", article="PIPEDA Sch. 1, s.8(3)", more_days=30
)
ELSEWHERE: Final = replace(GDPR, key="elsewhere", name="No law on record, treated like the GDPR", zone="UTC")

LAWS: Final = {
    law.key: law for law in (GDPR, UK_GDPR, CCPA, US_STATE, QUEBEC, LGPD, CANADA, ELSEWHERE)
}  # fmt: skip
_EEA: Final = frozenset(code for code in HOLIDAYS if len(code) == 2) - {"UK", "US", "CA"}
_UK_PARTS: Final = {
    "": "UK", "UK": "UK", "ENG": "UK", "EAW": "UK", "WLS": "UK", "ENGLAND": "UK", "WALES": "UK", "GB": "UK",
    "SCT": "UK-SCT", "SC": "UK-SCT", "SCO": "UK-SCT", "SCOTLAND": "UK-SCT",
    "NIR": "UK-NIR", "NI": "UK-NIR", "NORTHERN IRELAND": "UK-NIR",
}  # fmt: skip
_US_WITH_LAW: Final = frozenset(
    ("VA", "CO", "CT", "UT", "TX", "OR", "MT", "FL", "DE", "IA", "NE", "NH", "NJ", "TN", "MN", "MD", "IN", "KY", "RI")
)
ZONES: Final = {
    "FR": "Europe/Paris", "ES": "Europe/Madrid", "PT": "Europe/Lisbon", "IE": "Europe/Dublin", "FI": "Europe/Helsinki",
    "EE": "Europe/Tallinn", "LV": "Europe/Riga", "LT": "Europe/Vilnius", "GR": "Europe/Athens",
    "RO": "Europe/Bucharest", "BG": "Europe/Sofia", "CY": "Asia/Nicosia", "IS": "Atlantic/Reykjavik",
}  # fmt: skip
"""Where clocks differ from those of Berlin; the rest of the EEA keeps the same time."""


def regime_of(text: str) -> Regime | None:
    """The regime written as `EU/DE`, `EU/DE-BY`, `UK/UK`, `UK/SCT`, `US-CA`, `US`, `CA-QC`, `CA(Canada)` or `BR`."""
    code = text.strip().upper()
    head, _, part = code.partition("/")
    if head in ("EU", "EEA"):
        return _european(code, part)
    if head in ("UK", "GB"):
        calendar = _UK_PARTS.get(part)
        return Regime(code, UK_GDPR, calendar) if calendar else None
    return _beyond(code)


def regime_for_place(place: str) -> Regime:
    """The regime for a person's place (ISO 3166-1 or -2); without a law on record the GDPR's clock, weekends only."""
    code = place.strip().upper()
    country, _, part = code.partition("-")
    if country in _EEA:
        return regime_of(f"EU/{code}") or Regime(f"EU/{country}", GDPR, country)
    if country in ("GB", "UK"):
        return regime_of(f"UK/{part or 'UK'}") or Regime("UK/UK", UK_GDPR, "UK")
    if country == "US" and (part == "CA" or part in _US_WITH_LAW):
        return _beyond(code) or Regime(code, US_STATE, "US")
    if country in ("CA", "BR"):
        return _beyond(code) or Regime(country, CANADA if country == "CA" else LGPD, None)
    return Regime("*", ELSEWHERE, None)


def zone_of(regime: Regime) -> str:
    """The zone in which the day of receipt is read when the instant has no offset of its own."""
    return ZONES.get((regime.calendar or "")[:2], regime.law.zone)


def _european(code: str, part: str) -> Regime | None:
    if not part or part in ("EU", "EEA"):
        return Regime(code, GDPR, None)
    country = part[:2]
    if country not in _EEA:
        return None
    return Regime(code, GDPR, part if part in HOLIDAYS else country)


def _beyond(code: str) -> Regime | None:
    if code == "US-CA":
        return Regime(code, CCPA, "US-CA")
    if code in ("US", "US-OTHER") or code.startswith("US("):
        return Regime(code, replace(US_STATE, key="us", name="US federal law"), "US")
    if code.startswith("US-"):
        return Regime(code, US_STATE, "US")
    if code == "CA-QC":
        return Regime(code, QUEBEC, "CA")
    if code == "CA" or code.startswith(("CA(", "CA-")):
        return Regime(code, CANADA, "CA")
    if code == "BR" or code.startswith(("BR(", "BR-")):
        return Regime(code, LGPD, None)
    return Regime(code, ELSEWHERE, None) if code in ("*", "OTHER") else None

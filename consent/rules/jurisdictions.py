"""The table of places. A careful reading of the law with its sources, not legal advice.

Change a row together with `jurisdiction_rule.RULE_SET`; `docs/compliance/decisions.md` says how.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.vocabulary import SHARING_PURPOSES, GpcEffect, MinorAds, Mode, Regime

_IN, _OUT, _IMPLIED = Mode.OPT_IN, Mode.OPT_OUT, Mode.IMPLIED
_SIGNAL_COVERS = tuple(sorted(SHARING_PURPOSES))
_DUAA_START = date(2026, 2, 5)


def _sources(base: Mapping[str, str], **changes: str) -> tuple[tuple[str, str], ...]:
    return tuple((dict(base) | changes).items())


_EU_SOURCES = {
    "email": "ePrivacy Directive 2002/58/EC Art. 13(1)",
    "sms": "ePrivacy Directive 2002/58/EC Art. 13(1)",
    "push": "ePrivacy Directive 2002/58/EC Art. 13(1) and 5(3)",
    "phone": "ePrivacy Directive 2002/58/EC Art. 13(3); policy: opt-in",
    "post": "GDPR Art. 6(1)(f), recital 47",
    "cookie": "ePrivacy Directive 2002/58/EC Art. 5(3)",
    "share": "GDPR Art. 6(1)(a)",
    "personalisation": "GDPR Art. 6(1)(a), 22; policy: opt-in",
    "automated": "GDPR Art. 22(1)-(2)",
    "other": "GDPR Art. 5(1)(b), 6(1)(a)",
    "soft_opt_in": "ePrivacy Directive 2002/58/EC Art. 13(2)",
    "exemption": "ePrivacy Directive 2002/58/EC Art. 5(3)",
    "objection": "GDPR Art. 21(2)-(3), 7(3)",
    "restriction": "GDPR Art. 18(2)",
    "erasure": "GDPR Art. 17",
    "age": "GDPR Art. 8(1)",
    "minors": "GDPR Art. 8(1), recital 38",
    "gpc": "GDPR Art. 21(5), policy: a signal newer than the consent is an objection",
    "proof": "GDPR Art. 7(1)",
    "specific": "GDPR Art. 4(11), 6(1)(a)",
    "expiry": "GDPR Art. 5(1)(a) and (e), policy: consent has an end",
    "reask": "EDPB Guidelines 05/2020 on consent; policy: six months",
    "service": "GDPR Art. 6(1)(b)-(c)",
    "processor": "GDPR Art. 28(3)",
}
EU = JurisdictionRule(
    code="EU", name="European Union", regime=Regime.GDPR,
    marketing_email=_IN, sms=_IN, push=_IN, phone=_IN, post=_OUT, analytics_cookie=_IN, personalisation=_IN,
    sale_share=_IN, targeted_ads=_IN, partner_share=_IN, loyalty_share=_IN, automated_decision=_IN,
    soft_opt_in=True, gpc_effect=GpcEffect.OBJECTION, gpc_purposes=_SIGNAL_COVERS,
    digital_consent_age=16, minor_ads_age=16, minor_ads=MinorAds.OPT_IN,
    reask_months=6, consent_max_age_months=36, cookie_max_age_months=13, sources=_sources(_EU_SOURCES),
)  # fmt: skip
STRICTEST = replace(
    EU, code="*", name="Any other or unknown place", regime=Regime.STRICTEST, post=_IN, soft_opt_in=False,
    double_opt_in=True, gpc_effect=GpcEffect.POLICY, minor_ads_age=18, minor_ads=MinorAds.BAN, reask_months=12,
    consent_max_age_months=24, cookie_max_age_months=6,
    sources=_sources(
        _EU_SOURCES, post="policy for an unknown place: the strictest rule",
        minors="policy for an unknown place: the strictest rule",
        gpc="policy: Global Privacy Control is honoured everywhere",
    ),
)  # fmt: skip

_ARTICLE_8 = "GDPR Art. 8(1)"
_MEMBER_STATES = (
    ("AT", "Austria", 14, "DSG s. 4(4)"),
    ("BE", "Belgium", 13, "Act of 30 July 2018 Art. 7"),
    ("BG", "Bulgaria", 14, "Personal Data Protection Act Art. 25c"),
    ("HR", "Croatia", 16, "GDPR Implementation Act Art. 19"),
    ("CY", "Cyprus", 14, "Law 125(I)/2018 s. 8"),
    ("CZ", "Czechia", 15, "Act 110/2019 s. 7"),
    ("DK", "Denmark", 15, "Databeskyttelsesloven s. 6(2), 15 since 1 January 2024"),
    ("EE", "Estonia", 13, "Personal Data Protection Act s. 8"),
    ("FI", "Finland", 13, "Data Protection Act 1050/2018 s. 5"),
    ("FR", "France", 15, "Loi Informatique et Libertes Art. 45"),
    ("DE", "Germany", 16, "no lower age set"),
    ("GR", "Greece", 15, "Law 4624/2019 Art. 21"),
    ("HU", "Hungary", 16, "no lower age set"),
    ("IE", "Ireland", 16, "Data Protection Act 2018 s. 31"),
    ("IT", "Italy", 14, "Codice privacy Art. 2-quinquies"),
    ("LV", "Latvia", 13, "Personal Data Processing Law s. 33"),
    ("LT", "Lithuania", 14, "Law on Legal Protection of Personal Data Art. 6"),
    ("LU", "Luxembourg", 16, "no lower age set"),
    ("MT", "Malta", 13, "S.L. 586.11"),
    ("NL", "Netherlands", 16, "UAVG Art. 5"),
    ("PL", "Poland", 16, "no lower age set"),
    ("PT", "Portugal", 13, "Lei 58/2019 Art. 16"),
    ("RO", "Romania", 16, "no lower age set"),
    ("SK", "Slovakia", 16, "Act 18/2018 s. 15"),
    ("SI", "Slovenia", 15, "ZVOP-2 Art. 8"),
    ("ES", "Spain", 14, "LOPDGDD Art. 7"),
    ("SE", "Sweden", 13, "Lag 2018:218 ch. 2 s. 4"),
    ("IS", "Iceland", 13, "Act 90/2018 Art. 10"),
    ("LI", "Liechtenstein", 16, "no lower age set"),
    ("NO", "Norway", 13, "Personopplysningsloven s. 5"),
)


def _member_state(code: str, name: str, age: int, law: str) -> JurisdictionRule:
    sources = _sources(_EU_SOURCES, age=f"{_ARTICLE_8}; {law}", minors=f"{_ARTICLE_8}, recital 38; {law}")
    return replace(EU, code=code, name=name, digital_consent_age=age, minor_ads_age=age, sources=sources)


def _with(rule: JurisdictionRule, **changes: str) -> tuple[tuple[str, str], ...]:
    return _sources(dict(rule.sources), **changes)


_EEA = {row[0]: _member_state(*row) for row in _MEMBER_STATES}
_DOUBLE = {
    "DE": "GDPR Art. 7(1); BGH I ZR 164/09: only a confirmed address proves consent",
    "AT": "GDPR Art. 7(1); DSB-D130.073/0008: only a confirmed address proves consent",
}
_EEA |= {code: replace(_EEA[code], double_opt_in=True, sources=_with(_EEA[code], proof=law))
         for code, law in _DOUBLE.items()}  # fmt: skip
_EEA["DE"] = replace(
    _EEA["DE"], sources=_with(_EEA["DE"], email="ePrivacy Directive 2002/58/EC Art. 13(1); UWG s. 7(2) no. 2")
)
_EEA["PL"] = replace(
    _EEA["PL"], soft_opt_in=False,
    sources=_with(_EEA["PL"], soft_opt_in="Prawo komunikacji elektronicznej Art. 398: prior consent, no soft opt-in"),
)  # fmt: skip

_UK_SOURCES = {
    topic: text.replace("GDPR", "UK GDPR").replace("ePrivacy Directive 2002/58/EC Art. 13(1)", "PECR reg. 22")
    for topic, text in _EU_SOURCES.items()
} | {
    "push": "PECR reg. 22 and 6",
    "phone": "PECR reg. 21; policy: opt-in, since no register of preferences is held",
    "cookie": "PECR reg. 6(1)",
    "soft_opt_in": "PECR reg. 22(3); charities: reg. 22(3A), DUAA 2025 s. 114",
    "exemption": "PECR sch. A1, DUAA 2025 s. 112",
    "age": "UK GDPR Art. 8(1), DPA 2018 s. 9",
    "personalisation": "UK GDPR Art. 6(1)(a); policy: opt-in",
    "automated": "UK GDPR Art. 22A-22D, DUAA 2025 s. 80",
    "reask": "ICO guidance on consent; policy: six months",
}
_UK = replace(
    EU, code="GB", name="United Kingdom", regime=Regime.UK_GDPR, digital_consent_age=13, minor_ads_age=13,
    charity_soft_opt_in_from=_DUAA_START, statistics_exempt_from=_DUAA_START, automated_safeguards_from=_DUAA_START,
    sources=_sources(_UK_SOURCES),
)  # fmt: skip
_SWITZERLAND = replace(
    EU, code="CH", name="Switzerland", regime=Regime.SWISS_FADP, analytics_cookie=_OUT,
    gpc_effect=GpcEffect.POLICY,
    sources=_sources(
        _EU_SOURCES, email="UWG Art. 3(1)(o)", sms="UWG Art. 3(1)(o)", push="UWG Art. 3(1)(o)",
        phone="UWG Art. 3(1)(u); policy: opt-in", post="FADP Art. 30-31", cookie="FMG Art. 45c",
        share="FADP Art. 30(2)(c), 31(1)", personalisation="FADP Art. 5(f)-(g), 31; policy: opt-in",
        automated="FADP Art. 21; policy: opt-in", other="FADP Art. 6(3)", soft_opt_in="UWG Art. 3(1)(o)",
        exemption="FMG Art. 45c", objection="FADP Art. 30(2)(b)", restriction="FADP Art. 32(2)",
        erasure="FADP Art. 32(2)(c)", age="FADP Art. 6(6), ZGB Art. 19c; policy: 16",
        minors="ZGB Art. 19c; policy: 16", gpc="FADP Art. 30(2)(b), policy", proof="FADP Art. 6(6)",
        specific="FADP Art. 6(3) and (6)", expiry="FADP Art. 6(4), policy", reask="policy: six months",
        service="FADP Art. 31(2)(a)", processor="FADP Art. 9",
    ),
)  # fmt: skip

_QUEBEC_14 = "Quebec P-39.1 s. 4.1 and 14"
_CA_SOURCES = {
    "email": "CASL s. 6, 10(1) and 10(9)-(10)",
    "sms": "CASL s. 6, 10(1) and 10(9)-(10)",
    "push": "CASL s. 6",
    "phone": "CRTC Unsolicited Telecommunications Rules; policy: opt-in, since no do-not-call list is held",
    "post": "PIPEDA Principle 4.3; opt-out",
    "cookie": "PIPEDA Principle 4.3; OPC guidelines on online behavioural advertising",
    "share": "PIPEDA Principle 4.3; policy: opt-in",
    "personalisation": "PIPEDA Principle 4.3; opt-out",
    "automated": "PIPEDA Principle 4.3; policy: opt-in",
    "other": "PIPEDA Principle 4.2",
    "soft_opt_in": "CASL s. 10(9)-(10)",
    "exemption": "PIPEDA Principle 4.3",
    "objection": "CASL s. 11; PIPEDA Principle 4.3.8",
    "restriction": "policy: as GDPR Art. 18(2)",
    "erasure": "PIPEDA Principle 4.5.3",
    "age": "PIPEDA s. 6.1; OPC guidelines for obtaining meaningful consent",
    "minors": "PIPEDA s. 6.1; OPC guidelines for obtaining meaningful consent",
    "gpc": "PIPEDA Principle 4.3.8, policy: Global Privacy Control is honoured everywhere",
    "proof": "CASL s. 13: the sender proves consent",
    "specific": "CASL s. 10(1); PIPEDA s. 6.1",
    "expiry": "CASL s. 10(10): 24 months after a purchase, 6 months after an inquiry",
    "reask": "CASL s. 11(3); policy: six months",
    "service": "CASL s. 6(6)",
    "processor": "PIPEDA Principle 4.1.3",
}
_CANADA = JurisdictionRule(
    code="CA", name="Canada", regime=Regime.CANADA,
    marketing_email=_IMPLIED, sms=_IMPLIED, push=_IN, phone=_IN, post=_OUT, analytics_cookie=_OUT,
    personalisation=_OUT, sale_share=_IN, targeted_ads=_OUT, partner_share=_IN, loyalty_share=_IN,
    automated_decision=_IN, implied_purchase_months=24, implied_inquiry_months=6, gpc_effect=GpcEffect.POLICY,
    gpc_purposes=_SIGNAL_COVERS, digital_consent_age=13, minor_ads_age=13, minor_ads=MinorAds.OPT_IN,
    reask_months=6, consent_max_age_months=36, cookie_max_age_months=13, sources=_sources(_CA_SOURCES),
)  # fmt: skip
_QUEBEC = replace(
    _CANADA, code="CA-QC", name="Quebec", analytics_cookie=_IN, personalisation=_IN, targeted_ads=_IN,
    digital_consent_age=14, minor_ads_age=14,
    sources=_sources(
        _CA_SOURCES, cookie="Quebec P-39.1 s. 8.1", personalisation="Quebec P-39.1 s. 8.1",
        share="Quebec P-39.1 s. 8.1, 13 and 14", automated="Quebec P-39.1 s. 12.1; policy: opt-in",
        age=_QUEBEC_14, minors=_QUEBEC_14, erasure="Quebec P-39.1 s. 28.1", processor="Quebec P-39.1 s. 18.3",
        specific="Quebec P-39.1 s. 14",
    ),
)  # fmt: skip
_BRAZIL = replace(
    EU, code="BR", name="Brazil", regime=Regime.BRAZIL_LGPD, gpc_effect=GpcEffect.POLICY,
    digital_consent_age=12, minor_ads_age=18, minor_ads=MinorAds.BAN,
    sources=_sources(
        _EU_SOURCES, email="LGPD Art. 7 I; CAPEM code", sms="LGPD Art. 7 I", push="LGPD Art. 7 I",
        phone="LGPD Art. 7 I; policy: opt-in", post="LGPD Art. 7 IX, 10", cookie="LGPD Art. 7 I; ANPD cookie guide",
        share="LGPD Art. 7 I and par. 5", personalisation="LGPD Art. 7 I, 20", automated="LGPD Art. 20; policy: opt-in",
        other="LGPD Art. 6 I, 8 par. 4", soft_opt_in="LGPD Art. 7 IX; CAPEM code", exemption="ANPD cookie guide",
        objection="LGPD Art. 18 IX and par. 2", restriction="LGPD Art. 18 IV", erasure="LGPD Art. 18 VI",
        age="LGPD Art. 14 par. 1; ECA Art. 2", minors="Lei 15.211/2025: no profiling of minors for advertising",
        gpc="LGPD Art. 18 par. 2, policy", proof="LGPD Art. 8 par. 2", specific="LGPD Art. 8 par. 4",
        expiry="LGPD Art. 15, policy", reask="policy: six months", service="LGPD Art. 7 II and V",
        processor="LGPD Art. 39",
    ),
)  # fmt: skip

BEYOND_THE_US = {
    rule.code: rule for rule in (STRICTEST, EU, *_EEA.values(), _UK, _SWITZERLAND, _CANADA, _QUEBEC, _BRAZIL)
}

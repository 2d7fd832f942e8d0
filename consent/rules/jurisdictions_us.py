"""The United States: federal rules, and each state with a privacy law of its own.

Twelve states bind a business to a universal opt-out signal; everywhere else in the country it is honoured by
policy, so that one person is not treated in two ways by the state their address shows.
"""

from dataclasses import dataclass, replace
from datetime import date

from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.vocabulary import SHARING_PURPOSES, GpcEffect, MinorAds, Mode, Regime

_IN, _OUT = Mode.OPT_IN, Mode.OPT_OUT

_SOURCES = {
    "email": "CAN-SPAM Act, 15 U.S.C. 7704(a)",
    "sms": "TCPA, 47 U.S.C. 227; 47 CFR 64.1200(a)(2): prior express written consent",
    "push": "FTC Act s. 5; the device asks; policy: opt-in",
    "phone": "47 CFR 64.1200(a)(2) and (c); policy: opt-in, since no do-not-call list is held",
    "post": "no federal rule; opt-out",
    "cookie": "FTC Act s. 5: notice and choice",
    "share": "FTC Act s. 5; policy: opt-out",
    "personalisation": "FTC Act s. 5: notice and choice",
    "automated": "Fair Credit Reporting Act, 15 U.S.C. 1681m; policy: opt-in",
    "other": "FTC Act s. 5: no material change of purpose without asking",
    "soft_opt_in": "CAN-SPAM Act, 15 U.S.C. 7704(a)",
    "exemption": "FTC Act s. 5",
    "objection": "CAN-SPAM Act, 15 U.S.C. 7704(a)(4)",
    "restriction": "policy: as GDPR Art. 18(2)",
    "erasure": "policy: erased people stay erased",
    "age": "COPPA, 16 CFR 312.5: a parent consents for a child under 13",
    "minors": "COPPA, 16 CFR 312.5",
    "gpc": "policy: Global Privacy Control is honoured in all states",
    "proof": "E-SIGN Act, 15 U.S.C. 7001; for texts and calls 47 CFR 64.1200(f)(9): in writing",
    "specific": "FTC Act s. 5",
    "expiry": "policy: consent has an end",
    "reask": "policy: twelve months, as Cal. Civ. Code 1798.135(c)(4)",
    "service": "15 U.S.C. 7702(17): transactional or relationship message",
    "processor": "policy: no data without a processor contract",
}
_US = JurisdictionRule(
    code="US", name="United States", regime=Regime.US,
    marketing_email=_OUT, sms=_IN, push=_IN, phone=_IN, post=_OUT, analytics_cookie=_OUT, personalisation=_OUT,
    sale_share=_OUT, targeted_ads=_OUT, partner_share=_OUT, loyalty_share=_OUT, automated_decision=_IN,
    gpc_effect=GpcEffect.POLICY, gpc_purposes=tuple(sorted(SHARING_PURPOSES)),
    digital_consent_age=13, minor_ads_age=13, minor_ads=MinorAds.OPT_IN,
    reask_months=12, consent_max_age_months=36, cookie_max_age_months=13, sources=tuple(_SOURCES.items()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _StateLaw:
    code: str
    name: str
    law: str
    in_force_from: date
    minor_ads_age: int = 13
    minor_ads: MinorAds = MinorAds.OPT_IN
    binding_signal: str = ""


_BAN = MinorAds.BAN
_STATES = (
    _StateLaw("AL", "Alabama", "Alabama Personal Data Protection Act, Act 2026-552", date(2027, 5, 1)),
    _StateLaw("CO", "Colorado", "Colorado Privacy Act, C.R.S. 6-1-1306 and 6-1-1308.5", date(2023, 7, 1), 18,
              binding_signal="C.R.S. 6-1-1306(1)(a)(IV)(B)"),
    _StateLaw("CT", "Connecticut", "Connecticut Data Privacy Act, Conn. Gen. Stat. 42-515, P.A. 25-113",
              date(2023, 7, 1), 18, _BAN, "Conn. Gen. Stat. 42-520(e)(1)(A)(ii)"),
    _StateLaw("DE", "Delaware", "Delaware Personal Data Privacy Act, 6 Del. C. 12D", date(2025, 1, 1), 18,
              binding_signal="6 Del. C. 12D-106(e)(1)"),
    _StateLaw("FL", "Florida", "Florida Digital Bill of Rights, Fla. Stat. 501.701", date(2024, 7, 1), 18),
    _StateLaw("IN", "Indiana", "Indiana Consumer Data Protection Act, IC 24-15", date(2026, 1, 1)),
    _StateLaw("IA", "Iowa", "Iowa Consumer Data Protection Act, Iowa Code 715D", date(2025, 1, 1)),
    _StateLaw("KY", "Kentucky", "Kentucky Consumer Data Protection Act, KRS 367.3611", date(2026, 1, 1)),
    _StateLaw("LA", "Louisiana", "Louisiana Act 502 of 2026", date(2027, 1, 1)),
    _StateLaw("MD", "Maryland", "Maryland Online Data Privacy Act, Md. Com. Law 14-4701", date(2025, 10, 1), 18, _BAN,
              "Md. Com. Law 14-4707"),
    _StateLaw("MN", "Minnesota", "Minnesota Consumer Data Privacy Act, Minn. Stat. 325M", date(2025, 7, 31), 17,
              binding_signal="Minn. Stat. 325M.14 subd. 4"),
    _StateLaw("MT", "Montana", "Montana Consumer Data Privacy Act, Mont. Code 30-14-2801, SB 297", date(2024, 10, 1),
              18, binding_signal="Mont. Code 30-14-2812"),
    _StateLaw("NE", "Nebraska", "Nebraska Data Privacy Act, Neb. Rev. Stat. 87-1101", date(2025, 1, 1),
              binding_signal="Neb. Rev. Stat. 87-1111"),
    _StateLaw("NV", "Nevada", "Nevada NRS 603A.300-360", date(2021, 10, 1)),
    _StateLaw("NH", "New Hampshire", "New Hampshire RSA 507-H", date(2025, 1, 1), 16,
              binding_signal="RSA 507-H:6"),
    _StateLaw("NJ", "New Jersey", "New Jersey Data Privacy Act, N.J.S.A. 56:8-166.4", date(2025, 1, 15), 17,
              binding_signal="N.J.S.A. 56:8-166.11"),
    _StateLaw("NY", "New York", "New York Child Data Protection Act, GBL 899-ee", date(2025, 6, 20), 18),
    _StateLaw("OK", "Oklahoma", "Oklahoma Consumer Data Privacy Act, SB 546", date(2027, 1, 1)),
    _StateLaw("OR", "Oregon", "Oregon Consumer Privacy Act, ORS 646A.570, HB 2008", date(2024, 7, 1), 16, _BAN,
              "ORS 646A.578(5)"),
    _StateLaw("RI", "Rhode Island", "Rhode Island Data Transparency and Privacy Protection Act, R.I.G.L. 6-48.1",
              date(2026, 1, 1)),
    _StateLaw("TN", "Tennessee", "Tennessee Information Protection Act, T.C.A. 47-18-3301", date(2025, 7, 1)),
    _StateLaw("TX", "Texas", "Texas Data Privacy and Security Act, Tex. Bus. & Com. Code 541", date(2024, 7, 1),
              binding_signal="Tex. Bus. & Com. Code 541.055(e)"),
    _StateLaw("UT", "Utah", "Utah Consumer Privacy Act, Utah Code 13-61", date(2023, 12, 31)),
    _StateLaw("VA", "Virginia", "Virginia Consumer Data Protection Act, Va. Code 59.1-575", date(2023, 1, 1)),
)  # fmt: skip


def _state(law: _StateLaw) -> JurisdictionRule:
    signal = law.binding_signal
    changes = {
        "share": law.law,
        "cookie": law.law,
        "personalisation": law.law,
        "objection": f"{law.law}; {_SOURCES['objection']}",
        "minors": law.law,
        "erasure": law.law,
        "specific": law.law,
        "processor": law.law,
        "gpc": f"{signal}: the universal opt-out is binding" if signal else _SOURCES["gpc"],
    }
    return replace(
        _US,
        code=f"US-{law.code}",
        name=law.name,
        in_force_from=law.in_force_from,
        minor_ads_age=law.minor_ads_age,
        minor_ads=law.minor_ads,
        gpc_effect=GpcEffect.BINDING if signal else GpcEffect.POLICY,
        sources=tuple((_SOURCES | changes).items()),
    )


_CALIFORNIA = replace(
    _US, code="US-CA", name="California", in_force_from=date(2020, 1, 1), loyalty_share=_IN,
    gpc_effect=GpcEffect.BINDING, minor_ads_age=16, minor_two_step=True,
    sources=tuple((_SOURCES | {
        "share": "CCPA, Cal. Civ. Code 1798.120 and 1798.125(b)(3)",
        "cookie": "CCPA, Cal. Civ. Code 1798.100(a): notice at collection",
        "personalisation": "CCPA, Cal. Civ. Code 1798.100(a): notice at collection",
        "automated": "11 CCR 7221 (duty from 1 January 2027); policy: opt-in",
        "other": "Cal. Civ. Code 1798.100(a)(1), 11 CCR 7002",
        "objection": f"Cal. Civ. Code 1798.120, 1798.135; {_SOURCES['objection']}",
        "erasure": "Cal. Civ. Code 1798.105",
        "age": "Cal. Civ. Code 1798.120(c), 11 CCR 7070; COPPA, 16 CFR 312.5",
        "proof": f"11 CCR 7004 and 7101; {_SOURCES['proof']}",
        "minors": "Cal. Civ. Code 1798.120(c), 11 CCR 7070-7071",
        "gpc": "Cal. Civ. Code 1798.135(e), 11 CCR 7025(c)",
        "specific": "11 CCR 7004, 7025(c)(3)",
        "reask": "Cal. Civ. Code 1798.135(c)(4): twelve months",
        "processor": "Cal. Civ. Code 1798.100(d), 11 CCR 7051",
    }).items()),
)  # fmt: skip

UNITED_STATES = {rule.code: rule for rule in (_US, _CALIFORNIA, *map(_state, _STATES))}

"""May we do this with this person's data? One pure function, in a fixed order, always with a reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from consent.rules.case import Case
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.periods import add_months
from consent.rules.policy import resolve
from consent.rules.reasons import ALLOWING, Reason, explain
from consent.rules.states import permissiveness
from consent.rules.vocabulary import (
    REFUSALS,
    SERVICE_PURPOSES,
    SHARING_PURPOSES,
    Basis,
    Channel,
    MinorAds,
    Mode,
    Purpose,
    State,
)


class Answer(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with its reason, the ledger entry and the rule it rests on; equal inputs give equal decisions."""

    answer: Answer
    reason: Reason
    why: str
    ledger_seq: int | None
    place: str
    rule_set: str

    @property
    def allowed(self) -> bool:
        """True only for an explicit allow."""
        return self.answer is Answer.ALLOW


Step = Callable[[Case, JurisdictionRule], Reason | None]


def may_process(case: Case, rule: JurisdictionRule) -> Decision:
    """Decide one use at the instant `case.at` under the rule of the person's place.

    Order: erased or suppressed, restriction, objection or unsubscribe, age, the place's rule, signal, ledger at that
    instant, and deny when nothing allowed it. After a merge every merged state must allow (least permissive wins).
    """
    case = _as_what_it_is(case)
    states = sorted({case.state, *case.merged_states}, key=permissiveness)
    reasons = [_reason(_as_of(replace(case, state=state), rule), rule) for state in states]
    reason = next((reason for reason in reasons if reason not in ALLOWING), reasons[0])
    return Decision(
        answer=Answer.ALLOW if reason in ALLOWING else Answer.DENY,
        reason=reason,
        why=explain(reason, rule, case.purpose, case.channel),
        ledger_seq=case.ledger_seq,
        place=rule.code,
        rule_set=rule.rule_set,
    )


def decide(case: Case) -> Decision:
    """`may_process` under the rule of the case's own place; an unknown place gets the strictest rule."""
    return may_process(case, resolve(case.place))


def _reason(case: Case, rule: JurisdictionRule) -> Reason:
    found = (step(case, rule) for step in _STEPS)
    return next((reason for reason in found if reason is not None), Reason.CONSENT_MISSING)


def _as_what_it_is(case: Case) -> Case:
    """Marketing that hands data to an ad platform or a partner is that sharing, whatever it is called."""
    if case.purpose is Purpose.MARKETING and case.channel is Channel.ADS_AUDIENCE:
        return replace(case, purpose=Purpose.TARGETED_ADS)
    if case.purpose is Purpose.MARKETING and case.channel is Channel.PARTNER_SHARE:
        return replace(case, purpose=Purpose.PARTNER_SHARE)
    return case


_RUNS_OUT = {State.GRANTED, State.IMPORTED, State.SOFT_OPT_IN, State.IMPLIED}
_AGREED = {State.GRANTED, State.IMPORTED}


def _as_of(case: Case, rule: JurisdictionRule) -> Case:
    """The case with the state that holds at `case.at`: not yet given is none, run out is expired."""
    if case.state not in _RUNS_OUT:
        return case
    if _has_run_out(case, rule):
        return replace(case, state=State.EXPIRED)
    not_yet = case.granted_at is not None and case.granted_at > case.at
    return replace(case, state=State.NONE) if not_yet else case


def _has_run_out(case: Case, rule: JurisdictionRule) -> bool:
    if case.valid_until is not None and case.valid_until <= case.at:
        return True
    if case.state is State.IMPLIED:
        return _implied_is_over(case, rule)
    cookie = case.channel is Channel.COOKIE
    months = rule.cookie_max_age_months if cookie else rule.consent_max_age_months
    return case.granted_at is not None and add_months(case.granted_at, months) <= case.at


def _implied_is_over(case: Case, rule: JurisdictionRule) -> bool:
    """CASL s. 10(10): the last day of the 24 (or 6) months still counts; without a date nothing is implied."""
    months = rule.implied_inquiry_months if case.implied_by_inquiry else rule.implied_purchase_months
    since = case.implied_since
    return months > 0 and (since is None or add_months(since, months).date() < case.at.date())


def _erased(case: Case, rule: JurisdictionRule) -> Reason | None:
    return Reason.SUPPRESSED if case.suppressed else None


def _restricted(case: Case, rule: JurisdictionRule) -> Reason | None:
    kept = case.purpose in {Purpose.STORAGE, Purpose.LEGAL_CLAIM}
    return Reason.RESTRICTED if case.restricted and not kept else None


_REFUSAL_REASON = {
    State.OBJECTED: Reason.OBJECTED,
    State.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    State.OPTED_OUT: Reason.OPTED_OUT,
    State.WITHDRAWN: Reason.WITHDRAWN,
    State.REFUSED: Reason.REFUSED,
}
_FINAL = {State.OBJECTED, State.UNSUBSCRIBED}


def _objected(case: Case, rule: JurisdictionRule) -> Reason | None:
    if case.purpose in SERVICE_PURPOSES:
        return None
    if case.objected:
        return Reason.OBJECTED
    if case.purpose is Purpose.OPT_IN_PROMPT:
        return _asked_too_soon(case, rule)
    return _REFUSAL_REASON.get(case.state)


def _asked_too_soon(case: Case, rule: JurisdictionRule) -> Reason | None:
    """A person who said no is left alone for `reask_months`; asking after an objection would itself be marketing."""
    if case.state in _FINAL:
        return _REFUSAL_REASON[case.state]
    said_no_at = case.changed_at if case.state in REFUSALS else None
    if case.state not in REFUSALS:
        if not _signalled(case) or case.state in _AGREED:
            return None
        said_no_at = case.gpc_first_seen_at
    over = said_no_at is not None and add_months(said_no_at, rule.reask_months) <= case.at
    return None if over else Reason.ASKED_TOO_SOON


def _too_young(case: Case, rule: JurisdictionRule) -> Reason | None:
    if case.age is None or case.purpose in SERVICE_PURPOSES:
        return None
    sharing = case.purpose in SHARING_PURPOSES and case.age < rule.minor_ads_age
    if sharing and rule.minor_ads is MinorAds.BAN:
        return Reason.MINOR_BANNED
    if case.age < rule.digital_consent_age and not case.parent_consent:
        return Reason.PARENT_CONSENT_REQUIRED
    own_yes = case.state in _AGREED and _is_recorded(case) and (case.two_step or not rule.minor_two_step)
    if sharing and not own_yes:
        return Reason.MINOR_OPT_IN_REQUIRED
    return None


_SERVICE_REASON = {
    Purpose.SERVICE: Reason.SERVICE,
    Purpose.STORAGE: Reason.STORAGE,
    Purpose.LEGAL_CLAIM: Reason.LEGAL_CLAIM,
    Purpose.OPT_IN_PROMPT: Reason.PROMPT_ALLOWED,
    Purpose.ANY: Reason.PURPOSE_UNSPECIFIED,
}


def _jurisdiction(case: Case, rule: JurisdictionRule) -> Reason | None:
    """What a place's rule settles without looking at signal or ledger."""
    if case.purpose in _SERVICE_REASON:
        return _SERVICE_REASON[case.purpose]
    if case.purpose is Purpose.PARTNER_READ and case.processor_valid:
        return Reason.PROCESSOR_CONTRACT_VALID
    if case.purpose is Purpose.PARTNER_READ or case.processor_valid is False:
        return Reason.PROCESSOR_CONTRACT_MISSING
    return None


def _signalled(case: Case) -> bool:
    """Global Privacy Control is on now, or was seen: its absence later is not consent (11 CCR 7025(c)(5))."""
    return case.gpc or case.gpc_first_seen_at is not None


def _signal(case: Case, rule: JurisdictionRule) -> Reason | None:
    if case.purpose not in rule.gpc_purposes or not _signalled(case):
        return None
    return None if _outweighs_signal(case) else Reason.GPC_OPT_OUT


def _outweighs_signal(case: Case) -> bool:
    """A later, specific yes of a known person outweighs the signal: while it is on, only one that named it."""
    if case.state is not State.GRANTED or not case.identified or not _is_recorded(case):
        return False
    if case.gpc_first_seen_at is None or case.granted_at is None:
        return case.conflict_prompt
    return case.granted_at > case.gpc_first_seen_at and (case.conflict_prompt or not case.gpc)


def _ledger(case: Case, rule: JurisdictionRule) -> Reason | None:
    if case.purpose is Purpose.AUTOMATED_DECISION and case.contract:
        return Reason.CONTRACT
    mode = rule.mode_for(case.purpose, case.channel)
    if mode is Mode.OPT_OUT:
        return _opt_out_ledger(case, rule)
    if case.state in _AGREED:
        return _consent_proof(case, rule)
    if case.state in {State.SOFT_OPT_IN, State.IMPLIED}:
        return _existing_customer(case, rule, mode)
    return _MISSING.get(case.state) or _exempt(case, rule)


_MISSING = {
    State.PENDING_DOI: Reason.CONSENT_UNCONFIRMED,
    State.EXPIRED: Reason.CONSENT_EXPIRED,
    State.INVALIDATED: Reason.CONSENT_INVALIDATED,
}


def _opt_out_ledger(case: Case, rule: JurisdictionRule) -> Reason:
    """Allowed unless the person was not told, or the basis claimed is a consent that is not there or not proven."""
    if case.state in _MISSING:
        return _MISSING[case.state]
    found = _consent_proof(case, rule) if case.state in _AGREED else Reason.CONSENT_MISSING
    if found is Reason.CONSENT_VALID or case.basis is Basis.CONSENT:
        return found
    return Reason.NOTICE_MISSING if case.informed is False else Reason.OPT_OUT_REGIME


def _consent_proof(case: Case, rule: JurisdictionRule) -> Reason:
    """A consent counts when it can be shown, is current and, where the place asks for it, confirmed."""
    if not _is_recorded(case):
        return Reason.CONSENT_UNPROVEN
    if not case.notice_current:
        return Reason.CONSENT_OUTDATED
    by_mail = case.purpose is Purpose.MARKETING and case.channel in {Channel.EMAIL, Channel.ANY}
    if rule.double_opt_in and by_mail and not case.doi_done:
        return Reason.CONSENT_UNCONFIRMED
    return Reason.CONSENT_VALID


def _is_recorded(case: Case) -> bool:
    return case.notice_recorded and case.wording_recorded


_ELECTRONIC_MAIL = {Channel.EMAIL, Channel.SMS}


def _existing_customer(case: Case, rule: JurisdictionRule, mode: Mode) -> Reason:
    """Soft opt-in (ePrivacy Art. 13(2), PECR reg. 22(3)-(3A)) or implied consent (CASL s. 10(9)-(10))."""
    mail = case.purpose is Purpose.MARKETING and case.channel in _ELECTRONIC_MAIL
    if mail and mode is Mode.IMPLIED and not _implied_is_over(case, rule):
        return Reason.IMPLIED_CONSENT_VALID
    if not mail or not rule.soft_opt_in or case.state is not State.SOFT_OPT_IN:
        return Reason.CONSENT_MISSING
    sale = case.soft_sale and case.soft_similar
    if case.opt_out_offered and (sale or _charity_may(case, rule)):
        return Reason.SOFT_OPT_IN_VALID
    return Reason.SOFT_OPT_IN_INCOMPLETE


def _charity_may(case: Case, rule: JurisdictionRule) -> bool:
    """Supporters only, and only addresses collected since the exception began (ICO guidance of 28 April 2026)."""
    collected = case.collected_at or case.at
    return case.charity and _in_force(rule.charity_soft_opt_in_from, min(collected, case.at))


def _exempt(case: Case, rule: JurisdictionRule) -> Reason | None:
    """Uses a place allows without consent under conditions: UK GDPR Art. 22A-22D, PECR sch. A1."""
    if case.purpose is Purpose.AUTOMATED_DECISION:
        fits = case.safeguards and _in_force(rule.automated_safeguards_from, case.at)
        return Reason.AUTOMATED_WITH_SAFEGUARDS if fits else None
    own = case.purpose in {Purpose.STATISTICS, Purpose.ANALYTICS} and case.own_use_only
    told = case.informed is True and case.objection_offered
    fits = own and told and _in_force(rule.statistics_exempt_from, case.at)
    return Reason.STATISTICS_EXEMPT if fits else None


def _in_force(since: date | None, at: datetime) -> bool:
    return since is not None and at.date() >= since


_STEPS: tuple[Step, ...] = (_erased, _restricted, _objected, _too_young, _jurisdiction, _signal, _ledger)

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.cases import parse_case
from consent.rules.decisions import Answer, Decision, decide, may_process
from consent.rules.policy import RULE_SET, RULES, STRICTEST, resolve
from consent.rules.reasons import Reason
from consent.rules.vocabulary import (
    REFUSALS,
    SERVICE_PURPOSES,
    SHARING_PURPOSES,
    Basis,
    Channel,
    Event,
    Mode,
    Purpose,
    State,
)
from tests.consent.rules.cases import NOON, a_case, cases, label, patient, rows

TABLE, NEIGHBOURS = rows("vectors_decisions"), rows("vectors_neighbours")
any_rule = st.sampled_from(list(RULES.values()))
WITHOUT_CONSENT = SERVICE_PURPOSES | {Purpose.OPT_IN_PROMPT, Purpose.PARTNER_READ, Purpose.AUTOMATED_DECISION}


@pytest.mark.parametrize("row", TABLE, ids=label)
def test_decide__row_of_the_table__answers_as_written(row):
    decision = decide(parse_case(row, now=NOON))

    assert decision.answer == row["answer"], decision.why


@pytest.mark.parametrize("row", NEIGHBOURS, ids=label)
def test_decide__neighbour_of_a_row__answers_with_the_reason(row):
    decision = decide(parse_case(row, now=NOON))

    assert (decision.answer.value, decision.reason.value) == (row["answer"], row["reason"]), decision.why


def test_decide__every_decision__names_place_article_ledger_entry_and_rule_set():
    decision = decide(a_case(state=State.NONE, ledger_seq=7))

    assert decision == Decision(
        answer=Answer.DENY,
        reason=Reason.CONSENT_MISSING,
        why="There is no consent on record, and this use needs one. "
        "Germany: ePrivacy Directive 2002/58/EC Art. 13(1); UWG s. 7(2) no. 2.",
        ledger_seq=7,
        place="DE",
        rule_set=RULE_SET,
    )
    assert not decision.allowed


EVERYTHING_AT_ONCE = a_case(
    place="US-CA", purpose=Purpose.SALE_SHARE, channel=Channel.ANY, suppressed=True, restricted=True, objected=True,
    age=11, processor_valid=False, gpc=True, state=State.EXPIRED,
)  # fmt: skip
IN_ORDER = [
    ("suppressed", False, Reason.SUPPRESSED),
    ("restricted", False, Reason.RESTRICTED),
    ("objected", False, Reason.OBJECTED),
    ("age", None, Reason.PARENT_CONSENT_REQUIRED),
    ("processor_valid", None, Reason.PROCESSOR_CONTRACT_MISSING),
    ("gpc", False, Reason.GPC_OPT_OUT),
    ("state", State.NONE, Reason.CONSENT_EXPIRED),
]


@pytest.mark.parametrize("cleared", range(len(IN_ORDER)), ids=[field for field, _, _ in IN_ORDER])
def test_may_process__several_obstacles__answers_with_the_first_in_order(cleared):
    case = replace(EVERYTHING_AT_ONCE, **{field: value for field, value, _ in IN_ORDER[:cleared]})

    decision = decide(case)

    assert decision.reason is IN_ORDER[cleared][2]


def test_may_process__bare_case__is_denied_by_default():
    bare = a_case(notice_recorded=False, wording_recorded=False, notice_current=False, doi_done=False)

    assert decide(bare).reason is Reason.CONSENT_UNPROVEN


def test_may_process__consent_given_after_the_instant__did_not_exist_then():
    case = a_case(granted_at=NOON + timedelta(seconds=1))

    assert decide(case).reason is Reason.CONSENT_MISSING
    assert decide(replace(case, at=NOON + timedelta(seconds=1))).allowed


def test_may_process__consent_at_its_end__has_run_out():
    case = a_case(valid_until=NOON)

    assert decide(case).reason is Reason.CONSENT_EXPIRED
    assert decide(replace(case, at=NOON - timedelta(microseconds=1))).allowed


def test_may_process__implied_consent_on_the_last_day__still_counts():
    case = a_case(place="CA", state=State.IMPLIED, implied_since=NOON.replace(year=2024))

    assert decide(case).reason is Reason.IMPLIED_CONSENT_VALID
    assert decide(replace(case, at=NOON + timedelta(days=1))).reason is Reason.CONSENT_EXPIRED
    assert decide(replace(case, implied_since=None)).reason is Reason.CONSENT_EXPIRED


def test_may_process__signal_gone_but_later_yes__is_allowed_and_without_it_denied():
    yes_after = a_case(
        place="US-CA", purpose=Purpose.SALE_SHARE, channel=Channel.ANY, gpc_first_seen_at=NOON - timedelta(days=9),
        granted_at=NOON - timedelta(days=1),
    )  # fmt: skip

    assert decide(yes_after).allowed
    assert decide(replace(yes_after, gpc=True)).reason is Reason.GPC_OPT_OUT
    assert decide(replace(yes_after, granted_at=NOON - timedelta(days=10))).reason is Reason.GPC_OPT_OUT
    assert decide(replace(yes_after, granted_at=NOON - timedelta(days=9))).reason is Reason.GPC_OPT_OUT


def test_may_process__conflict_prompt_without_proof__does_not_outweigh_the_signal():
    case = a_case(place="US-CA", purpose=Purpose.SALE_SHARE, channel=Channel.ANY, gpc=True, conflict_prompt=True)

    assert decide(case).allowed
    assert decide(replace(case, wording_recorded=False)).reason is Reason.GPC_OPT_OUT


def test_may_process__basis_consent_in_an_opt_out_place__needs_a_proven_yes():
    asked = a_case(place="US", purpose=Purpose.ANALYTICS, channel=Channel.COOKIE, state=State.NONE)

    assert decide(asked).reason is Reason.CONSENT_MISSING
    assert decide(replace(asked, basis=Basis.NOTICE_OPT_OUT)).reason is Reason.OPT_OUT_REGIME
    assert decide(replace(asked, state=State.GRANTED)).reason is Reason.CONSENT_VALID
    assert decide(replace(asked, state=State.GRANTED, notice_recorded=False)).reason is Reason.CONSENT_UNPROVEN


def test_may_process__signal_before_any_answer__may_be_asked_only_after_a_year():
    prompt = a_case(place="US-CA", purpose=Purpose.OPT_IN_PROMPT, channel=Channel.ANY, state=State.NONE, gpc=True)

    assert decide(prompt).reason is Reason.ASKED_TOO_SOON
    assert decide(replace(prompt, gpc_first_seen_at=NOON - timedelta(days=300))).reason is Reason.ASKED_TOO_SOON
    assert decide(replace(prompt, gpc_first_seen_at=NOON - timedelta(days=366))).reason is Reason.PROMPT_ALLOWED
    assert decide(replace(prompt, state=State.GRANTED)).reason is Reason.PROMPT_ALLOWED


@patient
@given(case=cases, rule=any_rule)
def test_may_process__unknown_place__never_allows_what_any_place_denies(case, rule):
    if may_process(case, STRICTEST).allowed:
        assert may_process(case, rule).allowed, may_process(case, rule).why


@patient
@given(case=cases, rule=any_rule, no=st.sampled_from(sorted(REFUSALS)))
def test_may_process__withdrawal_added__never_turns_deny_into_allow(case, rule, no):
    if not may_process(case, rule).allowed:
        assert not may_process(replace(case, state=no, changed_at=NOON), rule).allowed


@patient
@given(case=cases, rule=any_rule)
def test_may_process__signal_added__never_turns_deny_into_allow(case, rule):
    if not may_process(case, rule).allowed:
        assert not may_process(replace(case, gpc=True), rule).allowed


@patient
@given(case=cases, rule=any_rule, other=st.sampled_from(State))
def test_may_process__merge__is_never_more_permissive_than_either(case, rule, other):
    merged = may_process(replace(case, merged_states=(*case.merged_states, other)), rule)

    if merged.allowed:
        assert may_process(case, rule).allowed
        assert may_process(replace(case, state=other, merged_states=()), rule).allowed


@patient
@given(case=cases, rule=any_rule, ended=st.booleans())
def test_may_process__expired_consent__never_allows(case, rule, ended):
    by_state = replace(case, state=State.EXPIRED)
    by_date = replace(case, state=State.GRANTED, valid_until=NOON)

    if case.purpose not in WITHOUT_CONSENT:
        assert not may_process(by_date if ended else by_state, rule).allowed


@patient
@given(case=cases, rule=any_rule)
def test_may_process__suppressed_person__is_never_allowed(case, rule):
    assert may_process(replace(case, suppressed=True), rule).reason is Reason.SUPPRESSED


@patient
@given(case=cases, rule=any_rule)
def test_may_process__signal_on_without_a_yes__never_shares(case, rule):
    silent = replace(case, gpc=True, state=State.NONE, merged_states=())

    if case.purpose in SHARING_PURPOSES:
        assert not may_process(silent, rule).allowed


@patient
@given(case=cases, rule=any_rule)
def test_may_process__opt_in_use_without_a_yes__needs_an_exemption(case, rule):
    silent = replace(case, state=State.NONE, merged_states=())
    decision = may_process(silent, rule)

    if decision.allowed and case.purpose not in WITHOUT_CONSENT:
        exempt = decision.reason is Reason.STATISTICS_EXEMPT
        sent_as = {Channel.ADS_AUDIENCE: Purpose.TARGETED_ADS, Channel.PARTNER_SHARE: Purpose.PARTNER_SHARE}
        purpose = sent_as.get(case.channel, case.purpose) if case.purpose is Purpose.MARKETING else case.purpose
        assert exempt or rule.mode_for(purpose, case.channel) is Mode.OPT_OUT


def test_decide__same_case_in_all_places__every_answer_has_an_article():
    for purpose in Purpose:
        for code in RULES:
            why = decide(a_case(place=code, purpose=purpose, channel=Channel.ANY)).why
            assert resolve(code).name in why
    assert set(Event) - {Event.RENEWED, Event.RESTORED} <= {Event(state) for state in State if state is not State.NONE}

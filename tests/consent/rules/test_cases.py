from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.case import Case
from consent.rules.cases import CaseError, parse_case, unread_fields
from consent.rules.decisions import decide
from consent.rules.policy import RULE_SET_DATE
from consent.rules.vocabulary import Basis, Channel, Purpose, State
from tests.consent.rules.cases import NOON, patient, rows

PLAIN = {"place": "DE", "purpose": "marketing email", "ledger_state": "none"}


def parse(**changes) -> Case:
    return parse_case(PLAIN | changes, now=NOON)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("DE", "DE"), ("Germany", "DE"), ("uk", "GB"), ("EU", "EU"), ("US-CA", "US-CA"), ("US_CA", "US-CA"),
        ("California", "US-CA"), ("US-other", "US-OTHER"), ("CA (Canada)", "CA"), ("Canada", "CA"), ("any", "*"),
        ("unknown", "*"), (None, "*"), ("-", "*"), ("JP", "JP"),
    ],
)  # fmt: skip
def test_parse_case__place__is_read_as_tables_write_it(place, code):
    assert parse(place=place).place == code


@pytest.mark.parametrize(
    ("purpose", "means", "over"),
    [
        ("marketing email", Purpose.MARKETING, Channel.EMAIL), ("marketing SMS", Purpose.MARKETING, Channel.SMS),
        ("postal marketing", Purpose.MARKETING, Channel.POST), ("newsletter", Purpose.MARKETING, Channel.EMAIL),
        ("telephone marketing", Purpose.MARKETING, Channel.PHONE), ("push", Purpose.MARKETING, Channel.PUSH),
        ("marketing", Purpose.MARKETING, Channel.ANY), ("same, 25 months", Purpose.MARKETING, Channel.EMAIL),
        ("any marketing", Purpose.MARKETING, Channel.ANY), ("sell/share", Purpose.SALE_SHARE, Channel.ANY),
        ("sale_share", Purpose.SALE_SHARE, Channel.ANY), ("loyalty share", Purpose.LOYALTY_SHARE, Channel.ANY),
        ("share with partner for ads", Purpose.PARTNER_SHARE, Channel.ANY),
        ("targeted ads", Purpose.TARGETED_ADS, Channel.ANY), ("analytics cookie", Purpose.ANALYTICS, Channel.COOKIE),
        ("engagement tracking", Purpose.ANALYTICS, Channel.COOKIE),
        ("statistics cookie, shared with ad partner", Purpose.STATISTICS, Channel.COOKIE),
        ("personalization", Purpose.PERSONALISATION, Channel.ANY), ("order receipt", Purpose.SERVICE, Channel.ANY),
        ("strictly necessary cookie", Purpose.SERVICE, Channel.COOKIE), ("storage", Purpose.STORAGE, Channel.ANY),
        ("any but storage", Purpose.ANY, Channel.ANY), ('prompt "opt in again"', Purpose.OPT_IN_PROMPT, Channel.ANY),
        ("order receipt with promo block", Purpose.MARKETING, Channel.ANY),
        ("order receipt, no promotion", Purpose.SERVICE, Channel.ANY),
        ("new purpose added in notice v4", Purpose.OTHER, Channel.ANY),
        ("partner API read of field", Purpose.PARTNER_READ, Channel.ANY),
        ("automated decision (credit offer)", Purpose.AUTOMATED_DECISION, Channel.ANY),
    ],
)  # fmt: skip
def test_parse_case__purpose__names_purpose_and_channel(purpose, means, over):
    case = parse(purpose=purpose)

    assert (case.purpose, case.channel) == (means, over)


def test_parse_case__channel__is_its_own_field_unless_it_says_any():
    assert parse(purpose="marketing", channel="sms").channel is Channel.SMS
    assert parse(purpose="marketing email", channel="any").channel is Channel.EMAIL
    assert parse(purpose="marketing", channel="ads_audience").channel is Channel.ADS_AUDIENCE


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("none", State.NONE), (None, State.NONE), ("-", State.NONE), ("never asked", State.NONE),
        ("pending_doi", State.PENDING_DOI), ("granted, DOI done, notice current", State.GRANTED),
        ("granted under v3", State.GRANTED), ("own consent", State.GRANTED), ("opted in last year", State.GRANTED),
        ("soft_opt_in", State.SOFT_OPT_IN), ("soft_opt_in then unsubscribed", State.UNSUBSCRIBED),
        ("soft_opt_in_then_unsubscribed", State.UNSUBSCRIBED), ("withdrawn then granted", State.GRANTED),
        ("opted_out, re-consented", State.GRANTED), ("granted, not withdrawn", State.GRANTED),
        ("implied expired", State.EXPIRED), ("objected", State.OBJECTED), ("not objected", State.NONE),
        ("none, informed, objection offered", State.NONE), ("no consent, no contract", State.NONE),
        ("member, never asked", State.GRANTED), ("opted_out 5 months ago", State.OPTED_OUT),
        ("restricted (Art 18)", State.NONE), ("client's DPA expired", State.NONE),
        ("granted, withdrawn", State.WITHDRAWN), ("requested", State.REQUESTED), ("refused", State.REFUSED),
        ("invalidated", State.INVALIDATED), ("renewed", State.GRANTED), ("imported", State.IMPORTED),
    ],
)  # fmt: skip
def test_parse_case__ledger_words__name_the_last_state(words, state):
    assert parse(ledger_state=words).state is state


def test_parse_case__merge__keeps_both_states():
    assert parse(ledger_state="merge: A granted, B withdrawn").merged_states == (State.GRANTED, State.WITHDRAWN)
    assert parse(ledger_state="merge: A granted, B withdrawn, then granted").merged_states == ()


@pytest.mark.parametrize(
    ("words", "fact", "value"),
    [
        ("granted", "notice_recorded", True), ("granted", "doi_done", True),
        ("granted, no notice version or wording hash", "notice_recorded", False),
        ("granted, no notice version or wording hash", "wording_recorded", False),
        ("granted, single opt-in", "doi_done", False), ("granted, notice outdated", "notice_current", False),
        ("granted under v3, notice v4, editorial change", "notice_current", True),
        ("granted at a prompt naming the conflict", "conflict_prompt", True),
        ("granted without naming the conflict", "conflict_prompt", False),
        ("own opt-in, no parent", "parent_consent", False), ("opt-in by parent", "parent_consent", True),
        ("restricted (Art 18)", "restricted", True), ("granted, restriction lifted", "restricted", False),
        ("erased", "suppressed", True), ("client's DPA expired", "processor_valid", False),
        ("DPA signed", "processor_valid", True), ("no DPA", "processor_valid", False),
        ("none, informed, objection offered", "objection_offered", True),
        ("opted_out 5 months ago", "changed_at", datetime(2026, 6, 21, 12, tzinfo=UTC)),
        ("granted on 2026-03-01", "granted_at", datetime(2026, 3, 1, tzinfo=UTC)),
        ("granted, valid_until 2027-03-01", "valid_until", datetime(2027, 3, 1, tzinfo=UTC)),
        ("granted, valid_until passed", "valid_until", NOON - timedelta(days=1)),
        ("implied, inquiry 5 months ago", "implied_by_inquiry", True),
        ("granted, blue moon", "wording_recorded", False),
    ],
)  # fmt: skip
def test_parse_case__ledger_words__state_facts(words, fact, value):
    assert getattr(parse(ledger_state=words), fact) == value


@pytest.mark.parametrize(
    ("value", "on"),
    [(1, True), ("1", True), (True, True), (["0", "1"], True), (0, False), ("0", False), (False, False), (None, False),
     ("true", False), ("yes", False), (2, False), ("1;x", False), ("-", False)],
)  # fmt: skip
def test_parse_case__gpc__counts_only_as_one(value, on):
    assert parse(gpc=value).gpc is on


@pytest.mark.parametrize(
    ("value", "age", "identified"),
    [(14, 14, True), ("13", 13, True), ("adult", 18, True), ("known", None, True), ("unknown", None, False),
     ("any", None, True), ("-", None, True), (None, None, True), ("under 13", 12, True), ("16+", 16, True),
     (0, 0, True)],
)  # fmt: skip
def test_parse_case__age__is_years_or_a_word(value, age, identified):
    case = parse(age=value)

    assert (case.age, case.identified) == (age, identified)


@pytest.mark.parametrize(
    ("value", "basis"),
    [("consent", Basis.CONSENT), ("LI", Basis.LEGITIMATE_INTEREST), ("legitimate_interest", Basis.LEGITIMATE_INTEREST),
     ("contract", Basis.CONTRACT), ("opt-out", Basis.NOTICE_OPT_OUT), ("notice_opt_out", Basis.NOTICE_OPT_OUT),
     ("CASL", Basis.IMPLIED), ("s.112 exemption", Basis.EXEMPTION), ("soft opt-in", Basis.SOFT_OPT_IN),
     ("-", Basis.NONE), (None, Basis.NONE), ("legal obligation", Basis.LEGAL_OBLIGATION)],
)  # fmt: skip
def test_parse_case__basis__is_read(value, basis):
    assert parse(basis=value).basis is basis


def test_parse_case__fact_by_name__overrides_the_words():
    case = parse(ledger_state="granted", doi=False, valid_until="2027-01-01T00:00:00Z", seq=12, merged=["withdrawn"])

    assert (case.doi_done, case.ledger_seq, case.merged_states) == (False, 12, (State.WITHDRAWN,))
    assert case.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_parse_case__instant__is_at_then_now_then_the_day_of_the_rule_set():
    assert parse(at="2025-01-01").at == datetime(2025, 1, 1, tzinfo=UTC)
    assert parse().at == NOON
    assert parse_case(PLAIN).at.date() == RULE_SET_DATE


NONSENSE = [
    ({"place": "Atlantis"}, "invalid_place", "place"),
    ({"place": 7}, "invalid_place", "place"),
    ({"purpose": "banana"}, "invalid_purpose", "purpose"),
    ({"purpose": None}, "invalid_purpose", "purpose"),
    ({"purpose": ["marketing"]}, "invalid_purpose", "purpose"),
    ({"channel": "pigeon"}, "invalid_channel", "channel"),
    ({"channel": ["email"]}, "invalid_channel", "channel"),
    ({"ledger_state": "banana"}, "invalid_ledger_state", "ledger_state"),
    ({"ledger_state": {}}, "invalid_ledger_state", "ledger_state"),
    ({"ledger_state": "granted on 2026-02-30"}, "invalid_time", "ledger_state"),
    ({"ledger_state": "granted 99999999999 days ago"}, "invalid_time", "ledger_state"),
    ({"gpc": {"on": True}}, "invalid_gpc", "gpc"),
    ({"gpc": [1]}, "invalid_gpc", "gpc"),
    ({"gpc": 0.5}, "invalid_gpc", "gpc"),
    ({"age": -1}, "invalid_age", "age"),
    ({"age": 131}, "invalid_age", "age"),
    ({"age": True}, "invalid_age", "age"),
    ({"age": 14.5}, "invalid_age", "age"),
    ({"age": "old"}, "invalid_age", "age"),
    ({"basis": "because"}, "invalid_basis", "basis"),
    ({"basis": 6}, "invalid_basis", "basis"),
    ({"at": "soon"}, "invalid_time", "at"),
    ({"at": 5}, "invalid_time", "at"),
    ({"at": "0001-01-01"}, "invalid_time", "at"),
    ({"doi_done": "yes"}, "invalid_fact", "doi_done"),
    ({"doi": 1}, "invalid_fact", "doi"),
    ({"ledger_seq": "7"}, "invalid_fact", "ledger_seq"),
    ({"merged_states": "granted"}, "invalid_fact", "merged_states"),
    ({"merged_states": [{}]}, "invalid_fact", "merged_states"),
    ({"valid_until": "9999-99-99"}, "invalid_time", "valid_until"),
]


@pytest.mark.parametrize(("change", "code", "field"), NONSENSE, ids=[str(change) for change, _, _ in NONSENSE])
def test_parse_case__nonsense__is_refused_with_code_field_and_sentence(change, code, field):
    with pytest.raises(CaseError) as refusal:
        parse(**change)

    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("field", ["place", "purpose", "ledger_state"])
def test_parse_case__required_field_absent__is_refused(field):
    raw = {name: value for name, value in PLAIN.items() if name != field}

    with pytest.raises(CaseError, match=f"A case needs '{field}'"):
        parse_case(raw)


def test_parse_case__not_an_object__is_refused():
    with pytest.raises(CaseError, match="must be a JSON object"):
        parse_case(["DE"])


def test_unread_fields__annotations__are_listed_and_case_fields_are_not():
    row = rows("vectors_decisions")[0] | {"valid_until": None, "doi": True}

    assert unread_fields(row) == ["answer", "n", "why"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aé1-:T ", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=5,
)
_WORDS = (
    "granted",
    "then",
    "no",
    "gpc",
    "before",
    "999 years ago",
    "merge",
    ",",
    "v3",
    "5 months",
    "2026-13-01",
    "(",
    "none",
)
phrases = st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)
FIELDS = [field.name for field in fields(Case)] + ["ledger_state", "doi", "erased"]


@patient
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4), phrases)
def test_parse_case__anything_at_all__becomes_a_case_with_an_answer_or_a_refusal(changes, words):
    try:
        case = parse_case({**PLAIN, "ledger_state": words} | changes, now=NOON)
    except CaseError as refusal:
        assert refusal.code
    else:
        assert decide(case).answer

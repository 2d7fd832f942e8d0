import json

import pytest

from consent.rules.jurisdiction_rule import RULE_SET, RULE_SET_DATE, JurisdictionRule
from consent.rules.policy import RULES, gate_mode, resolve
from consent.rules.vocabulary import Channel, GateMode, GpcEffect, Mode, Purpose


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("DE", "DE"), ("de", "DE"), (" FR ", "FR"), ("DE-BY", "DE"), ("EU", "EU"), ("EEA", "EU"), ("UK", "GB"),
        ("GB", "GB"), ("GB-SCT", "GB"), ("EL", "GR"), ("RE", "FR"), ("US", "US"), ("US-CA", "US-CA"),
        ("US-WA", "US"), ("US-other", "US"), ("PR", "US"), ("CA", "CA"), ("CA-QC", "CA-QC"), ("CA-ON", "CA"),
        ("CH", "CH"), ("BR", "BR"), ("BR-SP", "BR"), ("JP", "*"), ("any", "*"), ("unknown", "*"), ("", "*"),
        (None, "*"), ("Atlantis", "*"),
    ],
)  # fmt: skip
def test_resolve__place__has_the_rule_of_its_law(place, code):
    assert resolve(place).code == code


def test_rules__european_economic_area__is_complete():
    members = {
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU",
        "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO",
    }  # fmt: skip

    assert members <= set(RULES)
    assert all(13 <= RULES[code].digital_consent_age <= 16 for code in members)


@pytest.mark.parametrize(
    ("place", "age"),
    [("DE", 16), ("FR", 15), ("ES", 14), ("IT", 14), ("AT", 14), ("DK", 15), ("SE", 13), ("NL", 16), ("UK", 13)],
)
def test_resolve__digital_consent_age__is_that_of_the_country(place, age):
    assert resolve(place).digital_consent_age == age


def test_rules__universal_opt_out__binds_in_twelve_states():
    binding = {code for code, rule in RULES.items() if rule.gpc_effect is GpcEffect.BINDING}

    assert binding == {
        f"US-{state}" for state in ("CA", "CO", "CT", "DE", "MD", "MN", "MT", "NE", "NH", "NJ", "OR", "TX")
    }


@pytest.mark.parametrize(
    ("place", "mode"),
    [("DE", "opt_in"), ("UK", "opt_in"), ("BR", "opt_in"), ("CA-QC", "opt_in"), (None, "opt_in"), ("US", "opt_out"),
     ("US-CA", "opt_out"), ("CA", "opt_out"), ("CH", "opt_out")],
)  # fmt: skip
def test_gate_mode__place__asks_first_or_informs(place, mode):
    assert gate_mode(resolve(place)) is GateMode(mode)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_jurisdiction_rule__written_as_json__reads_back_equal(rule):
    written = json.loads(json.dumps(rule.to_dict()))

    assert JurisdictionRule.from_dict(written) == rule


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_jurisdiction_rule__sources__cover_the_same_topics_everywhere(rule):
    assert dict(rule.sources).keys() == dict(RULES["EU"].sources).keys()
    assert all(text.strip() for _, text in rule.sources)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"surprise": 1}, ValueError),
        ({"marketing_email": "sometimes"}, ValueError),
        ({"soft_opt_in": 1}, TypeError),
        ({"digital_consent_age": "16"}, TypeError),
        ({"in_force_from": "soon"}, ValueError),
        ({"gpc_purposes": ["everything"]}, ValueError),
    ],
)
def test_jurisdiction_rule__wrong_field__is_refused(change, error):
    written = RULES["DE"].to_dict() | change

    with pytest.raises(error):
        JurisdictionRule.from_dict(written)


def test_jurisdiction_rule__missing_field__is_refused():
    written = RULES["DE"].to_dict()
    del written["marketing_email"]

    with pytest.raises(TypeError):
        JurisdictionRule.from_dict(written)


def test_mode_for__marketing_over_any_channel__is_the_strictest_channel():
    assert RULES["US"].mode_for(Purpose.MARKETING, Channel.EMAIL) is Mode.OPT_OUT
    assert RULES["US"].mode_for(Purpose.MARKETING, Channel.ANY) is Mode.OPT_IN
    assert RULES["US"].mode_for(Purpose.OTHER, Channel.ANY) is Mode.OPT_IN


def test_rule_set__version__is_the_day_the_law_was_read():
    assert RULE_SET_DATE.isoformat() == RULE_SET
    assert {rule.rule_set for rule in RULES.values()} == {RULE_SET}

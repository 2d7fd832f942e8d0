"""What endpoints can ask for."""

import pytest

from integrations.rules.event_catalogue import EVENT_TYPES, is_pattern, passes, types_of


@pytest.mark.parametrize("text", ["*", "customer.*", "customer.updated", "ping"])
def test_is_pattern__type_family_or_all__is_known(text):
    assert is_pattern(text)


@pytest.mark.parametrize("text", ["", "customer", "customer.", "nobody.*", "customer.unknown", "*.*"])
def test_is_pattern__anything_else__is_not(text):
    assert not is_pattern(text)


def test_types_of__all__is_everything_but_tests():
    assert types_of(["*"]) == set(EVENT_TYPES) - {"ping"}


def test_types_of__family_and_type__are_both():
    found = types_of(["segment.*", "consent.withdrawn"])

    assert found == {"segment.entered", "segment.exited", "segment.rebuilt", "consent.withdrawn"}


def test_passes__member_with_another_value__does_not_and_absent_member_does():
    assert passes({"segment": ["vip"]}, {"segment": "vip"})
    assert not passes({"segment": ["vip"]}, {"segment": "other"})
    assert passes({"segment": ["vip"]}, {"changed": ["email"]})

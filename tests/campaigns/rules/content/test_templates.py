"""Personal words: what is refused before sending, and that nothing gets out of the sandbox."""

import pytest

from campaigns.rules.content.templates import Filled, TemplateFault, faults


def test_faults__words_with_fallbacks_and_good_links__none():
    body = 'Hi {{ customer.first_name | default: "there" }}, {{ customer.orders_count }}. [Go](https://example.com/a)'

    assert faults("Hi {{ customer.attributes.plan | default: 'you' }}", body, attributes={"plan"}) == []


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("", "text", "The subject is missing."),
        ("Hi", " ", "The text is missing."),
        ("Hi {{ customer.first_name }}", "text", "customer.first_name needs a fallback"),
        ("Hi", "{{ customer.first_name | upcase }}", "needs a fallback"),
        ("Hi", "{{ customer.email | default: 'x' }}", "There is no field customer.email"),
        ("Hi", "{{ customer.attributes.secret | default: 'x' }}", "There is no field"),
        ("Hi", "{{ settings.SECRET_KEY | default: 'x' }}", "There is no field settings.SECRET_KEY"),
        ("Hi", "{% for x in (1..9999999) %}x{% endfor %}", "cannot be read"),
        ("Hi", "{% include 'other' %}", "cannot be read"),
        ("Hi", "{% if customer.country == 'DE' %}x", "cannot be read"),
        ("Hi", "{{ 'a' | base64_encode }}", "cannot be read"),
        ("Hi", "[Go](http://{{ customer.first_name | default: 'x' }}.example.com)", "must begin with https://"),
        ("Hi", "[Go](javascript:alert)", "must begin with https://"),
        ("Hi", "text\n[[de]]\n{{ customer.last_name }}", "In the part for de: customer.last_name needs a fallback"),
    ],
)
def test_faults__words_that_cannot_be_sent__are_named(subject, body, words):
    found = faults(subject, body)

    assert any(words in fault for fault in found), found


def test_filled__value_with_marks__is_escaped_in_html_and_plain_in_text():
    source, values = "{{ customer.first_name | default: 'there' }}", {"customer": {"first_name": "<b>[x](http://y)"}}

    assert Filled(source, html=True).for_person(values) == "&lt;b&gt;[x](http://y)"
    assert Filled(source, html=False).for_person(values) == "<b>[x](http://y)"


@pytest.mark.parametrize("value", [None, ""])
def test_filled__nothing_known__is_the_fallback(value):
    source = "{{ customer.first_name | default: 'there' }}"

    assert Filled(source, html=True).for_person({"customer": {"first_name": value}}) == "there"


@pytest.mark.parametrize(
    "source",
    ["{{ customer.__class__ }}", "{{ customer.first_name.__class__.__mro__ }}", "{{ customer.attributes.items }}"],
)
def test_filled__insides_of_python__are_not_reachable(source):
    assert Filled(source, html=False).for_person({"customer": {"first_name": "Jane", "attributes": {}}}) == ""


def test_filled__endless_output__is_stopped():
    source = "{{ customer.first_name | default: 'x' }}" * 50

    with pytest.raises(TemplateFault, match="cannot be read"):
        Filled(source, html=False).for_person({"customer": {"first_name": "x" * 10_000}})

"""Which status is told to whom, how often, and when that is given up."""

from consent.rules.callbacks import ATTEMPTS, after_call, is_due, mark_of_body


def test_due__what_is_told_or_given_up__is_not_until_the_status_changes():
    kept = {"callback": "https://agent.example.com"}

    told = after_call(kept, mark="a", arrived=True)
    tried = kept
    for _ in range(ATTEMPTS):
        assert is_due(tried, "a")
        tried = after_call(tried, mark="a", arrived=False)

    assert (is_due(told, "a"), is_due(tried, "a")) == (False, False)
    assert is_due(told, "b")
    assert is_due(tried, "b")
    assert after_call(tried, mark="b", arrived=False) == kept | {"tried": "b", "calls": 1}


def test_mark__of_another_body__is_another_one():
    assert mark_of_body(b'{"status":"open"}') == mark_of_body(b'{"status":"open"}') != mark_of_body(b"{}")

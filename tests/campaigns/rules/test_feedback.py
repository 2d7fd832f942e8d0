"""One taxonomy for what servers and providers say."""

import pytest

from campaigns.rules.feedback import Outcome, bounce, no_mailbox, status_code
from campaigns.rules.outcomes import answered, refused


@pytest.mark.parametrize(
    ("says", "word", "outcome", "code"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", "", Outcome.HARD, "5.1.1"),
        ("smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "", Outcome.HARD, "5.1.10"),
        ("554 5.2.1 The email account is disabled", "", Outcome.HARD, "5.2.1"),
        ("552 5.2.2 The email account that you tried to reach is over quota", "", Outcome.SOFT, "5.2.2"),
        ("550 5.7.1 Message rejected due to local policy", "", Outcome.BLOCKED, "5.7.1"),
        ("554 5.7.26 Unauthenticated email is not accepted due to DMARC policy", "bounce", Outcome.BLOCKED, "5.7.26"),
        ("421 4.7.0 Temporary System Problem. Try again later", "", Outcome.SOFT, "4.7.0"),
        ("550 no such user here", "", Outcome.HARD, "550"),
        ("451 try later", "", Outcome.SOFT, "451"),
        ("", "HardBounce", Outcome.HARD, ""),
        ("", "hard_bounce", Outcome.HARD, ""),
        ("", "Permanent", Outcome.HARD, ""),
        ("", "Transient", Outcome.SOFT, ""),
        ("550 rejected for policy reasons", "blocked", Outcome.BLOCKED, "550"),
        ("", "", Outcome.SOFT, ""),
        ("to 192.0.2.5.1.1 refused", "", Outcome.SOFT, ""),
    ],
)
def test_bounce__answer_and_word__is_of_one_kind(says, word, outcome, code):
    assert bounce(says=says, word=word) is outcome
    assert status_code(says) == code


@pytest.mark.parametrize(("code", "gone"), [("5.1.1", True), ("5.1.10", True), ("550", False), ("5.7.1", False)])
def test_no_mailbox__code__only_where_the_code_says_so(code, gone):
    assert no_mailbox(code) is gone


@pytest.mark.parametrize(
    ("status", "state", "stops"),
    [
        (400, "failed", False),
        (401, "queued", True),
        (403, "queued", True),
        (422, "failed", False),
        (429, "queued", True),
        (500, "unknown", False),
        (502, "unknown", False),
        (503, "queued", True),
    ],
)
def test_answered__status_of_a_provider__says_what_becomes_of_message_and_others(status, state, stops):
    outcome = answered(status, attempts=1)

    assert (outcome.state, outcome.stops) == (state, stops)


def test_refused__address_without_a_mailbox__is_a_hard_bounce_with_its_code():
    outcome = refused(550, address=True, attempts=1, says="5.1.1 no such user")

    assert (outcome.state, outcome.bounced, outcome.code) == ("failed", "hard", "5.1.1")


def test_refused__for_now_too_often__bounced_for_now():
    outcome = refused(452, address=True, attempts=6, says="4.2.2 mailbox full")

    assert (outcome.state, outcome.bounced, outcome.code) == ("failed", "soft", "4.2.2")

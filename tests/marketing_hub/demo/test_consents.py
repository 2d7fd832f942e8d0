from collections import Counter

from consent.rules.evidence import clean_evidence
from consent.rules.states import next_state
from consent.rules.vocabulary import Event, State
from marketing_hub.demo.consents import (
    MAILING,
    NOTICE_LOCALES,
    TRACKING,
    Story,
    allowed_between,
    consent_steps,
    story_of,
)
from tests.marketing_hub.demo.conftest import NOW


def test_story_of__everybody__spreads_over_all_stories(people):
    stories = Counter(story_of(person) for person in people)

    assert set(stories) == set(Story)
    assert 0.40 < stories[Story.DOUBLE_OPT_IN] / len(people) < 0.48
    assert min(stories.values()) > 200


def test_consent_steps__everybody__is_a_history_that_the_ledger_takes(people):
    for person in people:
        steps = consent_steps(person, now=NOW)
        assert steps == consent_steps(person, now=NOW)
        assert (steps == []) == (story_of(person) is Story.NEVER_ASKED)
        assert steps == sorted(steps, key=lambda step: step.occurred_at)
        states: dict[str, State] = {}
        for step in steps:
            states[step.purpose] = next_state(states.get(step.purpose, State.NONE), Event(step.event))
            assert person.created_at < step.occurred_at < NOW
            assert step.locale in ("", *NOTICE_LOCALES)
            assert clean_evidence(step.evidence) == dict(step.evidence)


def test_consent_steps__each_story__ends_where_it_says(people):
    told = {story: next(p for p in people if story_of(p) is story) for story in Story}

    last = {
        story: {step.purpose: step.event for step in consent_steps(person, now=NOW)} for story, person in told.items()
    }

    assert last[Story.DOUBLE_OPT_IN].items() >= {MAILING: "granted", TRACKING: "granted"}.items()
    assert last[Story.PENDING] == {MAILING: "pending_doi", TRACKING: "granted"}
    assert last[Story.REFUSED] == {MAILING: "refused", TRACKING: "refused"}
    assert last[Story.WITHDRAWN][MAILING] == "unsubscribed"
    assert last[Story.GPC] == {MAILING: "granted", TRACKING: "granted", "sale_share": "opted_out"}
    assert last[Story.SOFT_OPT_IN] == {MAILING: "soft_opt_in", TRACKING: "granted"}
    assert last[Story.NEVER_ASKED] == {}


def test_allowed_between__withdrawn_and_never__end_or_do_not_begin(people):
    withdrawn = next(person for person in people if story_of(person) is Story.WITHDRAWN)
    refused = next(person for person in people if story_of(person) is Story.REFUSED)

    begin, end = allowed_between(consent_steps(withdrawn, now=NOW), MAILING)

    assert begin < end
    assert allowed_between(consent_steps(refused, now=NOW), MAILING) is None

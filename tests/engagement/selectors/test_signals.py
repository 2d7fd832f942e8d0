"""What automations hear of messages: what people did, never what machines or nobody knows who did."""

from datetime import timedelta

import pytest
from django.utils import timezone

from engagement.selectors.signals import SIGNALS
from tests.factories.automations import happen
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["click", "open"])
@pytest.mark.parametrize(("verdict", "heard"), [("human", 1), ("uncertain", 0), (None, 1)])
def test_signals__reaction_to_a_message__is_heard_when_a_person_did_it(kind, verdict, heard):
    (person,) = make_people(1)
    happen(person, kind, properties={"verdict": verdict} if verdict else {})
    since = {person.pk: timezone.now() - timedelta(hours=1)}

    recent = list(SIGNALS.recent(since, [kind]))
    read = list(SIGNALS.read(0, 2**62, [kind]))

    assert (len(recent), len(read)) == (heard, heard)


def test_signals__verdict_of_something_else__is_nobodys_business():
    (person,) = make_people(1)
    happen(person, "conversion", properties={"verdict": "rejected"})

    assert len(list(SIGNALS.read(0, 2**62, ["conversion"]))) == 1


@pytest.mark.parametrize("kind", ["machine-open", "machine-click"])
def test_signals__machines__cannot_be_listened_to(kind):
    assert SIGNALS.wrong({"on": "event", "event": kind}) == [
        "Machines did that, not people: link scanners and privacy proxies start nothing."
    ]
    assert kind not in dict(SIGNALS.choices())

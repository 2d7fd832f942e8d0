"""What steps do and to whom: nobody in the global holdout is treated, and both sides are logged."""

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Shown, StepRecord
from campaigns.rules.holdouts import side_of
from campaigns.services.automations.timers import run_timers
from campaigns.services.experiments import start_holdout
from core.actors import SYSTEM
from core.models import OutboxMessage
from tests.campaigns.rules.automations.examples import graph, send
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db


def test_steps__global_holdout__gets_no_message_and_no_webhook_and_both_sides_are_logged():
    people, now = make_people(40), timezone.now()
    holdout = start_holdout(percent=20, by=SYSTEM, now=now)
    found = graph({"hello": send("tell"), "tell": {"type": "webhook", "name": "crm"}}, entry={"on": "api"})
    automation = make_automation(found)
    for person in people:
        put_in(automation, person, now)

    run_timers(now=now)

    sides = {person.pk: side_of(holdout.public_id, person.public_id, holdout.variants) for person in people}
    held = {pk for pk, side in sides.items() if side == "held_out"}
    assert 0 < len(held) < 40
    assert dict(Shown.objects.values_list("customer", "variant")) == sides
    assert set(Delivery.objects.values_list("customer", flat=True)) == set(sides) - held
    assert OutboxMessage.objects.filter(topic="automation.step").count() == 40 - len(held)
    assert StepRecord.objects.filter(outcome="held_out").count() == 2 * len(held)

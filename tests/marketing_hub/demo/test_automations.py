"""The welcome of the demo is at work, written by one and published by another."""

import pytest
from django.utils import timezone

from campaigns.models import Automation, AutomationVersion, Delivery, Run
from marketing_hub.demo.automations import welcome_newcomers
from tests.factories.campaigns import AUTHOR, READER, make_people

pytestmark = pytest.mark.django_db


def test_welcome_newcomers__run_twice__one_automation_with_people_on_their_way():
    make_people(3)
    make_people(1, orders_count=4)

    said = [welcome_newcomers(by=AUTHOR, reader=READER, now=timezone.now()) for _ in range(2)]

    version = AutomationVersion.objects.get()
    assert said == ["a welcome with 4 people in it", "a welcome at work"]
    assert (Automation.objects.get().state, version.changed_by, version.published_by) == (
        "active",
        str(AUTHOR),
        str(READER),
    )
    assert sorted(Run.objects.values_list("step", "state")) == [("mark", "ended"), *[("rest", "open")] * 3]
    assert Delivery.objects.count() == 4

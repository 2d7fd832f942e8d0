"""Somebody's automations stand in her timeline; a segment's page says which automations name it."""

import pytest
from django.utils import timezone

from campaigns.selectors.automations.timeline import fetch_runs
from core.models import Role
from customers.selectors.timeline import Before
from customers.services.segments import define_segment
from tests.campaigns.rules.automations.examples import graph, send
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import AUTHOR, make_people
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


def test_timeline__person_in_an_automation__tells_which_and_how_it_stands():
    person, other = make_people(2)
    run = put_in(make_automation(), person)
    put_in(make_automation(name="Other"), other)

    (entry,) = fetch_runs([person.pk], Before(at=timezone.now(), inclusive=True), 10)

    assert (entry.row, entry.title) == (run.public_id, "Came into the automation “Welcome”")
    assert entry.details["now"] == "Under way"


def test_segment_page__named_by_an_automation__says_so(client):
    segment = define_segment(name="VIP", kind="static", by=AUTHOR, now=timezone.now())
    entry = {"on": "segment", "segment": segment.slug}
    automation = make_automation(graph({"hello": send()}, entry=entry), live=False)
    client.force_login(make_staff(Role.MARKETER))

    page = client.get(f"/console/segments/{segment.slug}").content.decode()

    assert automation.public_id in page

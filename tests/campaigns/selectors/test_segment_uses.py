"""A segment's page names the campaigns that use it, and it stays while one of them is not over."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.rules.lifecycle import State
from core.actors import SYSTEM
from core.errors import Conflict
from core.models import Role
from customers.models import Segment, SegmentState
from customers.selectors.segments.uses import uses_by_segment, uses_of
from customers.services.segments import archive_segment
from tests.factories.campaigns import make_campaign
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


def test_uses__campaign_under_way__is_named_and_holds_the_segment(client):
    campaign = make_campaign()
    segment = Segment.objects.get()
    client.force_login(make_staff(Role.MARKETER))

    page = client.get(f"/console/segments/{segment.slug}").content.decode()
    with pytest.raises(Conflict, match=campaign.name):
        archive_segment(segment=segment, by=SYSTEM, now=timezone.now())

    assert f"/console/campaigns/{campaign.public_id}" in page
    segment.refresh_from_db()
    assert segment.state == SegmentState.ACTIVE


def test_uses__campaign_put_away__lets_it_go():
    campaign, now = make_campaign(), timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(state=State.ARCHIVED, archived_at=now)
    segment = Segment.objects.get()

    archive_segment(segment=segment, by=SYSTEM, now=now)

    assert uses_of(segment) == []


def test_list_of_segments__however_many__counts_their_users_in_the_same_number_of_queries(client):
    first = make_campaign()
    client.force_login(make_staff(Role.MARKETER))
    client.get("/console/segments")
    with CaptureQueriesContext(connection) as one:
        client.get("/console/segments")
    for _ in range(3):
        make_campaign()
    with CaptureQueriesContext(connection) as several:
        client.get("/console/segments")

    segments = list(Segment.objects.all())
    assert len(several) == len(one)
    assert [use.name for use in uses_by_segment(segments)[first.parts.get().segment_id]] == [first.name]
    assert all(len(uses) == 1 for uses in uses_by_segment(segments).values())

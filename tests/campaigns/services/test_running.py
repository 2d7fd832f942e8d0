"""A campaign whose audience cannot be built says so, and one that is being built is left alone."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.rules.lifecycle import State
from campaigns.services.running import TRIED_FOR, give_up_building, launch_campaign
from core.actors import SYSTEM
from core.models import AuditEntry
from tests.factories.campaigns import approved, make_campaign, make_people
from tests.support.tampering import unguarded

LATER = TRIED_FOR + timedelta(minutes=1)


def building():
    return launch_campaign(campaign=approved(make_campaign(make_people(1))), by=SYSTEM, now=timezone.now())


@pytest.mark.django_db
def test_give_up_building__tried_long_enough__campaign_has_failed_and_says_why():
    campaign = building()

    early = give_up_building(now=timezone.now())
    late = give_up_building(now=timezone.now() + LATER)

    campaign.refresh_from_db()
    assert (early, late) == (0, 1)
    assert campaign.state == State.FAILED
    assert campaign.trouble.startswith("The audience could not be built in 30 minutes.")
    assert AuditEntry.objects.filter(action="campaign.failed", target=campaign.public_id).count() == 1


@pytest.mark.django_db(transaction=True)
def test_give_up_building__somebody_builds_it_now__is_left_alone():
    campaign = building()
    with unguarded("campaigns_campaign") as cursor:
        cursor.execute("UPDATE campaigns_campaign SET state = 'building_audience'")
    settings = connection.get_connection_params()
    address = {name: settings[name] for name in ("host", "user", "password", "dbname", "port") if settings.get(name)}

    with psycopg.connect(**address) as builder:
        builder.execute("SELECT FROM campaigns_campaign WHERE id = %s FOR UPDATE", [campaign.pk])
        given_up = give_up_building(now=timezone.now() + LATER)

    assert given_up == 0
    assert Campaign.objects.get(pk=campaign.pk).state == State.BUILDING_AUDIENCE

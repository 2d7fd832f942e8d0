"""Erasure, merging and old age of deliveries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.selectors.campaigns import counts_of
from campaigns.selectors.personal import collect_deliveries
from campaigns.services.running import cancel_campaign
from campaigns.services.upkeep import absorb_deliveries, forget_deliveries, restore_deliveries
from core import privacy
from core.actors import SYSTEM
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db


def test_erasure__person_in_an_audience__row_stays_without_her_and_the_sum_holds():
    people = make_people(2)
    campaign = launched(make_campaign(people))

    privacy.erase_everywhere([people[0].pk])

    row = Delivery.objects.get(customer=None)
    assert (row.state, row.reason, row.consent_ref) == ("skipped", "deleted", None)
    assert sum(counts_of([campaign])[campaign.pk].values()) == campaign.people == 2
    assert list(collect_deliveries([people[0].pk])) == []


def test_collect__person_in_an_audience__tells_campaign_purpose_and_reason():
    people = make_people(1)
    campaign = launched(make_campaign(people))

    (row,) = collect_deliveries([people[0].pk])

    assert (row["campaign"], row["purpose"], row["state"]) == (campaign.public_id, "marketing_email", "queued")


def test_merge__both_in_the_audience__one_message_and_back_again():
    one, other = make_people(2)
    launched(make_campaign([one, other]))
    alone = launched(make_campaign([other]))

    image = absorb_deliveries(absorbed_id=other.pk, into_id=one.pk)

    assert Delivery.objects.filter(state="queued", campaign=alone).get().customer == one
    assert Delivery.objects.get(reason="merged").customer == other
    restore_deliveries(absorbed_id=other.pk, image=image, now=timezone.now())
    assert Delivery.objects.filter(state="queued", customer=other).count() == 2


def test_forget__campaign_that_ended_long_ago__keeps_its_figures():
    now = timezone.now()
    campaign = launched(make_campaign(make_people(2)))
    cancel_campaign(campaign=campaign, by=SYSTEM, now=now - timedelta(days=800))

    gone = forget_deliveries(before=now - timedelta(days=775), now=now)

    campaign.refresh_from_db()
    assert (gone, Delivery.objects.count()) == (2, 0)
    assert counts_of([campaign])[campaign.pk] == {"skipped": 2}
    assert forget_deliveries(before=now, now=now) == 0

"""Deleting drafts on screens."""

import pytest

from campaigns.models import Campaign, Offer, Promotion
from core.models import Role
from tests.factories.campaigns import launched, make_campaign, make_promotion
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_drafts__deleted__are_gone_and_lead_to_their_lists(marketer):
    campaign, promotion = make_campaign(), make_promotion(active=False)
    pages = (f"campaigns/{campaign.public_id}", f"promotions/{promotion.key}")

    offered = [f"/console/{page}/delete" in marketer.get(f"/console/{page}").content.decode() for page in pages]
    led = [marketer.post(f"/console/{page}/delete")["Location"] for page in (*pages, f"offers/{promotion.offer.key}")]

    assert offered == [True, True]
    assert led == ["/console/campaigns", "/console/promotions", "/console/offers"]
    assert not (Campaign.objects.exists() or Promotion.objects.exists() or Offer.objects.exists())


def test_launched_and_running__have_no_delete_and_refuse_it(marketer):
    campaign, promotion = launched(make_campaign()), make_promotion()
    pages = (f"campaigns/{campaign.public_id}", f"promotions/{promotion.key}")

    offered = [f"/console/{page}/delete" in marketer.get(f"/console/{page}").content.decode() for page in pages]
    answers = [marketer.post(f"/console/{page}/delete") for page in (*pages, f"offers/{promotion.offer.key}")]

    assert offered == [False, False]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert "Spring" in answers[2].content.decode()
    assert (Campaign.objects.count(), Promotion.objects.count(), Offer.objects.count()) == (1, 1, 1)

"""Deleting campaigns, offers and promotions: drafts go, what people may have seen stays."""

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Code, Offer, Promotion
from campaigns.rules.offers import PromotionState
from campaigns.services.offers import make_codes, move_promotion
from core.models import AuditEntry
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.campaigns import (
    AUTHOR,
    approved,
    launched,
    make_audience,
    make_campaign,
    make_people,
    make_promotion,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer(caller):
    return caller("campaigns:read", "campaigns:write", "offers:write", "promotions:write", "promotions:read")


def audited(action):
    return list(AuditEntry.objects.filter(action=action).values_list("target", flat=True))


def test_delete_campaign__draft__is_gone_and_its_segment_stays(writer):
    segment = make_audience(make_people(1))
    made = writer.post(
        "/api/v1/campaigns", {"name": "Spring", "purpose": "marketing_email", "include": [segment.slug]}
    ).json()["id"]

    answer = writer.delete(f"/api/v1/campaigns/{made}")

    segment.refresh_from_db()
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Campaign.objects.exists()
    assert audited("campaign.deleted") == [made]
    assert writer.get(f"/api/v1/campaigns/{made}").status_code == 404


@pytest.mark.parametrize("state", [approved, launched])
def test_delete_campaign__approved_or_launched__is_409_and_stays(writer, state):
    campaign = state(make_campaign())

    answer = writer.delete(f"/api/v1/campaigns/{campaign.public_id}")

    assert_is_refusal(answer, 409, "state_conflict")
    assert Campaign.objects.get() == campaign
    assert audited("campaign.deleted") == []


def test_delete_campaign__draft_again_after_a_failed_launch__keeps_its_history(writer):
    draft = make_campaign()
    Campaign.objects.filter(pk=draft.pk).update(people=1)

    answer = writer.delete(f"/api/v1/campaigns/{draft.public_id}")

    assert "has a history" in assert_is_refusal(answer, 409, "state_conflict")["message"]
    assert Campaign.objects.filter(pk=draft.pk).exists()


def test_delete_promotion__draft__is_gone_with_its_codes_and_its_offer_can_follow(writer):
    promotion = make_promotion(active=False)
    offer = promotion.offer
    make_codes(promotion=promotion, number=2, by=AUTHOR, now=timezone.now())

    too_early = writer.delete(f"/api/v1/offers/{offer.public_id}")
    gone = writer.delete(f"/api/v1/promotions/{promotion.key}")
    after = writer.delete(f"/api/v1/offers/{offer.key}")

    details = assert_is_refusal(too_early, 409, "in_use")["details"]
    assert details[0]["param"] == promotion.public_id
    assert (gone.status_code, after.status_code) == (204, 204)
    assert not Promotion.objects.exists() and not Code.objects.exists() and not Offer.objects.exists()
    assert (audited("promotion.deleted"), audited("offer.deleted")) == ([promotion.public_id], [offer.public_id])


@pytest.mark.parametrize("state", [PromotionState.ACTIVE, PromotionState.PAUSED, PromotionState.ENDED])
def test_delete_promotion__started_once__is_409_and_stays(writer, state):
    promotion = make_promotion()
    if state != PromotionState.ACTIVE:
        move_promotion(promotion=promotion, to=state, by=AUTHOR, now=timezone.now())

    answer = writer.delete(f"/api/v1/promotions/{promotion.public_id}")

    assert_is_refusal(answer, 409, "state_conflict")
    assert Promotion.objects.get() == promotion


def test_delete_promotion__given_by_a_campaign__is_409_and_names_it(writer):
    promotion = make_promotion(active=False)
    campaign = make_campaign()
    Campaign.objects.filter(pk=campaign.pk).update(promotion=promotion)

    answer = writer.delete(f"/api/v1/promotions/{promotion.key}")

    assert assert_is_refusal(answer, 409, "in_use")["details"][0]["param"] == campaign.public_id
    assert Promotion.objects.exists()


@pytest.mark.parametrize("path", ["campaigns/cmp_none", "offers/none", "promotions/none"])
def test_delete__unknown__is_404(writer, path):
    assert_is_refusal(writer.delete(f"/api/v1/{path}"), 404, "resource_missing")


@pytest.mark.parametrize("path", ["campaigns/{}", "offers/{}", "promotions/{}"])
def test_delete__without_the_right__is_403_and_everything_stays(caller, path):
    campaign, promotion = make_campaign(), make_promotion(active=False)
    names = {"campaigns/{}": campaign.public_id, "offers/{}": promotion.offer.key, "promotions/{}": promotion.key}

    answer = caller("campaigns:read", "offers:read", "promotions:read").delete(f"/api/v1/{path.format(names[path])}")

    assert_is_refusal(answer, 403, "insufficient_scope")
    assert (Campaign.objects.count(), Promotion.objects.count(), Offer.objects.count()) == (1, 1, 1)

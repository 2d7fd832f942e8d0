"""How fast a campaign came about, and what it did not send; by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.selectors.effort import pace_of, spared_of
from campaigns.services.approval import send_back_campaign, submit_campaign
from campaigns.services.campaigns import archive_campaign, change_campaign, duplicate_campaign
from campaigns.services.running import close_campaign, pause_campaign, resume_campaign
from campaigns.services.upkeep import forget_deliveries
from core.models import Role
from tests.factories.campaigns import AUTHOR, READER, launched, make_campaign, make_people
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
SPARED = ("suppressed", "consent_missing", "frequency_cap", "no_address")


@pytest.fixture
def campaign():
    """Drafted two days ago, sent back once, launched yesterday to six: two were sent to, four left out."""
    drafted = timezone.now() - timedelta(days=2)
    row = make_campaign(make_people(6), drafted, cost_per_message="0.25")
    change_campaign(campaign=row, values={"subject": "At last"}, by=AUTHOR, now=drafted)
    submit_campaign(campaign=row, by=AUTHOR, now=drafted)
    send_back_campaign(campaign=row, reason="Shorter", by=READER, now=drafted)
    row = launched(row, drafted + timedelta(days=1))
    pks = list(Delivery.objects.filter(campaign=row).order_by("pk").values_list("pk", flat=True))
    for pk, reason in zip(pks, SPARED, strict=False):
        Delivery.objects.filter(pk=pk).update(state="skipped", reason=reason)
    Delivery.objects.filter(pk__in=pks[4:]).update(state="sent", sent_at=row.launched_at)
    return row


def test_spared__reasons_by_hand__are_messages_and_money_and_outlive_the_rows(campaign):
    found = spared_of(campaign)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())
    forget_deliveries(before=timezone.now() + timedelta(days=1), now=timezone.now())

    assert found.by_kind == tuple((kind, 1, Decimal("0.25")) for kind in ("permission", "suppression", "limits"))
    assert (found.messages, found.cost, found.share) == (3, Decimal("0.75"), 0.5)
    assert not Delivery.objects.filter(campaign=campaign).exists()
    assert spared_of(Campaign.objects.get(pk=campaign.pk)) == found


def test_pace__draft_to_launch_to_decision__first_thing_after_the_launch_counts(campaign):
    before = pace_of(campaign)
    at = campaign.launched_at + timedelta(hours=5)
    close_campaign(campaign_id=campaign.pk, now=at)
    copy = duplicate_campaign(campaign=campaign, by=AUTHOR, now=at)
    archive_campaign(campaign=campaign, by=AUTHOR, now=at + timedelta(hours=1))
    campaign.refresh_from_db()
    found, next_one = pace_of(campaign), pace_of(copy)

    assert (before.to_launch, before.in_review, before.to_decision) == (86_400.0, 0.0, None)
    assert (before.iteration, before.versions, before.submitted, before.sent_back) == (1, 2, 2, 1)
    assert (found.decision, found.to_decision) == ("copied", 18_000.0)
    assert (next_one.iteration, next_one.origin, next_one.to_launch) == (2, campaign.public_id, None)


def test_results__page_metrics_and_results__say_pace_saving_and_pauses(campaign, client, caller):
    paused = pause_campaign(campaign=campaign, reason="Wrong price", by=AUTHOR, now=timezone.now())
    resume_campaign(campaign=paused, by=AUTHOR, now=timezone.now())
    client.force_login(make_staff(Role.ANALYST))
    ask = caller("reports:read")
    path = f"/api/v1/campaigns/{campaign.public_id}"

    page = client.get(f"/console/campaigns/{campaign.public_id}/results").content.decode()
    metrics = ask.get(f"{path}/metrics?fields=returns,pace,spared").json()
    results = ask.get(f"{path}/results").json()

    assert metrics["returns"]["cost"] == 0.5 and metrics["totals"] == {} and "uplift" not in metrics
    assert metrics["pace"]["seconds_to_launch"] == results["pace"]["seconds_to_launch"] == 86_400
    assert metrics["spared"] == results["spared"]
    assert (results["spared"]["messages"], results["spared"]["cost"]) == (3, 0.75)
    assert "Wrong price" in page and "3 messages were kept back on purpose" in page and "1 d" in page


def test_results__before_the_launch__say_so(client, caller):
    campaign = make_campaign(now=datetime(2026, 3, 1, tzinfo=UTC))
    client.force_login(make_staff(Role.ANALYST))

    page = client.get(f"/console/campaigns/{campaign.public_id}/results").content.decode()
    found = caller("reports:read").get(f"/api/v1/campaigns/{campaign.public_id}/metrics?fields=pace,returns").json()

    assert page.count("has not been launched") >= 3
    assert found["pace"]["seconds_to_launch"] is None and found["returns"]["roi"] is None

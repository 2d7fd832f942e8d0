"""Large campaigns: counted by a task, kept with their instant, the same as direct counting on the same rows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Campaign, CampaignCount, Delivery
from campaigns.rules.counting import AUDIENCE, DELIVERIES, RESULTS, period_of, period_question, wait_until_next
from campaigns.rules.reactions import Verdict
from campaigns.selectors.campaign_metrics import BREAKDOWNS, figures_of, from_kept
from campaigns.selectors.campaign_results import campaign_results
from campaigns.selectors.campaigns import counts_of, reasons_of
from campaigns.selectors.effort import spared_of
from campaigns.selectors.pilots import count_waiting, pilot_story
from campaigns.selectors.reactions import outcomes_of, reactions_of
from campaigns.services.approval import submit_campaign
from campaigns.services.counting import ask_count, audience_for, count_asked, count_due, forget_counts
from campaigns.services.running import pause_campaign
from campaigns.services.upkeep import forget_deliveries
from core.actors import SYSTEM
from core.errors import Conflict
from core.models import JobState, Role
from customers.models import Customer
from customers.services.purchases import NewPurchase, record_purchases
from tests.factories.campaigns import AUTHOR, approved, launched, make_campaign, make_people
from tests.factories.core import make_staff
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def campaign():
    """Forty people, some held out, some left out, the others sent to: opened, clicked, bounced, bought."""
    people = [*make_people(30, country="DE"), *make_people(10, country="FR", language="fr")]
    Customer.objects.update(consent_mask=EVERYTHING)
    values = {"holdout_percent": 20, "cost_per_message": "0.50", "pilot_percent": 50}
    row = launched(make_campaign(people, **values), NOW - timedelta(days=3))
    waiting = list(Delivery.objects.filter(campaign=row, state="queued").order_by("pk"))
    for place, one in enumerate(waiting[:-2]):
        at = NOW - timedelta(days=1 + place % 2)
        Delivery.objects.filter(pk=one.pk).update(state="sent", sent_at=at, tracked=place % 3 > 0)
    Delivery.objects.filter(pk=waiting[-1].pk).update(state="skipped", reason="frequency_cap")
    Delivery.objects.filter(pk=waiting[0].pk).update(outcome="hard", outcome_at=NOW)
    tracked = Delivery.objects.filter(campaign=row, tracked=True)
    tracked.update(opened=Verdict.HUMAN, opened_at=NOW)
    tracked.filter(pk__in=[one.pk for one in waiting[:4]]).update(clicked=Verdict.UNCERTAIN, clicked_at=NOW)
    orders = [
        NewPurchase(one.customer_id, f"o{one.pk}", Decimal("20.05"), "EUR", NOW - timedelta(hours=1))
        for one in Delivery.objects.filter(campaign=row).order_by("pk")[:25:2]
    ]
    assert set(record_purchases(purchases=orders, source="shop", by=SYSTEM, now=NOW)) == {None}
    return Campaign.objects.get(pk=row.pk)


@pytest.fixture
def large(settings):
    """Forty people are many."""
    settings.CAMPAIGN_LIVE_PEOPLE = 40


def clock():
    return NOW


def told(campaign):
    """Everything that pages and API tell of it."""
    found = campaign_results(campaign, NOW)
    return {
        "counts": counts_of([campaign]),
        "reasons": reasons_of(campaign),
        "reactions": reactions_of([campaign]),
        "outcomes": outcomes_of([campaign]),
        "spared": spared_of(campaign),
        "waiting": count_waiting(campaign),
        "pilot": pilot_story(campaign, NOW),
        "results": found,
    }


def test_counts__of_a_large_campaign__are_those_of_direct_counting(campaign, settings):
    direct = told(campaign)
    parts = {
        name: figures_of(campaign, begins=campaign.launched_at, ends=NOW, breakdown=name, now=NOW)
        for name in ("", *BREAKDOWNS)
    }

    settings.CAMPAIGN_LIVE_PEOPLE = 40
    assert count_due(clock=clock) == 2

    assert told(campaign) == direct
    kept = CampaignCount.objects.get(question=RESULTS).answer["figures"]
    assert {name: from_kept(rows) for name, rows in kept.items()} == parts
    assert sum(counts_of([campaign])[campaign.pk].values()) == campaign.people == 40


def test_counts__rows_change__stay_until_they_are_counted_again_in_the_same_instant(campaign, large):
    count_due(clock=clock)
    before = told(campaign)
    Delivery.objects.filter(campaign=campaign, state="queued").update(state="sent", sent_at=NOW)

    assert told(campaign) == before
    assert counts_of([campaign], exact=True) != before["counts"]
    assert count_due(clock=clock) == 0
    assert count_due(clock=lambda: NOW + timedelta(seconds=31)) == 1
    assert counts_of([campaign]) == counts_of([campaign], exact=True)


def test_count_due__state_of_the_campaign_changed__counts_at_once(campaign, large):
    count_due(clock=clock)

    pause_campaign(campaign=campaign, by=SYSTEM, now=NOW + timedelta(seconds=1))

    assert count_due(clock=lambda: NOW + timedelta(seconds=2)) == 2


def test_count_due__small_campaign__is_left_alone(campaign):
    assert count_due(clock=clock) == 0
    assert not CampaignCount.objects.exists()


def test_wait_until_next__long_count__takes_a_twentieth_of_the_time_at_most():
    asked = {"finished_at": None, "now": NOW}

    assert wait_until_next(DELIVERIES, state="sending", seconds=1, **asked) == timedelta(seconds=30)
    assert wait_until_next(RESULTS, state="sending", seconds=60, **asked) == timedelta(minutes=20)
    assert wait_until_next(DELIVERIES, state="completed", seconds=1, **asked) == timedelta(minutes=15)
    asked["finished_at"] = NOW - timedelta(days=31)
    assert wait_until_next(RESULTS, state="completed", seconds=1, **asked) == timedelta(days=1)


def test_period_question__read_again__is_the_same_period():
    asked = (NOW, NOW + timedelta(days=1), "day")

    assert period_of(period_question(*asked)) == asked
    assert period_of(period_question(NOW, NOW, "")) == (NOW, NOW, "")


def test_ask_count__asked_twice__is_one_job_and_its_answer_is_kept(campaign, large):
    first = ask_count(campaign=campaign, question=RESULTS, by=SYSTEM, now=NOW)
    second = ask_count(campaign=campaign, question=RESULTS, by=SYSTEM, now=NOW)

    count_asked(job_id=first.job.public_id, clock=clock)

    assert first.job == second.job
    first.job.refresh_from_db()
    assert (first.job.state, first.job.done, first.job.total) == (JobState.SUCCEEDED, 6, 6)
    assert set(CampaignCount.objects.values_list("question", "counted_at")) == {(RESULTS, NOW), (DELIVERIES, NOW)}


def test_results__large_campaign__are_202_then_200_with_their_instant(campaign, large, caller):
    url, api = f"/api/v1/campaigns/{campaign.public_id}/results", caller("reports:read")

    asked = api.get(url)
    job = asked.json()["job"]
    count_asked(job_id=job["id"], clock=clock)
    found = api.get(url)

    assert (asked.status_code, job["state"], found.status_code) == (202, "queued", 200)
    assert found.json()["counted_at"] == NOW.isoformat().replace("+00:00", "Z")
    anew = api.post(url)
    assert (anew.status_code, anew.json()["job"]["state"]) == (202, "queued")


def test_metrics__large_campaign__period_is_counted_once_it_was_asked_for(campaign, large, caller):
    url, api = f"/api/v1/campaigns/{campaign.public_id}/metrics?fields=sent,revenue", caller("reports:read")
    count_due(clock=clock)
    begins = (NOW - timedelta(days=2)).isoformat().replace("+00:00", "Z")

    whole = api.get(f"{url}&breakdown=country").json()
    asked = api.get(f"{url}&begins={begins}&ends={begins}")
    count_asked(job_id=asked.json()["job"]["id"], clock=timezone.now)
    found = api.get(f"{url}&begins={begins}&ends={begins}")

    assert whole["ends"] == whole["counted_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert sum(one["sent"] for one in whole["breakdown"]) == whole["totals"]["sent"] > 0
    assert (asked.status_code, found.status_code, found.json()["totals"]) == (202, 200, {})


def test_page__large_campaign__says_when_it_was_counted_and_counts_anew(campaign, large, client):
    client.force_login(make_staff(Role.ANALYST))
    page = f"/console/campaigns/{campaign.public_id}/results"
    assert "counted apart" in client.get(page).content.decode()
    count_due(clock=clock)

    shown = client.get(page).content.decode()
    done = client.post(f"/console/campaigns/{campaign.public_id}/count")

    assert "purchases as of" in shown and "Count anew" in shown
    assert (done.status_code, done.headers["Location"]) == (302, page)
    assert "Being counted" in client.get(page).content.decode()


def test_audience__large__is_counted_before_anybody_decides_on_it(settings):
    draft = make_campaign(make_people(4))
    settings.CAMPAIGN_LIVE_PEOPLE = 4

    assert audience_for(campaign=draft, by=SYSTEM, now=NOW) is None
    with pytest.raises(Conflict, match="counted first"):
        submit_campaign(campaign=draft, by=AUTHOR, now=NOW)
    draft.refresh_from_db()
    assert draft.state == "draft"
    count_asked(job_id=CampaignCount.objects.get(question=AUDIENCE).job.public_id, clock=clock)

    found = audience_for(campaign=draft, by=SYSTEM, now=NOW)
    assert (found.total, found.reachable, found.at) == (4, 4, NOW)
    assert audience_for(campaign=draft, by=SYSTEM, now=NOW + timedelta(hours=2)) is None
    assert approved(draft, NOW).reviewed_people == 4


def test_audience__other_people_are_meant_by_now__is_not_the_one_that_was_counted(settings):
    draft = make_campaign(make_people(4))
    settings.CAMPAIGN_LIVE_PEOPLE = 4
    ask_count(campaign=draft, question=AUDIENCE, by=SYSTEM, now=NOW)
    count_asked(job_id=CampaignCount.objects.get().job.public_id, clock=clock)

    Campaign.objects.filter(pk=draft.pk).update(channel="webhook")
    draft.refresh_from_db()

    assert audience_for(campaign=draft, by=SYSTEM, now=NOW) is None


def test_results__rows_removed_for_their_age__are_those_that_were_counted_last(campaign):
    Campaign.objects.update(state="completed", finished_at=NOW - timedelta(days=1))
    campaign.refresh_from_db()
    before = campaign_results(campaign, NOW)

    assert forget_deliveries(before=NOW, now=NOW) == 40

    campaign.refresh_from_db()
    after = campaign_results(campaign, NOW + timedelta(days=1))
    assert (after.buyers, after.money, after.funnel) == (before.buyers, before.money, before.funnel)
    assert before.buyers > 0


def test_forget_counts__old_question__is_gone_and_results_stay(campaign, large):
    count_due(clock=clock)
    ask_count(campaign=campaign, question=AUDIENCE, by=SYSTEM, now=NOW)

    assert forget_counts(before=NOW + timedelta(days=1)) == 1
    assert CampaignCount.objects.count() == 2

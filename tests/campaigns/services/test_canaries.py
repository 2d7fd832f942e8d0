"""A part of the audience first."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.rules.lifecycle import State
from campaigns.services.canaries import judge_canary
from campaigns.services.running import close_campaign, resume_campaign
from campaigns.services.sending import send_campaign
from core.actors import SYSTEM
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db


def run(campaign, minutes=0):
    at = timezone.now() + timedelta(minutes=minutes)
    return send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=lambda: at)


def judged(campaign, minutes=0):
    return judge_canary(campaign_id=campaign.pk, now=timezone.now() + timedelta(minutes=minutes))


def test_canary__does_well__others_follow_by_themselves_after_the_wait(sink):
    campaign = launched(make_campaign(make_people(12), canary_percent=25, canary_minutes=30))

    first = run(campaign)
    waits, still = judged(campaign), judged(campaign, 29)
    none = run(campaign)
    passes = judged(campaign, 31)
    rest = run(campaign, 32)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())

    assert 0 < first < 12 and (none, rest) == (0, 12 - first)
    assert (waits, still, passes) == ("waiting", "waiting", "passed")
    assert len(set(sink.addresses)) == len(sink.addresses) == 12
    campaign.refresh_from_db()
    assert campaign.state == State.COMPLETED and campaign.canary_passed_at


def test_canary__smallest_share__still_goes_to_somebody(sink):
    campaign = launched(make_campaign(make_people(3), canary_percent=1))

    first = run(campaign)

    assert first >= 1
    assert Counter(Delivery.objects.values_list("reason", flat=True)) == Counter({"": first, "canary": 3 - first})


def test_canary__bounces__pauses_with_the_figures_and_goes_on_only_when_told(sink):
    people = make_people(40)
    campaign = launched(make_campaign(people, canary_percent=50))
    sink.refuse = {person.email: "550 5.1.1 no such user" for person in people}
    run(campaign)
    failed = Delivery.objects.filter(state="failed").count()
    assert failed > 2

    assert judged(campaign) == "paused"

    campaign.refresh_from_db()
    assert campaign.state == State.PAUSED
    assert campaign.trouble.startswith(f"Of the first {failed} messages {failed} bounced")
    assert run(campaign) == 0
    sink.refuse = {}
    resume_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())
    assert run(campaign) == 40 - failed
    assert judged(campaign) == "passed"


def test_canary__stopped_half_way__goes_on_with_everybody_and_is_not_stopped_again(sink):
    people = make_people(40)
    campaign = launched(make_campaign(people, canary_percent=50))
    sink.refuse = {person.email: "550 5.1.1 no such user" for person in people}
    run(campaign)
    open_one = Delivery.objects.filter(state="failed").first()
    Delivery.objects.filter(pk=open_one.pk).update(state="queued", outcome="", due_at=timezone.now())
    assert judged(campaign) == "paused"

    campaign.refresh_from_db()
    resume_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())

    assert judged(campaign) == "passed"
    assert not Delivery.objects.filter(reason="canary").exists()


def test_canary__somebody_is_to_decide__pauses_and_everybody_follows_when_it_goes_on(sink):
    campaign = launched(make_campaign(make_people(16), canary_percent=50, canary_choice="approve", canary_minutes=0))
    first = run(campaign)

    assert judged(campaign) == "paused"

    campaign.refresh_from_db()
    assert "Let it go on" in campaign.trouble
    resume_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())
    assert run(campaign) == 16 - first


def test_campaign__without_a_canary__is_not_held_back(sink):
    campaign = launched(make_campaign(make_people(2)))

    assert judged(campaign) == "passed"
    assert run(campaign) == 2

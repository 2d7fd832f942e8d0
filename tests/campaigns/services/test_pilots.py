"""A part of the audience, then everybody else, once each."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.assignment import hash_value
from campaigns.rules.lifecycle import State
from campaigns.rules.reactions import Verdict
from campaigns.selectors.campaign_results import campaign_results
from campaigns.selectors.pilots import pilot_story
from campaigns.services.campaigns import change_campaign, duplicate_campaign
from campaigns.services.pilots import promote_campaign
from campaigns.services.running import close_campaign
from campaigns.services.sending import send_campaign
from campaigns.services.upkeep import erase_deliveries
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, Role
from customers.models import Customer
from tests.factories.campaigns import AUTHOR, launched, make_campaign, make_people, piloted
from tests.factories.core import make_staff
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db


def run(campaign):
    at = timezone.now()
    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=lambda: at)
    close_campaign(campaign_id=campaign.pk, now=at)
    campaign.refresh_from_db()
    return sent


def states(campaign):
    return Counter(Delivery.objects.filter(campaign=campaign).values_list("state", "reason"))


def promoted(campaign):
    return promote_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())


def test_pilot__share_of_the_audience__drawn_by_the_published_hash_then_everybody_once(sink):
    people = make_people(12)
    campaign = launched(make_campaign(people, pilot_percent=25))

    assert run(campaign) == 3
    assert (campaign.state, campaign.pilot_drawn, campaign.pilot_of) == (State.COMPLETED, 3, 12)
    assert states(campaign) == {("sent", ""): 3, ("held_out", "pilot"): 9}
    lowest = sorted(people, key=lambda one: (hash_value(f"pilot:{campaign.public_id}", one.public_id), one.pk))
    assert sink.addresses == sorted(one.email for one in lowest[:3])
    promoted(campaign)
    assert run(campaign) == 9

    assert (campaign.state, states(campaign)) == (State.COMPLETED, {("sent", ""): 12})
    assert sink.addresses == sorted(one.email for one in people)
    entry = AuditEntry.objects.get(action="campaign.pilot_promoted")
    assert (entry.target, entry.changes) == (campaign.public_id, {"people": [3, 9]})


def test_pilot__number_of_people_and_a_holdout__those_held_out_for_good_stay_out(sink):
    campaign = launched(make_campaign(make_people(30), pilot_people=4, holdout_percent=30))
    held = states(campaign)[("held_out", "held_out")]

    assert 0 < held < 26 and run(campaign) == 4
    promoted(campaign)
    assert run(campaign) == 26 - held
    assert states(campaign)[("held_out", "held_out")] == held


def test_promote__somebody_said_no_or_was_erased_meanwhile__is_not_sent_to(sink):
    campaign = launched(make_campaign(make_people(6), pilot_people=2))
    run(campaign)
    waiting = Delivery.objects.filter(campaign=campaign, reason="pilot").order_by("pk")
    no, gone = (row.customer for row in waiting[:2])
    Customer.objects.filter(pk=no.pk).update(consent_mask=1)
    erase_deliveries([gone.pk])

    promoted(campaign)

    assert run(campaign) == 2
    assert not {no.email, gone.email} & set(sink.addresses)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": State.SENDING}, "decided about"),
        ({"pilot_promoted_at": timezone.now()}, "before"),
        ({"pilot_percent": None}, "Only a pilot"),
        ({"pilot_drawn": None}, "Only a pilot"),
    ],
)
def test_promote__not_the_moment__is_refused_and_nobody_waits(change, words):
    campaign = launched(make_campaign(make_people(4), pilot_percent=50))
    Campaign.objects.filter(pk=campaign.pk).update(**({"state": State.COMPLETED} | change))

    with pytest.raises(InvalidState, match=words):
        promoted(campaign)

    assert states(campaign)[("held_out", "pilot")] == 2


def test_database__completed_campaign_that_is_not_promoted__never_sends_again():
    campaign = piloted()

    with pytest.raises(IntegrityError, match="may not go from completed to sending"), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(state=State.SENDING)

    Campaign.objects.filter(pk=campaign.pk).update(state=State.SENDING, pilot_promoted_at=timezone.now())


def test_promote__by_button__asks_once_and_says_how_many_follow(client):
    campaign = piloted()
    client.force_login(make_staff(Role.MARKETER))
    path = f"/console/campaigns/{campaign.public_id}"

    before, question = client.get(path).content.decode(), client.get(f"{path}/promote").content.decode()
    answer = client.post(f"{path}/promote")

    campaign.refresh_from_db()
    assert "Promote" in before and "Get it now" in question
    assert (answer.status_code, campaign.state) == (302, State.SENDING)
    assert "Promote</a>" not in client.get(path).content.decode()


def test_promote__too_dear_with_what_was_sent__is_refused(sink):
    campaign = launched(make_campaign(make_people(4), pilot_percent=50, cost_per_message="1", budget="4"))
    run(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(budget=Decimal(3))

    with pytest.raises(Conflict, match="would cost 4"):
        promoted(campaign)

    assert states(campaign)[("held_out", "pilot")] == 2


def test_pilot__larger_than_the_audience__reaches_everybody_and_nobody_is_left(sink):
    campaign = launched(make_campaign(make_people(3), pilot_people=10))

    assert run(campaign) == 3
    with pytest.raises(InvalidState, match="Nobody waits"):
        promoted(campaign)


def test_draft__share_and_number__one_takes_the_place_of_the_other():
    campaign = make_campaign(pilot_percent=10)

    changed = change_campaign(campaign=campaign, values={"pilot_people": 5}, by=AUTHOR, now=timezone.now())

    assert (changed.pilot_percent, changed.pilot_people) == (None, 5)
    with pytest.raises(InvalidInput, match="share or by a number"):
        change_campaign(
            campaign=campaign, values={"pilot_people": 5, "pilot_percent": 5}, by=AUTHOR, now=timezone.now()
        )


def test_duplicate__of_a_pilot__is_the_next_iteration():
    first = make_campaign(pilot_percent=10)

    copy = duplicate_campaign(campaign=first, by=AUTHOR, now=timezone.now())

    assert (copy.origin, copy.iteration, copy.pilot_percent) == (first, 2, 10)


def test_results__before_and_after_promoting__compare_with_those_who_wait_then_with_the_rest(client, caller):
    start = timezone.now() - timedelta(days=1)
    campaign = piloted(40, start)
    Customer.objects.update(consent_mask=EVERYTHING)
    arms = campaign_results(campaign, timezone.now()).compared.arms
    assert [(arm.key, arm.people, arm.weight) for arm in arms] == [("held_out", 20, 0.5), ("sent", 20, 0.5)]
    Delivery.objects.filter(campaign=campaign, state="sent").update(tracked=True, opened=Verdict.HUMAN)
    assert pilot_story(campaign, timezone.now()).rest is None

    promote_campaign(campaign=campaign, by=AUTHOR, now=start + timedelta(hours=2))
    later = start + timedelta(hours=3)
    Delivery.objects.filter(campaign=campaign, state="queued").update(state="sent", sent_at=later, tracked=True)
    close_campaign(campaign_id=campaign.pk, now=later)

    client.force_login(make_staff(Role.ANALYST))
    page = client.get(f"/console/campaigns/{campaign.public_id}/results").content.decode()
    answer = caller("reports:read").get(f"/api/v1/campaigns/{campaign.public_id}/results").json()
    found = answer["pilot"]
    assert (found["drawn"], found["of"], found["waiting"], found["same_time"]) == (20, 40, 0, False)
    assert (found["pilot"]["sent"], found["pilot"]["open_rate"], found["rest"]["open_rate"]) == (20, 1.0, 0.0)
    opened = next(one for one in found["compared"] if one["measure"] == "opened")
    assert (opened["difference"]["estimate"], opened["p_value"] < 0.001) == (-1.0, True)
    assert answer["compared"] is None
    assert "20 of 40 people were drawn" in page and "had less time to buy" in page

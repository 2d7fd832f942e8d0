"""Messages of ours stand among those who acted under a consent that ended."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from consent.models import ConsentEvent
from consent.selectors.consumers import consumers_of
from consent.selectors.ledger import find_entry
from consent.services.consent import record_consent
from core.models import Role
from tests.consent.conftest import SHOP, no
from tests.factories.campaigns import make_campaign
from tests.factories.consent import make_person
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


def sent(campaign, person, at, step=1):
    Delivery.objects.create(
        campaign=campaign, step=step, customer_id=person.pk, state="sent", due_at=at, sent_at=at, reason=""
    )


def test_consumers__campaign_that_wrote_under_the_consent__is_listed_with_its_times_and_others_are_not(client):
    person, other, noon = make_person(), make_person(), timezone.now()
    spring, texts = make_campaign(name="Spring"), make_campaign(name="Texts")
    Campaign.objects.filter(pk=texts.pk).update(purpose="marketing_sms")
    hour = timedelta(hours=1)
    sent(spring, person, noon - hour, step=1)
    sent(spring, person, noon + hour, step=2)
    sent(spring, person, noon + 5 * hour, step=3)
    sent(spring, other, noon + hour)
    sent(texts, person, noon + hour)
    record_consent(customer=person, entries=[no("marketing_email")], by=SHOP, now=noon + 4 * hour)
    entry = find_entry(ConsentEvent.objects.get(customer=person, event="withdrawn").public_id)

    found = consumers_of(entry)
    client.force_login(make_staff(Role.COMPLIANCE))
    shown = client.get(
        f"{reverse('console:consent-entry', args=[entry.public_id])}?panel=consumers", headers={"HX-Request": "true"}
    )

    assert [(one.consumer, one.name, one.how, one.times, one.after_the_end) for one in found] == [
        (f"campaign:{spring.public_id}", "Spring", "message of ours", 2, True)
    ]
    assert (found[0].first_at, found[0].last_at) == (noon + hour, noon + 5 * hour)
    assert "Spring" in shown.content.decode() and "Texts" not in shown.content.decode()

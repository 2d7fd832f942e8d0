"""Who acted under a consent that ended."""

from datetime import timedelta

import pytest

from consent.models import ConsentEvent
from consent.selectors.consumers import consumers_of
from consent.selectors.ledger import find_entry
from consent.services.consent import record_consent
from consent.services.tokens import issue_token
from core.actors import Actor, ActorKind
from core.models import OutboxMessage
from tests.consent.conftest import NOON, SHOP, no, yes

pytestmark = pytest.mark.django_db
APP = Actor(kind=ActorKind.CLIENT, id="cli_app", label="App")


def entry(event):
    return find_entry(ConsentEvent.objects.get(event=event).public_id)


def test_consumers_of__withdrawal__lists_clients_that_held_tokens_for_the_purpose(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes("analytics"), yes("marketing_sms")], by=SHOP, now=NOON)
    for hours in (1, 2):
        issue_token(customer=customer, by=SHOP, now=NOON + timedelta(hours=hours), purposes=["analytics"])
    issue_token(customer=customer, by=APP, now=NOON + timedelta(hours=3), purposes=["marketing_sms"])
    record_consent(customer=customer, entries=[no("analytics")], by=SHOP, now=NOON + timedelta(hours=4))

    found = consumers_of(entry("withdrawn"))

    assert [(one.consumer, one.how, one.times, one.after_the_end) for one in found] == [
        ("client:cli_shop", "consent token", 2, False)
    ]
    assert (found[0].first_at, found[0].last_at) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert OutboxMessage.objects.filter(topic="consent.withdrawn", subject=customer.public_id).count() == 1


def test_consumers_of__no_without_a_yes_before__lists_nobody(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[no("analytics", event="refused")], by=SHOP, now=NOON)

    assert consumers_of(entry("refused")) == []

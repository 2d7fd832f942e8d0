"""A letter followed on one device and an app used on another are one person's story."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.services.sending import send_campaign
from core.actors import SYSTEM
from customers.models import Customer
from customers.selectors.customers import all_ids
from customers.selectors.timeline import read_timeline
from customers.services.identities import ensure_anonymous
from engagement.services import linking
from engagement.services.reactions import settle_reactions
from integrations.services.write_keys import issue_write_key
from tests.campaigns.conftest import sink
from tests.engagement.conftest import _empty_event_log, agree
from tests.engagement.support import committed
from tests.factories.campaigns import launched, make_campaign, make_people

__all__ = ["_empty_event_log", "sink"]
pytestmark = pytest.mark.django_db(transaction=True)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def jane():
    person = make_people(1, external_id="12345")[0]
    agree(person)
    return person


@pytest.fixture
def app(client):
    """Call as the SDK of a mobile app does."""
    key = issue_write_key(source="Shop app", by=SYSTEM, now=timezone.now()).secret
    basic = b64encode(f"{key}:".encode()).decode()

    def call(kind, **body):
        message = {"context": {"device": {"type": "ios"}}, "timestamp": datetime.now(UTC).isoformat()} | body
        headers = {"Authorization": f"Basic {basic}"}
        return client.post(f"/v1/{kind}", json.dumps(message), content_type="application/json", headers=headers)

    return call


def test_letter_clicked_then_app_used__before_and_after_sign_in__is_one_timeline(jane, app, sink, client):
    guest = ensure_anonymous(anonymous_ids=["phone-1"], by=SYSTEM, now=timezone.now(), places={"phone-1": "DE"})
    agree(Customer.objects.get(pk=guest["phone-1"]))
    campaign = launched(make_campaign([jane], body="[Spring offers](https://shop.example.com/spring)"))
    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)
    Delivery.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    letter = sink.messages[0][1].get_body(("html",)).get_content()

    client.get(re.search(r'href="http://[^/"]+(/t/c/[^"]+)"', letter)[1], headers={"User-Agent": BROWSER})
    settle_reactions(now=timezone.now() + timedelta(seconds=11))
    answers = [
        app("screen", anonymousId="phone-1", name="Spring offers", messageId="m1"),
        app("identify", anonymousId="phone-1", userId="12345", messageId="m2"),
        app("screen", anonymousId="phone-1", userId="12345", name="Basket", messageId="m3"),
    ]
    committed()
    linking.link_identified(now=datetime.now(UTC))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    story = read_timeline(customer_ids=all_ids(jane), now=datetime.now(UTC) + timedelta(minutes=1), limit=50)
    told = sorted(entry.kind for _, entry in story.entries)
    assert [kind for kind in told if kind in ("click", "identify", "page-view")] == [
        "click",
        "identify",
        "page-view",
        "page-view",
    ]
    assert Customer.objects.filter(merged_into=None, is_known=True).count() == 1

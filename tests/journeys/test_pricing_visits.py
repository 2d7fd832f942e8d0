"""Three visits to the prices, the CRM told, a letter, its click, and all of it in one record: the page of the guide."""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as hub
from django.utils import timezone

from campaigns.models import Automation, Delivery
from campaigns.services.automations.following import follow_signals
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.timers import run_timers
from campaigns.services.sending import send_campaign
from customers.models import Customer, SegmentVersion
from customers.services import membership
from customers.services.segment_builds import build_segment
from engagement.services.reactions import settle_reactions
from integrations.services.courier import Courier
from tests.campaigns.conftest import sink as mail
from tests.engagement.conftest import _empty_event_log, agree
from tests.engagement.support import committed
from tests.factories.campaigns import READER, make_people
from tests.support.sinks import sink

__all__ = ["_empty_event_log", "mail"]
pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(hub.BASE_DIR) / "docs/guides/pricing-visits.md"
CALL = re.compile(r"^`POST (/api/v1/\S+)`\n\n```json\n(.*?)```", re.DOTALL | re.MULTILINE)
SCOPES = ("customers:read", "segments:read", "segments:write", "webhooks:manage", "campaigns:write", "engagement:write")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def partner(caller):
    return caller(*SCOPES)


@pytest.fixture
def crm(partner, settings):
    """The page is sent as it stands, but for the CRM's address; a CRM that takes what it is told."""
    settings.WEBHOOK_LOOPBACK = True
    with sink() as receiver:
        for path, body in CALL.findall(PAGE.read_text()):
            answer = partner.post(path, json.loads(body.replace("https://crm.example.com/hooks/hub", receiver.url)))
            assert answer.status_code in (200, 201), (path, answer.content)
        for version in SegmentVersion.objects.filter(state="building"):
            build_segment(version_id=version.pk, clock=timezone.now)
        publish_draft(automation=Automation.objects.get(), by=READER, now=timezone.now())
        committed()
        follow_signals(now=timezone.now())
        yield receiver


def visit(partner, page):
    body = {
        "userId": "12345",
        "deviceType": "desktop",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"url": f"https://shop.example.com{page}"},
    }
    answer = partner.post("/api/v1/engagement/page-view", body)
    assert answer.status_code in (200, 201, 202), answer.content


def work():
    """What workers and courier do within seconds."""
    committed()
    membership.follow_segments(now=timezone.now())
    committed()
    follow_signals(now=timezone.now())
    run_timers(now=timezone.now())
    for delivery in Delivery.objects.filter(state="queued"):
        send_campaign(campaign_id=delivery.campaign_id, slot=0, seconds=20, clock=timezone.now)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, Courier(clock=timezone.now).run_until_empty()).result()


def test_prices__seen_three_times__reach_crm_and_letter_and_the_click_comes_back_to_one_record(
    partner, crm, mail, client
):
    jane, other = make_people(2)
    Customer.objects.filter(pk=jane.pk).update(external_id="12345")
    agree(jane)
    for page in ("/pricing", "/pricing/teams", "/about"):
        visit(partner, page)
    work()
    after_two = (len(crm.got), len(mail.messages))

    visit(partner, "/pricing?plan=pro")
    work()

    told = [json.loads(got.body) for got in crm.got]
    assert after_two == (0, 0)
    assert [(one["type"], one["data"]["segment"]) for one in told] == [("segment.entered", "looks-at-prices")]
    assert told[0]["data"]["id"] == jane.public_id
    assert [(to, letter["Subject"]) for to, letter in mail.messages] == [(jane.email, "Questions about our prices?")]

    Delivery.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    letter = mail.messages[0][1].get_body(("html",)).get_content()
    client.get(re.search(r'href="http://[^/"]+(/t/c/[^"]+)"', letter)[1], headers={"User-Agent": BROWSER})
    settle_reactions(now=timezone.now() + timedelta(seconds=11))

    story = partner.get(f"/api/v1/customers/{told[0]['data']['id']}/timeline").json()["data"]
    kinds = [entry["kind"] for entry in story]
    sent = next(entry for entry in story if entry["kind"] == "message_sent")
    assert kinds[0] == "click" and kinds.count("page-view") == 4 and "automation_run" in kinds
    assert (sent["title"], sent["details"]["clicked"]) == ("Was sent “Questions about our prices?”", "yes")
    assert Customer.objects.filter(merged_into=None, is_known=True).count() == 2
    assert not Delivery.objects.filter(customer=other).exists()

"""The onboarding flow of the guide: what stands on the page is sent, and two people are followed through it."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from campaigns.models import Automation, Code, Delivery, Run
from campaigns.selectors.automations.listening import listening
from campaigns.services.automations.following import hear
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.timers import run_timers
from campaigns.services.messages import Writer
from consent.selectors.decisions import use_of
from tests.factories.automations import happen
from tests.factories.campaigns import READER, make_people

pytestmark = pytest.mark.django_db
PAGE = Path(settings.BASE_DIR) / "docs/guides/onboarding.md"
CALL = re.compile(r"^`POST (/api/v1/\S+)`\n\n```json\n(.*?)```", re.DOTALL | re.MULTILINE)
SCOPES = ("customers:write", "offers:write", "promotions:write", "campaigns:write")


@pytest.fixture
def flow(caller):
    client = caller(*SCOPES)
    for path, body in CALL.findall(PAGE.read_text()):
        answer = client.post(path, json.loads(body))
        assert answer.status_code in (200, 201), (path, answer.content)
    return publish_draft(automation=Automation.objects.get(), by=READER, now=timezone.now())


def tell(person, kind, at, **properties):
    hear(signals=[happen(person, kind, at, properties=properties)], heard=listening(), now=at)
    run_timers(now=at)


def letters(person):
    person.refresh_from_db()
    rows = Delivery.objects.filter(customer=person).select_related("campaign").order_by("pk")
    return [
        (letter.subject, letter.text)
        for row in rows
        for letter in [Writer(row.campaign, use_of("marketing_email")).shown(person)]
    ]


def test_onboarding__skipped_then_searched__gets_help_and_a_letter_with_a_code_of_her_own(flow):
    (jane,), start = make_people(1), timezone.now()

    tell(jane, "form-submit", start, formId="sign-up")
    tell(jane, "skip", start + timedelta(minutes=1), positionS=4)
    tell(jane, "search", start + timedelta(minutes=2), query="teapot")
    tell(jane, "form-submit", start + timedelta(minutes=3), formId="sign-up")

    code = Code.objects.get()
    assert letters(jane) == [
        ("The tour in one minute", f"Hello {jane.first_name},\n\nsearch for what you need; that is all."),
        ("10 % off your first order", f"Your code: {code.code}"),
    ]
    assert (code.promotion.key, code.max_redemptions, Run.objects.count()) == ("welcome", 1, 1)


def test_onboarding__neither_skipped_nor_searched__is_asked_back_once_and_other_forms_begin_nothing(flow):
    (john, other), start = make_people(2), timezone.now()

    tell(other, "form-submit", start, formId="newsletter")
    tell(john, "form-submit", start, formId="sign-up")
    run_timers(now=start + timedelta(hours=2, minutes=1))
    run_timers(now=start + timedelta(days=2, hours=3))

    assert [subject for subject, _ in letters(john)] == ["Have you looked around?"]
    assert letters(other) == [] and not Code.objects.exists()

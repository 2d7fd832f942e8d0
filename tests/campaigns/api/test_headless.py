"""POST /content: words for one person as JSON, behind the gate."""

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery, Exposure
from campaigns.rules.reactions import Verdict
from campaigns.services.templates import define_template
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from customers.models import Customer
from tests.factories.campaigns import AUTHOR, launched, make_campaign, make_people, make_promotion
from tests.factories.consent import agreed_to
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane():
    person = make_people(1, external_id="12345", language="de")[0]
    agreed_to(person, "personalisation", "analytics", locale="de")
    return person


@pytest.fixture
def ask(caller):
    def content(status=200, signal=None, **body):
        client = caller("promotions:serve")
        answer = client.post(
            "/api/v1/content", {"customer": "12345", **body}, **({"sec_gpc": signal} if signal else {})
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    return content


@pytest.fixture
def campaign(jane):
    row = launched(make_campaign([jane, *make_people(1)]))
    Delivery.objects.filter(campaign=row).update(state="sent", sent_at=timezone.now(), tracked=True)
    return row


def test_content__campaign_she_is_in__is_written_for_her_and_counts_when_asked(ask, jane, campaign):
    quiet = ask(campaign=campaign.public_id)
    assert not Delivery.objects.exclude(opened=None).exists()
    found = ask(campaign=campaign.public_id, log_exposure=True)

    assert (found["allowed"], found["personal"], found["title"]) == (True, True, "Spring is here")
    assert [one["type"] for one in found["blocks"]] == ["paragraph", "button"]
    assert found["blocks"][0]["text"] == f"Hello {jane.first_name},"
    assert found["actions"] == [
        {"type": "open_url", "text": "Have a look", "url": "https://shop.example.com/spring"},
    ]
    assert found["short_text"] == found["speech"] == f"Spring is here. Hello {jane.first_name}."
    row = Delivery.objects.get(customer=jane)
    assert (quiet["exposure"], found["exposure"], row.opened) == (None, campaign.public_id, Verdict.HUMAN)


def test_content__message_that_was_not_measured__is_written_and_does_not_count(ask, jane, campaign):
    Delivery.objects.filter(customer=jane).update(tracked=False)

    found = ask(campaign=campaign.public_id, log_exposure=True)

    row = Delivery.objects.get(customer=jane)
    assert (found["allowed"], found["exposure"], row.tracked, row.opened) == (True, None, False, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "held_out", "reason": "held_out", "sent_at": None}, "held_out"),
        ({"state": "skipped", "reason": "frequency_cap", "sent_at": None}, "frequency_cap"),
        ({"customer": None}, "not_in_audience"),
    ],
)
def test_content__campaign_not_meant_for_her__says_why_and_nothing_else(ask, jane, campaign, change, reason):
    Delivery.objects.filter(customer=jane).update(**change)

    found = ask(campaign=campaign.public_id, log_exposure=True)

    assert (found["allowed"], found["reason"], found["text"], found["blocks"]) == (False, reason, "", [])
    assert found["exposure"] is None


def test_content__she_took_her_permission_back__says_nothing(ask, jane, campaign):
    entry = ConsentEntry(purpose="marketing_email", event="withdrawn", source="preference_centre")
    record_consent(customer=jane, entries=[entry], by=SYSTEM, now=timezone.now())

    found = ask(campaign=campaign.public_id)

    assert (found["allowed"], found["text"]) == (False, "") and "withdrawn" in found["reason"]


def test_content__signal_or_unknown_person__says_nothing(ask, campaign):
    signal = ask(campaign=campaign.public_id, signal="1")

    assert signal["reason"] == "gpc_signal"
    assert ask(campaign=campaign.public_id, customer="nobody")["reason"] == "unknown_person"


def test_content__block_of_the_library__in_her_language_for_a_purpose(ask, jane):
    values = {"key": "footer", "kind": "block", "name": "Footer", "body": "Our shop\n\n[[de]]\nUnser Laden"}
    define_template(values=values, by=AUTHOR, now=timezone.now())

    assert ask(template="footer")["text"] == "Unser Laden"
    assert ask(template="footer", locale="fr")["speech"].endswith("Our shop.")
    assert ask(template="footer", purpose="marketing_sms")["allowed"] is False
    assert ask(400, template="footer", log_exposure=True)["param"] == "log_exposure"


def test_content__promotion_and_its_offer__chosen_for_her_and_logged_when_asked(ask, jane):
    promotion = make_promotion()
    quiet = ask(offer=promotion.offer.key)
    assert not Exposure.objects.exists()
    logged = ask(promotion=promotion.key, log_exposure=True)

    assert quiet["blocks"] == logged["blocks"] and quiet["personal"]
    assert quiet["blocks"][0]["text"] in ("Variant A", "Variant B")
    assert (quiet["exposure"], logged["exposure"]) == (None, Exposure.objects.get().public_id)
    assert (quiet["about"]["kind"], logged["offer"]["value"]) == ("offer", 20)
    assert ask(promotion=promotion.key, customer="nobody")["personal"] is False


def test_content__nothing_runs__says_so(ask, jane):
    promotion = make_promotion(active=False)

    assert ask(promotion=promotion.key)["reason"] == ask(offer=promotion.offer.key)["reason"] == "nothing_running"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "campaign"),
        ({"campaign": "cmp_1", "offer": "spring"}, 400, "campaign"),
        ({"campaign": 5}, 400, "campaign"),
        ({"offer": "spring", "log_exposure": "yes"}, 400, "log_exposure"),
        ({"offer": "spring"}, 404, None),
    ],
)
def test_content__what_cannot_be_read__is_refused_by_name(ask, body, status, param):
    assert ask(status, **body).get("param") == param


def test_content__draft__is_for_nobody_yet(ask, jane):
    Customer.objects.update(consent_mask=EVERYTHING)
    campaign: Campaign = make_campaign([jane])

    assert ask(409, campaign=campaign.public_id)["code"] == "state_conflict"

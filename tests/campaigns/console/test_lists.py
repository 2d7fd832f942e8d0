"""Finding something in the lists of marketing by what it is called."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Promotion
from campaigns.services.templates import define_template
from core.actors import SYSTEM
from core.models import Role
from tests.factories.automations import make_automation
from tests.factories.campaigns import make_campaign, make_promotion
from tests.factories.core import make_staff
from tests.factories.experiments import make_experiment

pytestmark = pytest.mark.django_db


def template(name):
    words = {"kind": "message", "subject": "Hello", "body": "Good day."}
    return define_template(values={"key": name.lower(), "name": name, **words}, by=SYSTEM, now=timezone.now())


def offer(name):
    promotion = make_promotion()
    type(promotion.offer).objects.filter(pk=promotion.offer_id).update(name=name)


def promotion(name, **values):
    """One that no other is valid beside: the list names those."""
    begins = timezone.now() + timedelta(days=Promotion.objects.count())
    return make_promotion(name=name, begins_at=begins, ends_at=begins + timedelta(hours=1), **values)


MAKERS = {
    "campaigns": lambda name: make_campaign(name=name),
    "automations": lambda name: make_automation(live=False, name=name),
    "templates": template,
    "offers": offer,
    "promotions": promotion,
    "experiments": lambda name: make_experiment(name=name),
}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.mark.parametrize("noun", MAKERS)
def test_list__part_of_a_name__finds_what_has_it_and_nothing_else(marketer, noun):
    for name in ("Autumn", "Spring"):
        MAKERS[noun](name)

    found = marketer.post(f"/console/{noun}", {"q": "UTUM"}, follow=True).content.decode()
    nothing = marketer.post(f"/console/{noun}", {"q": "%"}, follow=True).content.decode()

    assert "Autumn" in found and "Spring" not in found
    assert "Autumn" not in nothing and "Spring" not in nothing


def test_promotions__by_state__and_offers__by_kind__are_narrowed(marketer):
    promotion("Running")
    promotion("Begun", active=False)

    drafts = marketer.get("/console/promotions?state=draft").content.decode()
    gifts = marketer.get("/console/offers?kind=gift").content.decode()
    offers = marketer.get("/console/offers?kind=percent").content.decode()

    assert "Begun" in drafts and "Running" not in drafts
    assert "offer-0" not in gifts
    assert 'data-label="Promotions"' in offers and "offer-0" in offers

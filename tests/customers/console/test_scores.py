"""Screens of scores: written, looked at, saved, put to work; fields and definitions say the same."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.console.score_form import definition_of, sheet_of, sheet_posted
from customers.console.scores import failures
from customers.models import Customer, CustomerScore, ScoreModel, ScoreVersion
from customers.selectors.segments.registry import grammar
from customers.services.customers import create_customer
from tests.factories.core import make_staff
from tests.factories.customers import score_example

pytestmark = pytest.mark.django_db
PATH = "/console/scores"
ORDERS = {"version": 1, "rule": {"on": "purchases", "field": "count", "op": "at_least", "value": 1}}
FIELDS = {
    "name": "Warmth",
    "description": "Who is warm.",
    "minimum": "0",
    "maximum": "50",
    "title:0": "German",
    "words:0": 'country is "DE"',
    "points:0": "10",
    "title:1": "Orders",
    "words:1": "order count is at least 1",
    "points:1": "5",
    "each:1": "on",
    "half:1": "30",
    "cap:1": "25",
}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def people():
    for name, country in (("ana", "DE"), ("bo", "DE"), ("cy", "FR")):
        create_customer(properties={"external_id": name, "country": country}, by=SYSTEM, now=timezone.now())


def test_fields__posted__spell_the_definition_and_back():
    using = grammar()

    spelled = definition_of(sheet_posted(FIELDS), using)

    assert spelled["rules"][1] == {
        "name": "Orders",
        "when": ORDERS,
        "points": 5,
        "each": True,
        "half_life": {"days": 30},
        "cap": 25,
    }
    assert definition_of(sheet_of(spelled, using, name="", description=""), using) == spelled


def test_look__rules__shows_who_would_get_points_and_stores_nothing(marketer, people):
    page = marketer.post(f"{PATH}/new", FIELDS, headers={"HX-Request": "true", "HX-Target": "preview"})

    assert page.status_code == 200
    assert page.context["seen"].scored == 2
    assert "of 3; 1 have no points" in page.content.decode()
    assert not ScoreModel.objects.exists()


def test_look__mistake_in_words__is_marked_at_its_rule_and_nothing_can_be_saved(marketer, people):
    wrong = FIELDS | {"words:0": "country resembles DE"}

    page = marketer.post(f"{PATH}/new", wrong, headers={"HX-Request": "true", "HX-Target": "preview"})

    text = page.content.decode()
    assert "Expected" in text or "expected" in text
    assert 'id="save"' in text and "disabled" in text
    assert page.context["unfinished"]


def test_save__mistake__keeps_what_was_typed_and_stores_nothing(marketer, people):
    page = marketer.post(f"{PATH}/new", FIELDS | {"do": "save", "points:0": "many"})

    assert page.status_code == 400
    assert 'value="many"' in page.content.decode()
    assert not ScoreModel.objects.exists()


def test_rules__added_and_removed__keep_the_others(marketer):
    added = marketer.post(f"{PATH}/new", FIELDS | {"do": "add"})
    removed = marketer.post(f"{PATH}/new", FIELDS | {"do": "remove 0"})

    assert [line.title for line in added.context["sheet"].lines] == ["German", "Orders", ""]
    assert [line.title for line in removed.context["sheet"].lines] == ["Orders"]


def test_save_and_activate__rules__give_points(marketer, people, django_capture_on_commit_callbacks):
    saved = marketer.post(f"{PATH}/new", FIELDS | {"do": "save"})
    with django_capture_on_commit_callbacks(execute=True):
        marketer.post(f"{PATH}/warmth/activate")

    assert saved.url == f"{PATH}/warmth"
    assert CustomerScore.objects.count() == 2
    page = marketer.get(f"{PATH}/warmth").content.decode()
    assert "+5 each time, half after 30 days, at most 25" in page
    assert "2 customers have points" in page


def test_edit__saved__is_a_draft_beside_the_active_version(marketer, people):
    score_example()
    slug = ScoreModel.objects.get().slug

    page = marketer.get(f"{PATH}/{slug}/edit")
    marketer.post(f"{PATH}/{slug}/edit", FIELDS | {"do": "save"})

    assert 'country is "DE"' in page.context["sheet"].lines[0].words
    states = list(ScoreVersion.objects.order_by("number").values_list("state", flat=True))
    assert states == ["active", "retired", "draft"]


def test_retire__score__is_gone_from_the_list(marketer, people):
    slug = score_example()["slug"]

    marketer.post(f"{PATH}/{slug}/retire")

    assert ScoreModel.objects.get().retired_at
    assert "No scores yet" in marketer.get(PATH).content.decode()
    assert marketer.get(f"{PATH}/{slug}").status_code == 200


def test_customer__scores__stand_on_the_page_with_their_rules(marketer):
    score_example()
    customer = Customer.objects.get()

    page = marketer.get(f"/console/customers/{customer.public_id}").content.decode()

    assert "<strong>10</strong> of 100" in page
    assert "0 → 10" in page


def test_failures__last_calculation__is_told_to_everybody(people):
    score_example()
    ScoreModel.objects.update(failure="There is no attribute 'gone'.")

    assert [alert.text for alert in failures()] == ["The score “Warmth 0” could not be calculated."]


def test_compliance__may_look_and_not_change(client):
    slug = score_example()["slug"]
    client.force_login(make_staff(Role.COMPLIANCE))

    assert client.get(f"{PATH}/{slug}").status_code == 200
    assert client.get(f"{PATH}/{slug}/edit").status_code == 403

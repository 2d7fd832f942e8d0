"""The segment builder at work: the count follows what is typed, with the keyboard alone, and on a phone."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.actors import SYSTEM
from core.models import Role
from customers.models import Segment
from customers.services.customers import create_customer
from tests.browser.conftest import LIGHT, PHONE
from tests.factories.core import make_staff


@pytest.fixture
def people(transactional_db):
    for number, country in enumerate(("DE", "DE", "FR", "US")):
        properties = {"external_id": f"p{number}", "country": country, "first_name": f"Ana{number}"}
        create_customer(properties=properties, by=SYSTEM, now=timezone.now())


def stands(page):
    """New parts answer only once htmx has attached itself to them, a moment after they are drawn."""
    expect(page.locator(".htmx-added, .htmx-settling, .htmx-swapping, .htmx-request")).to_have_count(0)


@pytest.mark.parametrize("mode", [LIGHT, PHONE], ids=str)
def test_builder__typing__counts_marks_mistakes_and_saves(visit, people, mode):
    visitor = visit(make_staff(Role.MARKETER), mode)
    page = visitor.page
    visitor.open("/console/segments/new")
    figure = page.locator("#preview .figure-value")
    expect(figure).to_have_text("—")
    expect(page.locator("#save")).to_be_disabled()

    page.locator("#name").fill("Neighbours")
    page.locator("#value-r\\.0").focus()
    page.keyboard.type("DE, FR")
    expect(figure).to_have_text("3")
    bar = page.locator(".count-bar")
    assert bar.is_visible() == (mode == PHONE)
    if mode == PHONE:
        expect(bar).to_be_in_viewport()
        expect(bar).to_contain_text("3 customers")
    expect(page.locator("#sample tbody tr")).to_have_count(3)
    expect(page.locator("#value-r\\.0")).to_be_focused()
    expect(page.locator("#words")).to_have_value('country is one of "DE", "FR"')

    page.get_by_role("button", name="Add condition").press("Enter")
    expect(page.locator("#subject-r\\.1")).to_be_visible()
    stands(page)
    page.locator("#subject-r\\.1").select_option(label="Lifetime value")
    expect(page.locator("#op-r\\.1")).to_have_value("equals")
    stands(page)
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "rule"):
        page.locator("#op-r\\.1").select_option("at_least")
    stands(page)
    page.locator("#value-r\\.1").fill("abc")
    expect(page.locator("#error-r\\.1")).to_have_text("Enter a number.")
    expect(figure).to_have_text("—")
    expect(page.locator("#save")).to_be_disabled()
    page.locator("#value-r\\.1").fill("0")
    expect(figure).to_have_text("3")

    page.get_by_role("button", name="Add group").press("Enter")
    expect(page.locator("#mode-r\\.2")).to_be_visible()
    stands(page)
    page.locator("#mode-r\\.2").select_option("none")
    page.locator("#value-r\\.2\\.0").fill("FR")
    expect(figure).to_have_text("2")
    assert visitor.faults(f"builder at work {mode}") == []
    page.locator("#save").click()

    expect(page.locator("h1")).to_have_text("Neighbours")
    words = 'country is one of "DE", "FR" and lifetime value is at least 0 and not (country is one of "FR")'
    expect(page.locator("#panel-definition")).to_contain_text(words)
    assert Segment.objects.get().slug == "neighbours"


def test_builder__words__become_conditions_and_broken_ones_are_pointed_at(visit, people):
    visitor = visit(make_staff(Role.MARKETER))
    page = visitor.page
    visitor.open("/console/segments/new?start=never")
    expect(page.locator("#preview .figure-value")).to_have_text("4")

    page.locator("details.words summary").click()
    page.locator("#words").fill('country is "DE" or country is')
    page.get_by_role("button", name="Use these words").click()
    expect(page.get_by_role("alert").first).to_contain_text("Expected")
    page.locator("#words").fill('country is "DE" or country is "US"')
    page.get_by_role("button", name="Use these words").click()

    expect(page.locator("#mode-r")).to_have_value("any")
    expect(page.locator("#preview .figure-value")).to_have_text("3")


def _words(page):
    return page.locator("#words")


def test_builder__reordered_by_keyboard_and_by_dragging__keeps_focus_and_every_part(visit, people):
    visitor = visit(make_staff(Role.MARKETER))
    page = visitor.page
    visitor.open("/console/segments/new")
    page.locator("details.words summary").click()
    page.locator("#words").fill('country is "DE" and region is known and tags is known')
    page.get_by_role("button", name="Use these words").click()
    stands(page)

    page.locator("#down-r\\.0").press("Enter")
    expect(_words(page)).to_have_value('region is known and country is "DE" and tags is known')
    expect(page.locator("#down-r\\.1")).to_be_focused()
    stands(page)
    page.locator("#down-r\\.1").press("Enter")
    expect(_words(page)).to_have_value('region is known and tags is known and country is "DE"')
    stands(page)

    grips = page.locator(".rule-grip")
    grips.nth(2).drag_to(page.locator('[data-place="r.0"]'), target_position={"x": 100, "y": 4})
    expect(_words(page)).to_have_value('country is "DE" and region is known and tags is known')
    assert visitor.faults("builder after moving") == []


def test_builder__property_of_an_event__is_asked_by_form(visit, people):
    visitor = visit(make_staff(Role.MARKETER))
    page = visitor.page
    visitor.open("/console/segments/new")
    page.locator("#subject-r\\.0").select_option(
        index=page.locator("#subject-r\\.0 option").all_inner_texts().index("View: how often")
    )
    stands(page)
    page.locator("#value-r\\.0").fill("1")
    page.get_by_role("button", name="Property", exact=True).press("Enter")
    expect(page.locator("#wprop-r\\.0-0")).to_be_visible()
    stands(page)
    expect(page.locator("#save")).to_be_disabled()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "rule"):
        page.locator("#wprop-r\\.0-0").fill("elementId")
        page.locator("#wprop-r\\.0-0").press("Tab")
    stands(page)
    page.locator("#wval-r\\.0-0").fill("hero")

    expect(_words(page)).to_have_value('event "view" count where ("elementId" is "hero") equals 1')
    expect(page.locator("#preview .figure-value")).to_have_text("0")
    assert visitor.faults("builder with a property") == []
    expect(page.locator("#name")).to_have_value("")

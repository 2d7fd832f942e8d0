"""Links in the letters of privacy requests."""

import pytest
from django.test import Client
from django.utils import timezone

from consent.rules.letters import LOCALES
from consent.selectors.request_links import choices_link, request_of_status, status_link
from consent.services.request_decisions import hold_request
from core.actors import SYSTEM
from core.errors import Gone
from customers.services.customers import delete_customer
from tests.factories.requests import ONE, make_request, make_subject

pytestmark = pytest.mark.django_db


def shown(request, locale="en") -> str:
    path = "/privacy/status/" + status_link(request).partition("/privacy/status/")[2].partition("?")[0]
    return Client().get(path, {"lang": locale}).content.decode()


def test_status_link__of_another_request__opens_that_one_only():
    one, two = make_request(), make_request("erasure")
    token = status_link(one).rpartition("/")[2].partition("?")[0]

    assert request_of_status(token) == one != two
    with pytest.raises(Gone):
        request_of_status("x" + token)


@pytest.mark.parametrize("locale", LOCALES)
def test_status_page__in_each_language__tells_dates_and_no_address(locale):
    request = make_request()

    page = shown(request, locale)

    assert request.safe_due.isoformat() in page
    assert "jane.silva" not in page
    assert "{" not in page.partition("<main")[2].partition("</main>")[0]


def test_status_page__on_legal_hold__says_only_that_we_work_on_it():
    make_subject()
    request = make_request("erasure")
    review = timezone.localdate().replace(year=timezone.localdate().year + 1, day=1)
    hold_request(request=request, scope="C-1", reason="Claim", review_on=review, by=ONE, now=timezone.now())

    page = shown(request)

    assert "We are working on it." in page
    assert "hold" not in page.partition("<main")[2]


@pytest.mark.parametrize(
    ("contact", "leads"), [("JANE.Silva@example.com", True), ("agent@example.org", False)], ids=["own", "agent"]
)
def test_choices_link__by_the_address_the_letter_goes_to__is_for_the_person_alone(contact, leads):
    jane = make_subject()

    request = make_request(contact=contact, customer=jane.public_id)

    assert bool(choices_link(request, timezone.now())) is leads


def test_choices_link__of_somebody_erased__is_none():
    jane = make_subject()
    request = make_request("erasure")
    delete_customer(customer=jane, reason="test", by=SYSTEM, now=timezone.now())
    request.refresh_from_db()

    assert choices_link(request, timezone.now()) == ""

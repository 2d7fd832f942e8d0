"""Was this page helpful: counted, without cookies, bounded, shown to staff."""

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import RateLimited
from core.models import Role
from marketing_hub.models import PageRating
from marketing_hub.portal.ratings import AN_HOUR, rate_page
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db
PAGE = "/docs/webhooks"


def vote(page=PAGE, helpful="yes"):
    return Client(enforce_csrf_checks=True).post("/docs/rate", {"page": page, "helpful": helpful})


def test_rate__yes_and_no__are_counted_and_leave_no_cookie():
    answers = [vote(), vote(), vote(helpful="no")]

    row = PageRating.objects.get()
    assert (row.page, row.helpful, row.unhelpful) == (PAGE, 2, 1)
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(303, f"{PAGE}?rated=1#rated")}
    assert not any(answer.cookies for answer in answers)


def test_page__asks_and_thanks():
    asked, thanked = Client().get(PAGE).content.decode(), Client().get(f"{PAGE}?rated=1").content.decode()

    assert "Was this page helpful?" in asked
    assert f'name="page" value="{PAGE}"' in asked
    assert "Thank you." in thanked
    assert "Was this page helpful?" not in thanked


@pytest.mark.parametrize(
    ("page", "helpful", "status"),
    [("/docs/nowhere", "yes", 404), ("https://evil.example.com/", "yes", 404), (PAGE, "maybe", 400), ("", "no", 404)],
)
def test_rate__what_is_no_vote__is_refused_and_not_counted(page, helpful, status):
    assert vote(page, helpful).status_code == status
    assert not PageRating.objects.exists()


def test_rate__too_often_from_one_address__is_refused_and_not_counted():
    for _ in range(AN_HOUR.limit):
        rate_page(page=PAGE, helpful=True, address="203.0.113.9", now=timezone.now())

    with pytest.raises(RateLimited):
        rate_page(page=PAGE, helpful=True, address="203.0.113.9", now=timezone.now())

    assert PageRating.objects.get().helpful == AN_HOUR.limit


def test_screen__ratings__show_marketers_what_did_not_help():
    vote(helpful="no")
    user, http = make_staff(Role.MARKETER), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})

    shown = http.get("/console/page-ratings").content.decode()

    assert f'href="{PAGE}"' in shown
    assert "0.0 %" in shown

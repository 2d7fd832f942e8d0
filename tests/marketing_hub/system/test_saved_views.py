"""Saved views in the console: kept from a list, opened with it, changed and removed by their owner alone."""

import pytest

from core.console.addresses import seal
from core.models import Role, SavedView
from tests.factories.core import make_staff
from tests.factories.system import view_example

pytestmark = pytest.mark.django_db
LIST = "/console/customers"
NEW = "/console/views/new/customers"


@pytest.fixture
def ana(client):
    user = make_staff()
    client.force_login(user)
    return client


def test_save__filters_order_and_columns__are_kept_and_the_search_text_is_not(ana):
    query = f"?country=DE&sort=-created&columns=country&columns=customer&q={seal('silva')}&page=3"

    answer = ana.post(NEW + query, {"name": "Germans"})

    view = SavedView.objects.get()
    assert view.query == "columns=country&columns=customer&country=DE&sort=-created"
    assert answer["Location"] == f"{LIST}?{view.query}"


def test_save__name_taken__keeps_what_was_typed_and_offers_to_replace(ana):
    ana.post(NEW + "?country=DE", {"name": "Mine"})

    answer = ana.post(NEW + "?country=FR", {"name": "Mine"})

    assert answer.status_code == 409
    assert b"Replace my view" in answer.content
    assert b'value="Mine"' in answer.content
    assert SavedView.objects.get().query == "country=DE"


def test_list__view_that_opens__is_shown_first_and_all_still_leads_to_everybody(ana):
    ana.post(NEW + "?country=DE", {"name": "Germans", "opens": "on"})

    first, everything = ana.get(LIST), ana.get(f"{LIST}?view=all")

    assert first["Location"] == f"{LIST}?country=DE"
    assert everything.status_code == 200
    assert b'href="?view=all"' in everything.content


def test_list__view_shown__is_marked_instead_of_the_ready_made_ones(ana):
    ana.post(NEW + "?country=DE", {"name": "Germans"})

    page = ana.get(f"{LIST}?country=DE").content.decode()

    assert page.count('aria-current="true"') == 1
    assert "Change the view Germans" in page


def test_list__filter_form_with_the_usual_columns__keeps_the_address_short(ana):
    columns = ["customer", "country", "status", "marketing_email", "marketing_sms", "value", "seen", "created", "tags"]

    answer = ana.post(LIST, {"country": "DE", "columns": columns})

    assert answer["Location"] == f"{LIST}?country=DE"


def test_list__shared_view_of_a_colleague__can_be_opened_but_not_changed(client):
    make_staff(Role.COMPLIANCE, "Bo Berg", "bo@example.com")
    view = view_example()
    client.force_login(make_staff())

    page = client.get(f"{LIST}?country=DE").content.decode()
    change = client.get(f"/console/views/{view['public_id']}")

    assert "Shared by Bo Berg" in page
    assert "Change the view" not in page
    assert change.status_code == 404


@pytest.mark.parametrize("page", ["home", "nowhere", "customer-new", "sign-in"])
def test_save__no_such_list__is_not_found(ana, page):
    answer = ana.post(f"/console/views/new/{page}", {"name": "X"})

    assert answer.status_code == 404
    assert not SavedView.objects.exists()


def test_save__list_the_reader_may_not_open__is_refused(client):
    client.force_login(make_staff(Role.ANALYST))

    answer = client.post("/console/views/new/users", {"name": "X"})

    assert answer.status_code == 403
    assert not SavedView.objects.exists()


def test_remove__own_view__is_gone(ana):
    ana.post(NEW + "?country=DE", {"name": "Germans"})

    answer = ana.post(f"/console/views/{SavedView.objects.get().public_id}/remove")

    assert answer["Location"] == LIST
    assert not SavedView.objects.exists()

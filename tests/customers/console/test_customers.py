"""The customers list and the page of one customer."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from consent.models import SuppressionReason
from consent.services.suppression import suppress_customer
from core.actors import SYSTEM
from core.models import AuditEntry, Role
from customers.console.panels import seal_place
from customers.models import Customer, TagOrigin
from customers.selectors.timeline import Position
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import replace_tags
from tests.factories.consent import make_person
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = "/console/customers"


def jane(**more):
    properties = {"email": "jane.doe@example.com", "external_id": "12345", "first_name": "Jane", "last_name": "Doe"}
    return create_customer(properties=properties | more, by=SYSTEM, now=NOON)


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def analyst(client):
    client.force_login(make_staff(Role.ANALYST, email="analyst@example.com"))
    return client


def test_list__marketer__sees_names_and_addresses(marketer):
    replace_tags(customer=jane(country="DE"), tags=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON)

    page = marketer.get(LIST).content.decode()

    assert "Jane Doe" in page
    assert "jane.doe@example.com" in page
    assert "vip" in page


def test_list__analyst__sees_them_masked(analyst):
    jane()

    page = analyst.get(LIST).content.decode()

    assert "J. D." in page
    assert "Doe" not in page
    assert "jane.doe" not in page


def test_list__consent_by_channel__is_shown_in_words(marketer):
    make_person(email="jane.doe@example.com", is_known=True)

    page = marketer.get(LIST).content.decode()

    assert ">E-mail consent<" in page
    assert '<td data-label="E-mail consent"><span class="state state-good">Granted</span></td>' in page
    assert '<td data-label="SMS consent"><span class="state state-bad">Refused</span></td>' in page


def test_list__suppressed_customer__has_no_consent_left(marketer):
    reason = SuppressionReason.COMPLAINT
    suppress_customer(customer=jane(country="DE"), reason=reason, by=SYSTEM, now=NOON)

    page = marketer.get(LIST).content.decode()

    assert page.count('<span class="state state-bad">Suppressed</span>') == 2


def test_list__without_the_right_to_see_consent__has_no_such_column(analyst):
    make_person(email="jane.doe@example.com", is_known=True)

    page = analyst.get(LIST).content.decode()

    assert "E-mail consent" not in page


@pytest.mark.parametrize(
    ("text", "found"), [("jane.d", True), ("DO", True), ("12345", True), ("ane", False), ("nobody", False)]
)
def test_list__search__finds_ids_and_prefixes(marketer, text, found):
    jane()

    answer = marketer.post(LIST, {"q": text}, follow=True)

    assert ("Jane Doe" in answer.content.decode()) is found


def test_list__search_with_a_nul__finds_what_the_rest_finds(marketer):
    jane()

    answer = marketer.post(LIST, {"q": "do\x00e"}, follow=True)

    assert answer.status_code == 200
    assert "Jane Doe" in answer.content.decode()


def test_list__search_without_the_right_to_personal_data__finds_exact_ids_only(analyst):
    customer = jane()

    by_name = analyst.post(LIST, {"q": "doe"}, follow=True).content.decode()
    by_id = analyst.post(LIST, {"q": customer.public_id}, follow=True).content.decode()

    assert "J. D." not in by_name
    assert "J. D." in by_id


def test_list__any_number_of_rows__stays_in_its_query_budget(marketer, django_assert_max_num_queries):
    for number in range(20):
        create_customer(properties={"external_id": f"c{number}"}, by=SYSTEM, now=NOON)
    marketer.get(LIST)

    with django_assert_max_num_queries(14):
        marketer.get(LIST)


def test_detail__customer__shows_figures_timeline_and_masked_profile(marketer):
    customer = jane(phone="+14155552671")
    record_purchase(
        purchase=NewPurchase(customer.pk, "o1", Decimal("49.99"), "EUR", NOON), source="shop", by=SYSTEM, now=NOON
    )

    page = marketer.get(f"{LIST}/{customer.public_id}").content.decode()

    assert "Placed order" in page
    assert "€ 49.99" in page
    assert "+14155552671" not in page.replace("<code>+14155552671</code>", "")


def test_entry__of_the_timeline__shows_every_detail(marketer):
    customer = jane()
    order = NewPurchase(customer.pk, "o1", Decimal("49.99"), "EUR", NOON)
    record_purchase(purchase=order, source="shop", by=SYSTEM, now=NOON)
    page = marketer.get(f"{LIST}/{customer.public_id}").content.decode()
    address = re.search(r'href="([^"]+/timeline/[^"]+)"', page)

    entry = marketer.get(address[1]).content.decode()

    assert "Placed order" in entry
    assert "2026-03-01 12:00" in entry
    assert "49.99" in entry


@pytest.mark.parametrize("place", ["x", "WyJjdXMiXQ:abc"])
def test_entry__altered_address__is_refused(marketer, place):
    answer = marketer.get(f"{LIST}/{jane().public_id}/timeline/{place}")

    assert answer.status_code == 400


def test_entry__of_somebody_else__is_refused(marketer):
    one, two = jane(), jane(email="two@example.com", external_id="2")
    place = seal_place(Position(at=NOON, source="purchases", row="ord_x"), one)

    assert marketer.get(f"{LIST}/{two.public_id}/timeline/{place}").status_code == 400
    assert marketer.get(f"{LIST}/{one.public_id}/timeline/{place}").status_code == 404


def test_detail__kind_without_entries__says_so(marketer):
    customer = jane()

    page = marketer.get(f"{LIST}/{customer.public_id}?kind=purchases").content.decode()

    assert "No activity of this kind yet" in page


def test_detail__deleted_customer__is_a_tombstone(marketer):
    customer = jane()
    delete_customer(customer=customer, reason="asked", by=SYSTEM, now=NOON)

    page = marketer.get(f"{LIST}/{customer.public_id}").content.decode()

    assert "Deleted customer" in page
    assert "Doe" not in page


def test_new_and_edit__form__go_through_the_services(marketer):
    created = marketer.post(f"{LIST}/new", {"email": "New@Example.com", "status": "active"})
    customer = Customer.objects.get()
    edited = marketer.post(
        f"{LIST}/{customer.public_id}/edit",
        {"email": "new@example.com", "first_name": "Nia", "status": "active", "version": customer.xid},
    )

    assert created.status_code == edited.status_code == 302
    assert Customer.objects.get().first_name == "Nia"


def test_new__taken_address__stands_beside_its_field_and_keeps_the_input(marketer):
    jane()

    answer = marketer.post(f"{LIST}/new", {"email": "jane.doe@example.com", "first_name": "Joe", "status": "active"})

    assert answer.status_code == 409
    assert 'value="Joe"' in answer.content.decode()
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_edit__changed_meanwhile__shows_both_versions(marketer):
    customer = jane()
    update_customer(customer=customer, properties={"first_name": "Janet"}, by=SYSTEM, now=NOON)

    answer = marketer.post(
        f"{LIST}/{customer.public_id}/edit",
        {"external_id": "12345", "first_name": "Jo", "status": "active", "version": customer.xid},
    )

    assert answer.status_code == 412
    assert "Janet" in answer.content.decode()
    assert Customer.objects.get().first_name == "Janet"


def test_reveal__reason_given__shows_once_and_leaves_a_trace(marketer):
    customer = jane(phone="+14155552671")

    answer = marketer.post(f"{LIST}/{customer.public_id}/reveal", {"reason": "Call back"})

    assert "+14155552671" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    entry = AuditEntry.objects.get(action="customer.revealed")
    assert (entry.target, entry.reason) == (customer.public_id, "Call back")


@pytest.mark.parametrize("screen", ["new", "{}/edit", "{}/tags", "{}/reveal", "{}/delete"])
def test_screens__analyst__are_forbidden(analyst, screen):
    customer = jane()

    assert analyst.get(f"{LIST}/{screen.format(customer.public_id)}").status_code == 403


def test_tags__edited__are_replaced(marketer):
    customer = jane()

    marketer.post(f"{LIST}/{customer.public_id}/tags", {"tags": "vip, news,"})

    assert sorted(tag.tag.name for tag in customer.customer_tags.all()) == ["news", "vip"]


def test_palette__beginning_of_a_name__finds_customers_as_far_as_the_reader_may(marketer, client):
    jane()

    found = marketer.post("/console/search", {"q": "do"}).content.decode()
    client.force_login(make_staff(Role.ANALYST, email="analyst@example.com"))
    masked = client.post("/console/search", {"q": "12345"}).content.decode()
    by_name = client.post("/console/search", {"q": "do"}).content.decode()

    assert "Jane Doe" in found
    assert "J. D." in masked
    assert "J. D." not in by_name

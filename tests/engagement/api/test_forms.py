"""A form that says who sent it: from the call to the page of the customer, with nothing exported by hand."""

from datetime import UTC, datetime

import pytest

from consent.models import ConsentEvent
from consent.services.suppression import suppress
from core.actors import SYSTEM
from core.models import Role
from customers.models import Customer, Identity
from customers.services.identities import ensure_anonymous
from engagement.models import Event
from engagement.services import linking
from tests.engagement.conftest import agree
from tests.engagement.support import committed
from tests.factories.core import make_staff
from tests.support.callers import register_caller

pytestmark = pytest.mark.django_db(transaction=True)
FORM = "/api/v1/engagement/form-submit"
NOW = datetime.now(UTC).replace(microsecond=0)
AGREED = {"event": "granted", "noticeVersion": 1, "locale": "en"}


@pytest.fixture
def site():
    return register_caller(
        "engagement:write", "customers:write", "consent:write", "customers:read", "customers.pii:read"
    )


def form(*, consents=("analytics", "marketing_email"), contact=None, **more):
    told = {"email": "Jane.Doe@example.com", "firstName": "Jane", "country": "DE"} if contact is None else contact
    properties = {"formId": "newsletter", "contact": told}
    if consents:
        properties["consents"] = [{"purpose": purpose, **AGREED} for purpose in consents]
    return {
        "anonymousId": "browser-7",
        "campaignId": "spring",
        "deviceType": "mobile",
        "timestamp": NOW.isoformat(),
        "eventId": "f1",
        "properties": properties,
    } | more


def nothing_stored():
    stored = (Customer, Identity, Event, ConsentEvent)
    return not any(model.objects.exists() for model in stored)


def test_form__from_nobody_we_know__is_a_customer_with_consent_and_event_on_her_page(site, client):
    answer = site.post(FORM, form())

    assert (answer.status_code, answer.json()) == (202, {"eventId": "f1", "status": "accepted"})
    jane = Customer.objects.get(is_known=True)
    assert (jane.email, jane.first_name, jane.country) == ("jane.doe@example.com", "Jane", "DE")
    event = Event.objects.get()
    assert event.customer_id == jane.pk
    assert "jane" not in str(event.properties).lower() and event.properties["properties"] == {"formId": "newsletter"}
    ledger = ConsentEvent.objects.filter(customer=jane, event="granted")
    assert {(row.purpose.key, row.source, row.evidence["form_id"]) for row in ledger} == {
        ("analytics", "web_form", "newsletter"),
        ("marketing_email", "web_form", "newsletter"),
    }
    client.force_login(make_staff(Role.MARKETER))
    page = client.get(f"/console/customers/{jane.public_id}")
    assert page.status_code == 200 and "Form submitted" in page.content.decode()
    listed = site.get("/api/v1/customers?email=jane.doe@example.com").json()["data"]
    assert [row["id"] for row in listed] == [jane.public_id]


def test_form__from_the_browser_of_a_visitor__brings_her_history_along(site):
    guest = ensure_anonymous(anonymous_ids=["browser-7"], by=SYSTEM, now=NOW, places={"browser-7": "DE"})["browser-7"]
    agree(Customer.objects.get(pk=guest))
    view = {"anonymousId": "browser-7", "campaignId": "spring", "deviceType": "mobile", "timestamp": NOW.isoformat()}
    assert site.post("/api/v1/engagement/view", view).status_code == 202

    site.post(FORM, form())
    committed()
    made = linking.link_identified(now=datetime.now(UTC))

    jane = Customer.objects.get(email="jane.doe@example.com")
    assert made == 1
    assert Customer.objects.get(pk=guest).merged_into_id == jane.pk
    assert Event.objects.filter(customer_id__in=[jane.pk, guest]).count() == 2


@pytest.mark.parametrize(
    "known", [{"userId": "12345"}, {"contact": {"email": "jane.doe@example.com", "lastName": "Doe"}}]
)
def test_form__from_somebody_known__changes_her_and_makes_nobody(site, person, known):
    jane = person(email="jane.doe@example.com")
    Identity.objects.create(customer=jane, kind="email", value="jane.doe@example.com")

    answer = site.post(FORM, form(**{"contact": {"lastName": "Doe"}} | known))

    assert answer.status_code == 202, answer.content
    jane.refresh_from_db()
    assert jane.last_name == "Doe"
    assert Customer.objects.filter(is_known=True).count() == 1
    assert Event.objects.get().customer_id == jane.pk


def test_form__sent_again__is_a_duplicate_and_changes_nothing(site):
    site.post(FORM, form())
    before = ConsentEvent.objects.count()

    answer = site.post(FORM, form(contact={"email": "jane.doe@example.com", "firstName": "Other"}))

    assert (answer.status_code, answer.json()["status"]) == (200, "duplicate")
    assert Customer.objects.get(is_known=True).first_name == "Jane"
    assert (Event.objects.count(), ConsentEvent.objects.count()) == (1, before)


def test_form__without_the_consent_that_the_law_asks_for__is_refused_and_nothing_is_stored(site):
    answer = site.post(FORM, form(consents=("marketing_email",)))

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")
    assert nothing_stored()


def test_form__suppressed_person__is_refused_and_nothing_is_stored(site):
    suppress(identifiers=[("email", "jane.doe@example.com")], reason="erasure", source="letter", by=SYSTEM, now=NOW)

    answer = site.post(FORM, form())

    assert (answer.status_code, answer.json()["code"]) == (403, "suppressed")
    assert nothing_stored()


@pytest.mark.parametrize(
    ("scopes", "needed"),
    [
        (("engagement:write",), "customers:write"),
        (("engagement:write", "customers:write"), "consent:write"),
    ],
)
def test_form__without_the_scopes_for_customers_and_consent__is_refused(db, scopes, needed):
    answer = register_caller(*scopes).post(FORM, form())

    assert (answer.status_code, answer.json()["required_scope"]) == (403, needed)
    assert nothing_stored()


@pytest.mark.parametrize(
    ("properties", "param"),
    [
        ({"contact": {}}, "properties.contact"),
        ({"contact": "jane"}, "properties.contact"),
        ({"contact": {"shoe": 1}}, "properties.contact.shoe"),
        ({"consents": [{"purpose": "analytics", "event": "granted"}]}, "properties.contact"),
        ({"contact": {"email": "a@example.com"}, "consents": {}}, "properties.consents"),
        ({"contact": {"email": "a@example.com"}, "consents": [{"purpose": "analytics"}]}, "properties.consents[0]"),
        (
            {"contact": {"email": "a@example.com"}, "consents": [{"purpose": 1, "event": "granted"}]},
            "properties.consents[0].purpose",
        ),
        ({"contact": {"email": "nonsense"}}, "email"),
    ],
)
def test_form__mistake__is_refused_at_its_place_and_nothing_is_stored(site, properties, param):
    answer = site.post(FORM, form() | {"properties": properties})

    assert (answer.status_code, answer.json()["param"]) == (400, param), answer.content
    assert nothing_stored()


def test_form__in_a_batch__is_asked_to_come_by_itself(site):
    answer = site.post("/api/v1/engagement/events", {"events": [{"type": "form-submit", **form()}]})

    assert answer.status_code == 400
    assert answer.json()["results"][0]["param"] == "properties.contact"
    assert nothing_stored()


def test_form__without_contact__is_an_event_like_any_other(site, person):
    jane = person()

    answer = site.post(FORM, form() | {"userId": "12345", "properties": {"formId": "poll"}})

    assert answer.status_code == 202
    assert Event.objects.get().customer_id == jane.pk

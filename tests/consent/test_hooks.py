"""What consent adds to lower floors works through their own doors."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import ConsentEvent, ConsentState, ConsentToken, Suppression, SuppressionReason
from consent.selectors.ledger import chain_of
from consent.services.consent import record_consent
from consent.services.gpc import apply_gpc
from consent.services.suppression import suppress_customer
from consent.services.tokens import issue_token
from core import privacy
from customers.models import Customer, CustomerQuerySet
from customers.selectors.criteria import criteria
from customers.selectors.expansions import expand
from customers.selectors.timeline import read_timeline
from customers.services.customers import create_customer, update_customer
from customers.services.guards import Stated, import_consent
from tests.consent.conftest import NOON, OFFICER, SHOP, no, notice_of, yes

BASIS = {"actor": "staff:usr_1", "import": "imp_1"}


def yes_to(customer, *, yes=True):
    """What a row says about marketing by e-mail."""
    return Stated(customer.pk, "marketing_email", yes)


def bit(customer: Customer) -> int:
    """The bit of marketing by e-mail."""
    customer.refresh_from_db()
    return customer.consent_mask & 8


def test_place__customer_created_and_moved__has_the_mask_of_her_place(db):
    customer = create_customer(properties={"email": "jane@example.com", "country": "US"}, by=SHOP, now=NOON)
    before = bit(customer)

    update_customer(customer=customer, properties={"country": "DE"}, by=SHOP, now=NOON)

    assert (before, bit(customer)) == (8, 0)


def test_erasure__everything_goes_but_the_ledger_under_a_public_id(make_customer):
    customer = make_customer(email="jane@example.com")
    record_consent(customer=customer, entries=[yes(), yes("analytics")], by=SHOP, now=NOON)
    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON)
    issue_token(customer=customer, by=SHOP, now=NOON)
    suppress_customer(customer=customer, reason=SuppressionReason.ERASURE, by=OFFICER, now=NOON)
    places = {place.name: place for place in privacy.places()}
    collected = {name: list(places[name].collect([customer.pk])) for name in places if name.startswith("consent.")}

    privacy.erase_everywhere([customer.pk])

    customer.refresh_from_db()
    found = {name.removeprefix("consent."): len(rows) for name, rows in collected.items() if rows}
    assert found == {"ledger": 4, "states": 4, "suppressions": 1, "tokens": 1}
    assert not ConsentState.objects.exists()
    assert not ConsentToken.objects.exists()
    assert (customer.consent_mask, customer.gpc_first_seen_at) == (0, None)
    assert Suppression.objects.get().customer_id is None
    assert ConsentEvent.objects.count() == 4
    assert chain_of(customer.pk) is None
    assert "jane" not in str(list(ConsentEvent.objects.values()))


def test_timeline__consent__stands_in_the_story_page_by_page(make_customer, django_assert_num_queries):
    customer = make_customer()
    for number in range(3):
        record_consent(customer=customer, entries=[yes(), no("marketing_sms")], by=SHOP, now=NOON + number * DAY)

    first = read_timeline(customer_ids=[customer.pk], now=NOON + 9 * DAY, limit=4, only=["consent"])
    with django_assert_num_queries(1):
        rest = read_timeline(
            customer_ids=[customer.pk], now=NOON + 9 * DAY, limit=4, only=["consent"], after=first.next
        )

    titles = [entry.title for _, entry in [*first.entries, *rest.entries]]
    assert len(titles) == 6
    assert set(titles) == {"Gave consent: Marketing by e-mail", "Withdrew consent: Marketing by SMS"}


DAY = timedelta(days=2)


def test_expansion__many_customers__take_two_queries(make_customer, django_assert_num_queries):
    agreed, silent = make_customer(), make_customer()
    record_consent(customer=agreed, entries=[yes()], by=SHOP, now=NOON)

    with django_assert_num_queries(2):
        blocks = expand(name="consent", customer_ids=[agreed.pk, silent.pk])

    assert blocks[agreed.pk]["allowed"] == ["service", "marketing_email", "marketing_post"]
    assert blocks[agreed.pk]["purposes"]["marketing_email"]["state"] == "granted"
    said_nothing = {"gpc": False, "sensitive_use_limited": False, "purposes": {}}
    assert blocks[silent.pk] == {"allowed": ["service", "marketing_post"]} | said_nothing


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("marketing_email", {"agreed"}),
        ("not_marketing_email", {"silent", "signalled", "suppressed"}),
        ("gpc", {"signalled"}),
        ("suppressed", {"suppressed"}),
    ],
)
def test_criterion__each_value__narrows_the_list(make_customer, value, found):
    now = timezone.now()
    people = {name: make_customer(external_id=name, at=now) for name in ("agreed", "silent", "signalled", "suppressed")}
    record_consent(customer=people["agreed"], entries=[yes()], by=SHOP, now=now)
    apply_gpc(customer_ids=[people["signalled"].pk], by=SHOP, now=now)
    suppress_customer(customer=people["suppressed"], reason=SuppressionReason.STAFF, by=OFFICER, now=now)
    consent = next(criterion for criterion in criteria() if criterion.name == "consent")

    rows: CustomerQuerySet = consent.narrow(Customer.objects.alive(), value)

    assert value in dict(consent.choices())
    assert set(rows.values_list("external_id", flat=True)) == found


def test_import__yes_with_notice__is_recorded_as_imported_and_counts(make_customer):
    customer = make_customer(country="FR")
    notice = notice_of("marketing_email").public_id

    import_consent(stated=[yes_to(customer)], basis=BASIS | {"notice": {"marketing_email": notice}}, now=NOON)

    entry = ConsentEvent.objects.get()
    assert (entry.event, entry.actor, entry.evidence) == ("imported", "staff:usr_1", {"import_id": "imp_1"})
    assert bit(customer)


def test_import__yes_without_notice__is_recorded_and_allows_nothing(make_customer):
    customer = make_customer(country="FR")

    import_consent(stated=[yes_to(customer)], basis=BASIS, now=NOON)

    assert ConsentEvent.objects.count() == 1
    assert not bit(customer)


def test_import__after_a_no__leaves_the_no_standing(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[no()], by=SHOP, now=NOON)

    import_consent(stated=[yes_to(customer)], basis=BASIS, now=NOON)

    assert ConsentEvent.objects.count() == 1


def test_import__answer_no__is_a_refusal(make_customer):
    customer = make_customer(country="US")

    import_consent(stated=[yes_to(customer, yes=False)], basis=BASIS, now=NOON)

    assert not bit(customer)

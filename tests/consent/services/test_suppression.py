"""The suppression list."""

import pytest

from consent.models import Suppression, SuppressionReason
from consent.selectors.suppression import suppressed_among
from consent.services.consent import record_consent
from consent.services.suppression import suppress, suppress_customer, unsuppress
from core.errors import Forbidden, InvalidInput, InvalidState, NotFound
from core.models import AuditEntry
from customers.models import Customer
from customers.services.customers import create_customer
from tests.consent.conftest import NOON, OFFICER, SHOP, yes

ADDRESS = "jane.doe@example.com"


def put(*identifiers, reason=SuppressionReason.STAFF):
    """Put identifiers on the list."""
    return suppress(identifiers=list(identifiers), reason=reason, source="test", by=OFFICER, now=NOON)


def test_suppress__address_as_typed__is_kept_as_a_hash_and_found_normalised(db):
    done = put(("email", " Jane.Doe@Example.COM "), ("email", ADDRESS), ("phone", "no number"))

    row = Suppression.objects.get()
    assert (done.added, done.known, [p.param for p in done.refused]) == (1, 0, ["line 3"])
    assert ADDRESS not in str(row.__dict__)
    assert suppressed_among([("email", ADDRESS), ("email", "other@example.com")]) == {("email", ADDRESS)}


def test_suppress__known_profile__allows_nothing_any_more(make_customer):
    customer = make_customer(email=ADDRESS)
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    put(("email", ADDRESS))

    customer.refresh_from_db()
    assert customer.consent_mask == 0


def test_suppress__creation_through_any_door__is_refused(db):
    put(("email", ADDRESS))

    with pytest.raises(Forbidden) as refusal:
        create_customer(properties={"email": "JANE.DOE@example.com"}, by=SHOP, now=NOON)

    assert refusal.value.code == "suppressed"
    assert not Customer.objects.exists()


def test_unsuppress__with_a_reason__lets_the_person_back_and_says_why(make_customer):
    customer = make_customer(email=ADDRESS, country="US")
    before = customer.consent_mask
    put(("email", ADDRESS))

    unsuppress(suppression_id=Suppression.objects.get().pk, why="Entered by mistake", by=OFFICER, now=NOON)

    customer.refresh_from_db()
    assert customer.consent_mask == before
    assert not Suppression.objects.exists()
    assert AuditEntry.objects.order_by("id").last().reason == "Entered by mistake"


@pytest.mark.parametrize(
    ("reason", "why", "error"),
    [(SuppressionReason.ERASURE, "please", InvalidState), (SuppressionReason.STAFF, "  ", InvalidInput)],
)
def test_unsuppress__erased_person_or_no_reason__is_refused_and_nothing_changes(db, reason, why, error):
    put(("email", ADDRESS), reason=reason)

    with pytest.raises(error):
        unsuppress(suppression_id=Suppression.objects.get().pk, why=why, by=OFFICER, now=NOON)

    assert Suppression.objects.exists()
    assert AuditEntry.objects.count() == 1


def test_unsuppress__unknown_entry__is_not_found(db):
    with pytest.raises(NotFound):
        unsuppress(suppression_id=1, why="x", by=OFFICER, now=NOON)


def test_suppress_customer__all_identifiers__go_on_the_list(make_customer):
    customer = make_customer(email=ADDRESS, external_id="12345", phone="+4915112345678")

    done = suppress_customer(customer=customer, reason=SuppressionReason.COMPLAINT, by=OFFICER, now=NOON)

    assert done.added == 3
    assert set(Suppression.objects.values_list("customer_id", flat=True)) == {customer.pk}


def test_suppress_customer__visitor_without_identifiers__is_refused(make_customer):
    with pytest.raises(InvalidState):
        suppress_customer(customer=make_customer(), reason=SuppressionReason.STAFF, by=OFFICER, now=NOON)

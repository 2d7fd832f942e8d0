"""A visitor turns out to be a customer: least permissive wins."""

from datetime import timedelta

import pytest

from consent.models import ConsentEvent, ConsentState, ConsentToken
from consent.services.consent import record_consent
from consent.services.gpc import apply_gpc
from consent.services.merging import absorb_consent
from consent.services.tokens import issue_token
from core.errors import NotFound
from customers.services.identities import ensure_anonymous, link_identity
from tests.consent.conftest import NOON, SHOP, no, yes

LATER = NOON + timedelta(minutes=30)


@pytest.fixture
def visitor(make_customer):
    """Somebody known by a cookie only."""
    return make_customer(is_known=False)


@pytest.fixture
def customer(make_customer):
    """A known customer."""
    return make_customer(external_id="12345")


def states(customer):
    """Where somebody stands."""
    return dict(ConsentState.objects.filter(customer=customer).values_list("purpose__key", "state"))


def merge(visitor, customer):
    """As customers does it."""
    absorb_consent(absorbed_id=visitor.pk, into_id=customer.pk, by=SHOP, now=LATER)
    customer.refresh_from_db()
    visitor.refresh_from_db()


def test_absorb__visitors_no__beats_the_customers_yes_even_when_the_yes_is_newer(visitor, customer):
    record_consent(customer=visitor, entries=[no()], by=SHOP, now=NOON)
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON + timedelta(minutes=1))

    merge(visitor, customer)

    last = ConsentEvent.objects.filter(customer=customer).order_by("seq").last()
    assert states(customer) == {"marketing_email": "withdrawn"}
    assert (last.source, last.evidence) == ("merge", {"merged_from": visitor.public_id, "merged_seq": 1})
    assert customer.consent_mask & 8 == 0


def test_absorb__visitors_yes__widens_nothing(visitor, customer):
    record_consent(customer=visitor, entries=[yes("analytics")], by=SHOP, now=NOON)

    merge(visitor, customer)

    assert states(customer) == {}
    assert customer.consent_mask & 2 == 0


def test_absorb__both_said_yes__stays_allowed(visitor, customer):
    for person in (visitor, customer):
        record_consent(customer=person, entries=[yes()], by=SHOP, now=NOON)

    merge(visitor, customer)

    assert states(customer) == {"marketing_email": "granted"}
    assert customer.consent_mask & 8


def test_absorb__visitor_sent_the_signal__customer_has_sent_it(visitor, customer):
    apply_gpc(customer_ids=[visitor.pk], by=SHOP, now=NOON)

    merge(visitor, customer)

    assert customer.gpc_first_seen_at == NOON
    assert states(customer) == {"sale_share": "opted_out", "targeted_ads": "opted_out"}


def test_absorb__visitors_token__is_revoked_and_her_profile_allows_nothing(visitor, customer):
    record_consent(customer=visitor, entries=[yes("analytics")], by=SHOP, now=NOON)
    issued = issue_token(customer=visitor, by=SHOP, now=NOON)

    merge(visitor, customer)

    assert ConsentToken.objects.get(jti=issued.jti).revoked_at == LATER
    assert visitor.consent_mask == 0


def test_link_identity__through_the_customers_app__runs_the_step(customer):
    pk = ensure_anonymous(anonymous_ids=["anon-7"], by=SHOP, now=NOON)["anon-7"]
    visitor = type(customer).objects.get(pk=pk)
    record_consent(customer=visitor, entries=[no("analytics")], by=SHOP, now=NOON)

    link_identity(customer=customer, kind="anonymous_id", value="anon-7", by=SHOP, now=LATER)

    assert states(customer) == {"analytics": "withdrawn"}
    with pytest.raises(NotFound):
        record_consent(customer=visitor, entries=[yes("analytics")], by=SHOP, now=LATER)

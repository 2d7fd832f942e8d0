"""A visitor turns out to be a customer: least permissive wins."""

from datetime import timedelta

import pytest

from consent.models import ConsentEvent, ConsentState, ConsentToken, Suppression, SuppressionReason
from consent.services.consent import record_consent
from consent.services.gpc import apply_gpc
from consent.services.merging import absorb_consent, restore_consent
from consent.services.suppression import suppress
from consent.services.tokens import issue_token
from core.errors import Conflict, NotFound
from core.models import OutboxMessage
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


@pytest.fixture
def twin(make_customer):
    """Another known profile of the same person."""
    return make_customer(email="twin@example.com")


def join(twin, customer):
    """A merge of two known profiles; its pre-image."""
    image = absorb_consent(absorbed_id=twin.pk, into_id=customer.pk, by=SHOP, now=LATER, visitor=False)
    customer.refresh_from_db()
    return image


def part(twin, customer, image, at=LATER + timedelta(minutes=30)):
    """Its undoing."""
    restore_consent(absorbed_id=twin.pk, into_id=customer.pk, image=image, merged_at=LATER, by=SHOP, now=at)
    for row in (twin, customer):
        row.refresh_from_db()


def test_absorb__known_twin_was_never_asked__ends_the_customers_yes_until_asked_again(twin, customer):
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    join(twin, customer)

    assert states(customer) == {"marketing_email": "invalidated"}
    assert customer.consent_mask & 8 == 0


def test_absorb__known_twin_in_a_stricter_place__narrows_what_silence_allowed(make_customer):
    american = make_customer(external_id="1", country="US")
    german = make_customer(external_id="2", country="DE")
    narrower = american.consent_mask & german.consent_mask

    join(german, american)

    assert american.consent_mask & ~narrower == 0
    assert american.consent_mask & 1


def test_absorb__known_twin_suppressed__nothing_may_be_done_with_the_result(twin, customer):
    listed = [("email", "twin@example.com")]
    suppress(identifiers=listed, reason=SuppressionReason.OBJECTION, source="test", by=SHOP, now=NOON)

    image = join(twin, customer)
    suppressed = customer.consent_mask
    part(twin, customer, image)

    assert (suppressed, customer.consent_mask & 1, twin.consent_mask) == (0, 1, 0)
    assert Suppression.objects.get().customer_id == twin.pk


def test_restore__nothing_said_since__the_yes_counts_again_and_followers_hear_of_it(twin, customer):
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    before = list(ConsentState.objects.filter(customer=customer).values("state", "event_id", "granted_at"))
    image = join(twin, customer)

    part(twin, customer, image)

    last = ConsentEvent.objects.filter(customer=customer).order_by("seq").last()
    assert list(ConsentState.objects.filter(customer=customer).values("state", "event_id", "granted_at")) == before
    assert (last.event, last.evidence) == ("restored", {"merged_from": twin.public_id, "restores_seq": 1})
    assert customer.consent_mask & 8
    assert OutboxMessage.objects.filter(topic="consent.granted", subject=customer.public_id).count() == 2


def test_restore__no_said_since__counts_for_both(twin, customer):
    for person in (customer, twin):
        record_consent(customer=person, entries=[yes()], by=SHOP, now=NOON)
    image = join(twin, customer)
    record_consent(customer=customer, entries=[no()], by=SHOP, now=LATER + timedelta(minutes=10))

    part(twin, customer, image)

    assert (states(customer), states(twin)) == ({"marketing_email": "withdrawn"}, {"marketing_email": "withdrawn"})


def test_restore__same_no_said_again_since__is_not_lost(twin, customer):
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    record_consent(customer=twin, entries=[no()], by=SHOP, now=NOON)
    image = join(twin, customer)
    record_consent(customer=customer, entries=[no()], by=SHOP, now=LATER + timedelta(minutes=10))

    part(twin, customer, image)

    assert states(customer) == {"marketing_email": "withdrawn"}


def test_restore__yes_said_since__stays_with_the_survivor_only(twin, customer):
    image = join(twin, customer)
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=LATER + timedelta(minutes=10))

    part(twin, customer, image)

    assert (states(customer), states(twin)) == ({"marketing_email": "granted"}, {})


def test_restore__first_signal_since__counts_for_both(twin, customer):
    image = join(twin, customer)
    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=LATER + timedelta(minutes=10))
    customer.refresh_from_db()

    part(twin, customer, image)

    assert customer.gpc_first_seen_at == twin.gpc_first_seen_at == LATER + timedelta(minutes=10)


def test_record_consent__restored_by_a_caller__is_refused(customer):
    with pytest.raises(Conflict):
        record_consent(customer=customer, entries=[no(event="restored")], by=SHOP, now=NOON)

    assert not ConsentEvent.objects.exists()

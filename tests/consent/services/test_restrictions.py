"""Requests that take effect by the desk itself: restriction, limits, objections, correction, and a nil answer."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.selectors.audience import audience_of
from consent.models import ConsentEvent, DataRequest, Letter, Restriction, SuppressionReason
from consent.selectors.checks import check_now
from consent.selectors.decisions import may_process_customer, use_of
from consent.selectors.marks import standings_of
from consent.services.consent import record_consent
from consent.services.masks import recompute_masks
from consent.services.request_corrections import correct_subject
from consent.services.request_decisions import approve_request, refuse_request, send_back
from consent.services.requests import start_collecting, verify_request
from consent.services.restrictions import lift_restrictions, place_restriction
from consent.services.suppression import suppress_customer
from core.actors import Actor, ActorKind
from core.errors import Conflict, DomainError, InvalidInput, InvalidState
from core.models import AuditEntry
from customers.models import Customer
from customers.services.customers import update_customer
from customers.services.governance import change_field
from tests.consent.conftest import OFFICER, yes
from tests.factories.campaigns import make_campaign
from tests.factories.requests import ONE, TWO, make_request, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def answer_for(person, purpose="marketing_email", at=None):
    at = at or datetime.now(UTC)
    return may_process_customer(customer=person, purpose=purpose, at=at, known_at=at).decision


def test_restriction__request_carried_out__every_use_is_denied_with_its_reason():
    person = make_subject()
    assert answer_for(person).allowed

    make_reviewed("restriction")

    person.refresh_from_db()
    assert Restriction.objects.filter(customer=person, lifted_at=None).count() == 1
    assert answer_for(person).reason.value == "restricted"
    assert person.consent_mask == 0
    assert check_now(reference=person.public_id, use=use_of("marketing_email"), now=NOW).reason.value == "restricted"
    assert check_now(reference=person.public_id, use=use_of("analytics"), now=NOW).reason.value == "restricted"


def test_restriction__new_yes_while_it_stands__allows_nothing_until_lifted():
    person = make_subject()
    place_restriction(customer=person, request="dsr_x", by=OFFICER, now=NOW)
    record_consent(customer=person, entries=[yes("marketing_sms")], by=OFFICER, now=NOW + timedelta(seconds=1))
    denied = answer_for(person, "marketing_sms", NOW + timedelta(seconds=2))

    lift_restrictions(customer=person, because="Told by letter.", by=OFFICER, now=NOW + timedelta(seconds=3))

    assert denied.reason.value == "restricted"
    assert answer_for(person, "marketing_sms", NOW + timedelta(seconds=4)).allowed
    person.refresh_from_db()
    assert person.consent_mask != 0
    assert set(AuditEntry.objects.filter(action__startswith="restriction").values_list("action", flat=True)) == {
        "restriction.placed",
        "restriction.lifted",
    }


def test_restriction__asked_about_the_past__did_not_stand_then():
    person = make_subject()
    place_restriction(customer=person, request="dsr_x", by=OFFICER, now=NOW + timedelta(hours=1))

    assert answer_for(person, at=NOW + timedelta(minutes=30)).allowed
    assert not answer_for(person, at=NOW + timedelta(hours=2)).allowed


def test_restriction__of_an_absorbed_profile__holds_for_who_absorbed_it():
    person, absorbed = make_subject(), make_subject("jane.old@example.com")
    place_restriction(customer=absorbed, request="dsr_x", by=OFFICER, now=NOW)
    Customer.objects.filter(pk=absorbed.pk).update(merged_into=person.pk)

    assert answer_for(person, at=NOW + timedelta(hours=1)).reason.value == "restricted"


def test_lift__none_stands__is_refused():
    with pytest.raises(InvalidState, match="No restriction"):
        lift_restrictions(customer=make_subject(), because="x", by=OFFICER, now=NOW)


@pytest.mark.parametrize(
    ("kind", "event"), [("limit_use", "opted_out"), ("automated_decisions", "objected"), ("objection", "objected")]
)
def test_effect__of_the_request__stands_in_the_ledger(kind, event):
    person = make_subject()
    request = make_request(kind)
    if kind == "automated_decisions":
        verify_request(request=request, how="account sign-in", by=ONE, now=NOW)
    else:
        start_collecting(request=request, by=ONE, now=NOW)
    work(DataRequest.objects.get(pk=request.pk))

    written = ConsentEvent.objects.filter(customer=person, source="request")
    assert written.exists()
    assert set(written.values_list("event", flat=True)) == {event}


def test_correction__values_the_person_gave__are_on_the_profile_and_never_in_the_history():
    person = make_subject()
    request = make_reviewed("rectification")

    correct_subject(request=request, properties={"first_name": "Joana", "country": "PT"}, by=ONE, now=NOW)

    person.refresh_from_db()
    request.refresh_from_db()
    said = request.events.get(kind="corrected").text
    assert (person.first_name, person.country) == ("Joana", "PT")
    assert said == "Corrected: country, first_name"
    assert request.state == "reviewing"
    assert AuditEntry.objects.filter(action="customer.updated", target=person.public_id, actor_id=ONE.id).exists()


def test_correction__field_that_another_system_owns__stands_against_it():
    person = make_subject()
    change_field(name="country", values={"conflict": "source", "sources": ["client"]}, by=ONE, now=NOW)
    crm = Actor(kind=ActorKind.CLIENT, id="cli_crm")
    update_customer(customer=person, properties={"country": "DE"}, by=crm, now=NOW)
    request = make_reviewed("rectification")

    correct_subject(request=request, properties={"country": "PT"}, by=ONE, now=NOW)
    with pytest.raises(DomainError) as refusal:
        update_customer(customer=person, properties={"country": "DE"}, by=crm, now=NOW)

    person.refresh_from_db()
    assert (person.country, refusal.value.code) == ("PT", "outranked")


@pytest.mark.parametrize(
    ("kind", "properties", "error"),
    [
        ("access", {"first_name": "Joana"}, InvalidState),
        ("rectification", {}, InvalidInput),
        ("rectification", {"email": "no address"}, InvalidInput),
    ],
)
def test_correction__that_cannot_be__changes_nothing(kind, properties, error):
    person = make_subject()
    request = make_reviewed(kind)

    with pytest.raises(error):
        correct_subject(request=request, properties=properties, by=ONE, now=NOW)

    person.refresh_from_db()
    assert person.first_name == "Jane"


def test_nil_answer__needs_a_second_person__before_the_letter_leaves():
    request = make_reviewed("access", contact="tara.lund@example.com")

    proposed = refuse_request(request=request, code="no_data", reason="Nothing was found.", by=ONE, now=NOW)
    with pytest.raises(Conflict) as refusal:
        approve_request(request=proposed, by=ONE, now=NOW)
    letters = Letter.objects.filter(request=request, kind="refusal").count()
    done = approve_request(request=proposed, by=TWO, now=NOW)

    assert (proposed.state, refusal.value.code, letters) == ("awaiting_second_approval", "second_person_needed", 0)
    assert (done.state, done.refusal_code, done.second_by) == ("refused", "no_data", str(TWO))
    assert Letter.objects.filter(request=request, kind="refusal").count() == 1


def test_nil_answer__sent_back__is_forgotten():
    request = make_reviewed("access", contact="tara.lund@example.com")
    proposed = refuse_request(request=request, code="no_data", reason="Nothing was found.", by=ONE, now=NOW)

    back = send_back(request=proposed, text="Look at the old shop.", by=TWO, now=NOW)

    assert (back.state, back.refusal_code) == ("reviewing", "")


def test_package_about_nobody__needs_a_second_person():
    request = make_reviewed("access", contact="tara.lund@example.com")

    first = approve_request(request=request, by=ONE, now=NOW)
    second = approve_request(request=first, by=TWO, now=NOW)

    assert (first.state, second.state) == ("awaiting_second_approval", "ready")


def test_restriction__in_lists_and_deliveries__is_called_so_and_suppression_goes_first():
    jane = make_subject()
    tom, listed = make_subject("tom.berg@example.com"), make_subject("lena.marsh@example.com")
    visitor = Customer.objects.create(public_id=Customer.new_public_id(), merged_into=tom)
    for person in (jane, visitor, listed):
        place_restriction(customer=person, request="dsr_x", by=OFFICER, now=NOW)
    recompute_masks(customer_ids=[tom.pk], now=NOW)
    suppress_customer(customer=listed, reason=SuppressionReason.STAFF, by=OFFICER, now=NOW)
    people = list(Customer.objects.filter(pk__in=[jane.pk, tom.pk, listed.pk]).order_by("pk"))

    shown = standings_of(people)
    audience = audience_of(make_campaign(people), NOW)

    assert [set(shown[person.pk].values()) for person in people] == [{"restricted"}, {"restricted"}, {"suppressed"}]
    assert (audience.total, audience.reachable) == (3, 0)
    assert dict(audience.why_not) == {"restricted": 2, "suppressed": 1}

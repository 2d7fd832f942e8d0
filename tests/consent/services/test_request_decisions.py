from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from consent.models import DataRequest, Letter, RequestStep, Suppression
from consent.rules.requests import Kind, State
from consent.services.request_decisions import (
    approve_request,
    deliver_request,
    hold_request,
    lift_hold,
    place_hold,
    refuse_request,
    send_back,
)
from consent.services.request_erasure import preview, scan_everything
from consent.services.request_steps import finish_by_hand, run_step
from consent.services.request_upkeep import check_dates, drop_old_requests, forget_contacts
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import OutboxMessage
from customers.models import Customer, Identity, Purchase, Status
from customers.services.customers import UpsertInput, delete_customer, upsert_customers
from tests.factories.requests import ONE, TWO, make_request, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def approved_erasure(**facts) -> DataRequest:
    request = make_reviewed(Kind.ERASURE, NOON, **facts)
    approve_request(request=request, by=ONE, now=NOON)
    return approve_request(request=request, by=TWO, now=NOON)


def test_approve_request__erasure_by_one_person__waits_for_somebody_else():
    make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)
    waiting = approve_request(request=request, by=ONE, now=NOON)

    with pytest.raises(Conflict) as refusal:
        approve_request(request=waiting, by=ONE, now=NOON)

    waiting.refresh_from_db()
    assert refusal.value.code == "second_person_needed"
    assert waiting.state == State.SECOND_APPROVAL
    assert not RequestStep.objects.filter(action="erase").exists()


def test_requests__one_person_twice_behind_the_services__is_refused_by_the_database():
    make_subject()
    request = approve_request(request=make_reviewed(Kind.ERASURE, NOON), by=ONE, now=NOON)

    with pytest.raises(IntegrityError, match="request_two_people"), transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(second_by=str(ONE))


def test_erasure__approved_by_two__leaves_no_trace_and_keeps_the_person_away(django_capture_on_commit_callbacks):
    person = make_subject("USER40@example.com".lower(), external_id="user-40-ext")
    Identity.objects.create(customer=person, kind="external_id", value="user-40-ext")
    request = approved_erasure(contact="USER40@Example.com")

    done = work(request, NOON)
    with django_capture_on_commit_callbacks(execute=True):
        closed = deliver_request(request=done, by=ONE, now=NOON)
    forget_contacts(now=NOON)

    person.refresh_from_db()
    closed.refresh_from_db()
    again = upsert_customers(
        id_property="email", inputs=[UpsertInput("user40@example.com", {})], by=SYSTEM, now=NOON, atomic=False
    )
    assert person.status == Status.DELETED
    assert closed.outcome["scan"]["hits"] == {} and closed.outcome["scan"]["identifiers"] == 2
    assert closed.outcome["scan"]["columns"] > 100
    assert Suppression.objects.filter(reason="erasure").count() == 2
    assert again[0].refusal is not None and again[0].refusal.code == "suppressed"
    assert [message.to for message in mail.outbox] == [["USER40@Example.com"]]
    assert (closed.contact_sealed, closed.subjects_sealed, closed.contact_hash) == ("", "", "")
    assert not DataRequest.objects.filter(contact_hint__contains="@").exists()
    assert OutboxMessage.objects.filter(topic="customer.erased", subject=person.public_id).exists()


def test_scan_everything__somebody_left_behind__names_the_column():
    make_subject()
    request = approved_erasure()
    Letter.objects.create(
        request=request,
        kind="done",
        locale="en",
        template_version="x",
        subject="x",
        body="Dear Jane.Silva@example.com",
        created_at=NOON,
        created_by="system:system",
    )

    done = work(request, NOON)

    scan = RequestStep.objects.get(request=request, action="scan")
    assert (scan.state, scan.error) == ("failed", "The person was still found in consent_letter.body.")
    with pytest.raises(InvalidState, match="1 tasks are still open"):
        deliver_request(request=done, by=ONE, now=NOON)
    found = scan_everything(requests=[DataRequest.objects.get(pk=request.pk)])[request.pk]
    assert found["hits"] == {"consent_letter.body": 1}


def test_erasure__anonymised__keeps_figures_and_no_person():
    person = make_subject()
    Purchase.objects.create(
        public_id="pur_1",
        customer=person,
        order_id="A-1",
        amount=12,
        currency="EUR",
        purchased_at=NOON,
        created_at=NOON,
    )
    request = approved_erasure(verb="anonymise")

    work(request, NOON)

    person.refresh_from_db()
    order = Purchase.objects.get()
    assert person.status == Status.DELETED
    assert (order.customer.email, order.customer.country, order.order_id) == (None, "DE", "pur_1")
    assert order.customer_id != person.pk and order.purchased_at.hour == 0
    assert not Suppression.objects.exists()
    assert RequestStep.objects.get(request=request, action="scan").state == "done"


def test_erasure__pseudonymised__keeps_the_key_apart():
    person = make_subject()
    request = approved_erasure(verb="pseudonymise")

    done = work(request, NOON)
    deliver_request(request=done, by=ONE, now=NOON)
    Letter.objects.update(sent_at=NOON)
    forget_contacts(now=NOON)

    person.refresh_from_db()
    done.refresh_from_db()
    assert (person.email, person.first_name, person.status) == (None, "", Status.INACTIVE)
    assert Identity.objects.get(customer=person).value.startswith("psn_")
    assert done.subjects_sealed and not done.contact_sealed
    assert RequestStep.objects.get(request=request, action="scan").state == "done"


def test_preview__before_the_second_approval__counts_what_will_happen_and_changes_nothing():
    make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)

    found = {one.name: one for one in preview(request=request)}

    assert found["customers.identities"].rows == 1
    assert found["customers.identities"].becomes == "erased or emptied"
    assert found["consent.ledger"].becomes.startswith("kept: GDPR Art. 7(1)")
    assert Customer.objects.get().email == "jane.silva@example.com"


def test_hold__while_it_stands__nothing_is_erased_by_any_door():
    person = make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)
    place_hold(customer=person, scope="case 7", reason="claim", review_on=date(2027, 6, 1), by=ONE, now=NOON)

    with pytest.raises(Conflict) as refusal:
        approve_request(request=request, by=ONE, now=NOON)
    with pytest.raises(Conflict, match="legal hold"):
        delete_customer(customer=person, reason="asked", by=ONE, now=NOON)
    with pytest.raises(IntegrityError, match="legal hold"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET status = 'deleted', deleted_at = now()")

    person.refresh_from_db()
    assert refusal.value.code == "legal_hold"
    assert (person.status, person.email) == (Status.ACTIVE, "jane.silva@example.com")


def test_hold__placed_in_the_middle_of_an_erasure__stops_it_and_lifting_lets_it_go_on():
    person = make_subject()
    request = approved_erasure()
    run_step(step_id=RequestStep.objects.get(request=request, action="suppress").pk, now=NOON)
    place_hold(customer=person, scope="case 7", reason="claim", review_on=date(2027, 6, 1), by=ONE, now=NOON)

    held = work(request, NOON)
    stopped = RequestStep.objects.filter(request=request, state="failed")

    assert stopped.exists() and all("legal hold" in step.error for step in stopped)
    assert Customer.objects.get(pk=person.pk).status == Status.ACTIVE
    lift_hold(request=held, reason="settled", by=ONE, now=NOON)
    work(request, NOON + timedelta(days=2))
    assert Customer.objects.get(pk=person.pk).status == Status.DELETED


def test_hold_request__reviewed__waits_and_goes_on_when_lifted():
    make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)

    held = hold_request(request=request, scope="case 7", reason="claim", review_on=date(2027, 6, 1), by=ONE, now=NOON)
    lifted = lift_hold(request=held, reason="settled", by=ONE, now=NOON)

    assert (held.state, lifted.closed_at) == (State.HELD, None)
    assert lifted.state == State.COLLECTING


def test_refuse_request__whole__closes_with_article_complaint_and_court():
    request = make_request(now=NOON, place="GB")

    refused = refuse_request(request=request, code="unfounded", reason="The ninth this week.", by=ONE, now=NOON)

    letter = Letter.objects.get(kind="refusal")
    assert (refused.state, refused.closed_at) == (State.REFUSED, NOON)
    for words in ("GDPR Art. 12(5)(b)", "The ninth this week.", "supervisory authority", "complain to us"):
        assert words in letter.body


def test_refuse_request__parts_only__goes_on_with_the_rest():
    make_subject()
    request = make_reviewed(now=NOON)

    partly = refuse_request(
        request=request, code="others", reason="Names of others.", parts=["engagement.events"], by=ONE, now=NOON
    )

    assert (partly.state, partly.refused_parts) == (State.REVIEWING, ["engagement.events"])
    assert "in these parts: what a person did: page views" in Letter.objects.get(kind="refusal").body


@pytest.mark.parametrize("parts", [["no.such.place"], ["customers.purchases", "Orders"], ["customers.purchases "]])
def test_refuse_request__part_that_does_not_exist__is_refused_and_no_letter_is_written(parts):
    make_subject()
    request = make_reviewed(now=NOON)

    with pytest.raises(InvalidInput) as refusal:
        refuse_request(request=request, code="others", reason="Others.", parts=parts, by=ONE, now=NOON)

    request.refresh_from_db()
    assert (refusal.value.param, request.refused_parts, request.refusal_code) == ("parts", [], "")
    assert not Letter.objects.filter(kind="refusal").exists()


def test_refuse_request__part_once_all_is_approved__is_refused_since_it_would_leave_with_the_rest():
    make_subject()
    request = approve_request(request=make_reviewed(now=NOON), by=ONE, now=NOON)

    with pytest.raises(InvalidState, match="Send it back"):
        refuse_request(
            request=request, code="others", reason="Others.", parts=["customers.purchases"], by=ONE, now=NOON
        )

    request.refresh_from_db()
    assert request.refused_parts == []


def test_refuse_request__orders_of_an_erasure__keep_their_numbers_and_everything_else_goes():
    jane = make_subject()
    order = Purchase.objects.create(
        public_id="ord_77",
        customer=jane,
        order_id="INV-2026-77",
        amount=5,
        currency="EUR",
        purchased_at=NOON,
        created_at=NOON,
    )
    request = make_reviewed(Kind.ERASURE, NOON)

    with pytest.raises(InvalidInput):
        refuse_request(
            request=request, code="obligation", reason="Law.", parts=["customers.profiles"], by=ONE, now=NOON
        )
    request = refuse_request(
        request=request,
        code="obligation",
        reason="Invoices are kept for ten years.",
        parts=["customers.purchases"],
        by=ONE,
        now=NOON,
    )
    told = {place.name: place.becomes for place in preview(request=request)}
    approve_request(request=request, by=ONE, now=NOON)
    approve_request(request=request, by=TWO, now=NOON)
    work(request, NOON)
    order.refresh_from_db()
    jane.refresh_from_db()

    assert told["customers.purchases"] == "kept as it is: refused in part"
    assert (order.order_id, order.customer_id) == ("INV-2026-77", jane.pk)
    assert (jane.status, jane.email, jane.external_id) == ("deleted", None, None)
    assert not RequestStep.objects.filter(request=request, action="erase", name="customers.purchases").exists()
    assert RequestStep.objects.get(request=request, action="scan").result["hits"] == {}
    assert "orders and refunds" in Letter.objects.get(kind="refusal").body


def test_refuse_request__erasure_that_has_begun__is_refused():
    make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)
    approve_request(request=request, by=ONE, now=NOON)
    approve_request(request=request, by=TWO, now=NOON)
    work(request, NOON)

    with pytest.raises(InvalidState, match="has begun"):
        refuse_request(request=request, code="claims", reason="Too late.", by=ONE, now=NOON)

    assert not Letter.objects.filter(kind="refusal").exists()


def test_refuse_request__without_an_article__is_refused():
    request = make_request(now=NOON)

    with pytest.raises(InvalidInput) as refusal:
        refuse_request(request=request, code="because", reason="No.", by=ONE, now=NOON)

    request.refresh_from_db()
    assert (refusal.value.param, request.state) == ("code", State.RECEIVED)


def test_approve_request__task_open__is_refused_until_it_is_left_out_with_a_reason():
    make_subject()
    request = make_reviewed(Kind.RECTIFICATION, NOON)
    step = RequestStep.objects.get(request=request, action="by_hand")

    with pytest.raises(InvalidState):
        approve_request(request=request, by=ONE, now=NOON)
    with pytest.raises(InvalidInput):
        finish_by_hand(step=step, text=" ", by=ONE, now=NOON)
    finish_by_hand(step=step, text="Corrected the street.", by=ONE, now=NOON)
    request.refresh_from_db()

    assert request.state == State.REVIEWING
    assert approve_request(request=request, by=ONE, now=NOON).state == State.READY


def test_send_back__after_the_erasure_began__is_refused():
    make_subject()
    request = approved_erasure()
    run_step(step_id=RequestStep.objects.get(request=request, action="suppress").pk, now=NOON)

    with pytest.raises(InvalidState, match="has begun"):
        send_back(request=request, text="wait", by=ONE, now=NOON)


def test_check_dates__stored_date_changed_behind_the_clock__is_corrected_and_told():
    request = make_request(now=NOON)
    DataRequest.objects.filter(pk=request.pk).update(safe_due=date(2030, 1, 1))

    wrong = check_dates(now=NOON)

    assert (wrong, DataRequest.objects.get(pk=request.pk).safe_due) == (1, request.safe_due)
    assert OutboxMessage.objects.filter(topic="dsar.dates_mismatch").count() == 1
    assert check_dates(now=NOON) == 0


def test_drop_old_requests__closed_long_ago__takes_everything_about_them():
    request = make_request(now=NOON)
    open_one = make_request(Kind.ERASURE, NOON)
    refuse_request(request=request, code="outside", reason="Nothing here.", by=ONE, now=NOON)

    assert drop_old_requests(before=NOON) == 0
    assert drop_old_requests(before=NOON + timedelta(days=1)) == 1
    assert list(DataRequest.objects.all()) == [open_one]

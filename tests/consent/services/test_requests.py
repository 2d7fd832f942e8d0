from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from consent.models import ClockEntry, ConsentEvent, DataRequest, Letter, RequestMove
from consent.rules.requests import MOVES, Kind, State
from consent.selectors.requests import dates_now, explanation, opened
from consent.services.request_decisions import approve_request, withdraw_request
from consent.services.requests import (
    NewRequest,
    acknowledge_request,
    ask_requester,
    comment_request,
    extend_request,
    fail_verification,
    open_request,
    resume_request,
    start_collecting,
    verify_request,
)
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from tests.factories.requests import ONE, make_request, make_subject, work

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 5, 9, tzinfo=UTC)


def at(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def test_open_request__german_mail__runs_by_the_local_day_and_stands_in_audit_and_outbox():
    person = make_subject()

    request = make_request(now=MARCH, contact="Jane.SILVA@Example.com")

    assert (request.customer, request.state, request.regime) == (person, State.RECEIVED, "EU/DE")
    assert (request.law_due, request.safe_due) == (date(2026, 4, 7), date(2026, 4, 4))
    assert request.contact_hint == "J••••@Example.com"
    assert opened(request.contact_sealed) == "Jane.SILVA@Example.com"
    assert "@Example.com" not in request.contact_sealed
    assert [row.kind for row in ClockEntry.objects.filter(request=request)] == ["started"]
    assert AuditEntry.objects.filter(action="request.received", target=request.public_id).exists()
    assert OutboxMessage.objects.filter(topic="dsar.received", subject=request.public_id).exists()


def test_open_request__californian_evening__counts_for_that_day():
    request = make_request(Kind.ACCESS, datetime(2026, 9, 1, 5, tzinfo=UTC), place="US-CA")

    assert request.received_on == date(2026, 8, 31)
    assert (request.law_due, request.safe_due) == (date(2026, 10, 15), date(2026, 10, 14))


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"kind": "tea"}, "type"),
        ({"channel": "pigeon"}, "channel"),
        ({"contact": ""}, "email"),
        ({"contact": "nobody"}, "email"),
        ({"regime": "Atlantis"}, "regime"),
        ({"received_at": MARCH + timedelta(days=1)}, "received_at"),
        ({"received_at": MARCH - timedelta(days=1)}, "backdated_because"),
        ({"place": "ZZZZZZ"}, "place"),
        ({"kind": "erasure", "verb": "burn"}, "verb"),
    ],
)
def test_open_request__nonsense__is_refused_and_nothing_is_stored(changes, param):
    facts = {"kind": "access", "channel": "email", "contact": "jane@example.com"} | changes

    with pytest.raises(InvalidInput) as refusal:
        open_request(new=NewRequest(**facts), by=ONE, now=MARCH)

    assert refusal.value.param == param
    assert not DataRequest.objects.exists() and not OutboxMessage.objects.exists()


def test_open_request__earlier_day_with_a_reason__names_who_said_so():
    request = make_request(
        now=MARCH, received_at=MARCH - timedelta(days=3), backdated_because="arrived by post on Monday"
    )

    assert (request.received_on, request.backdated_by) == (date(2026, 3, 2), str(ONE))


@pytest.mark.parametrize(
    ("place", "hour", "today"),
    [("US-CA", 6, date(2026, 3, 4)), ("DE", 23, date(2026, 3, 6)), ("DE", 6, date(2026, 3, 5))],
)
def test_open_request__day_of_receipt__is_that_of_the_place_of_the_law(place, hour, today):
    now, early = datetime(2026, 3, 5, hour, 30, tzinfo=UTC), {"backdated_because": "arrived by post"}

    same = make_request(now=now, place=place, received_on=today)
    earlier = make_request("erasure", now=now, place=place, received_on=today - timedelta(days=1), **early)

    assert (same.received_on, same.received_at, same.backdated_by) == (today, now, "")
    assert (earlier.received_on, earlier.backdated_by) == (today - timedelta(days=1), str(ONE))
    for day, param in ((today + timedelta(days=1), "received_on"), (today - timedelta(days=1), "backdated_because")):
        with pytest.raises(InvalidInput) as refusal:
            make_request("portability", now=now, place=place, received_on=day)
        assert refusal.value.param == param
    assert DataRequest.objects.count() == 2


def test_open_request__same_person_and_kind_again__is_linked_with_the_clock_of_the_first():
    first = make_request(now=MARCH)

    second = make_request(now=at(15), contact="JANE.silva@example.com")
    other = make_request(Kind.ERASURE, at(15))

    assert (second.duplicate_of, second.received_on, second.safe_due) == (first, first.received_on, first.safe_due)
    assert other.duplicate_of is None


def test_request_moves__database__holds_the_table_of_the_rules():
    stored = {(row.from_state, row.to_state) for row in RequestMove.objects.all()}

    assert stored == {(start.value, end.value) for start, ends in MOVES.items() for end in ends}


def test_requests__illegal_move_behind_the_services__is_refused_by_the_database():
    request = make_request()

    with pytest.raises(IntegrityError, match="may not go from received to ready"), transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(state=State.READY)


def test_clock__changed_or_removed__is_refused_by_the_database():
    request = make_request()

    for statement in ("UPDATE consent_clockentry SET reason = 'x'", "DELETE FROM consent_clockentry"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert ClockEntry.objects.filter(request=request).count() == 1


def test_approve_request__received__is_an_illegal_move_that_names_the_allowed_ones():
    request = make_request()

    with pytest.raises(InvalidState) as refusal:
        approve_request(request=request, by=ONE, now=MARCH)

    assert (refusal.value.status, refusal.value.code) == (409, "illegal_move")
    assert refusal.value.extra == {
        "state": "received",
        "allowed": [
            "acknowledged",
            "verifying",
            "awaiting_clarification",
            "on_hold_legal",
            "collecting",
            "refused",
            "withdrawn",
        ],
    }


def test_acknowledge_request__twice__writes_one_letter(django_capture_on_commit_callbacks):
    request = make_request(now=MARCH)

    with django_capture_on_commit_callbacks(execute=True):
        acknowledge_request(request=request, by=ONE, now=MARCH)
    with pytest.raises(InvalidState, match="acknowledged before"):
        acknowledge_request(request=request, by=ONE, now=MARCH)

    assert [message.to for message in mail.outbox] == [["jane.silva@example.com"]]
    assert "2026-04-04" in mail.outbox[0].body
    assert Letter.objects.get().sent_at is not None


def test_ask_requester__identity_in_germany__stops_the_statutory_clock_only():
    request = make_request(now=at(1, 6))
    asked = ask_requester(request=request, question="identity", by=ONE, now=at(2, 6))

    verified = verify_request(request=asked, how="passport", by=ONE, now=at(20, 6))

    assert (asked.state, asked.paused_for) == (State.VERIFYING, "identity")
    assert (verified.state, verified.paused_for) == (State.COLLECTING, "")
    assert (verified.law_due, verified.safe_due) == (date(2026, 7, 20), date(2026, 7, 1))


def test_ask_requester__pause_in_california__is_refused_and_nothing_happens():
    request = make_request(now=MARCH, place="US-CA")

    with pytest.raises(Conflict) as refusal:
        ask_requester(request=request, question="identity", must_pause=True, by=ONE, now=MARCH)

    request.refresh_from_db()
    assert refusal.value.code == "clock_cannot_pause"
    assert (request.state, request.paused_for) == (State.RECEIVED, "")
    assert not Letter.objects.exists()


def test_ask_requester__question_in_california__is_asked_while_the_clock_runs():
    request = make_request(now=at(10), place="US-CA")

    asked = ask_requester(request=request, question="identity", by=ONE, now=at(12))

    assert (asked.state, asked.paused_for, asked.law_due) == (State.VERIFYING, "", date(2026, 4, 24))


def test_resume_request__clarification_in_britain__leaves_both_end_days_out():
    request = make_request(now=at(2), place="GB")
    verify_request(request=request, how="account", by=ONE, now=at(2))
    ask_requester(request=request, question="clarification", text="Which shop?", by=ONE, now=at(4))

    resumed = resume_request(request=request, by=ONE, now=at(11))

    assert (resumed.state, resumed.law_due, resumed.safe_due) == (State.COLLECTING, date(2026, 4, 10), date(2026, 4, 1))


def test_extend_request__within_the_month__moves_both_dates_and_writes_a_letter():
    request = make_request(now=datetime(2026, 1, 31, 9, tzinfo=UTC))

    extended = extend_request(request=request, reason="many systems", by=ONE, now=at(20, 2))

    assert (extended.law_due, extended.safe_due) == (date(2026, 4, 30), date(2026, 4, 28))
    assert "many systems" in Letter.objects.get(kind="extension").body
    with pytest.raises(InvalidState, match="allows it once"):
        extend_request(request=extended, reason="again", by=ONE, now=at(21, 2))


def test_extend_request__after_the_period__is_refused_and_nothing_is_stored():
    request = make_request(now=datetime(2026, 5, 10, 9, tzinfo=UTC))

    with pytest.raises(Conflict) as refusal:
        extend_request(request=request, reason="too late", by=ONE, now=at(11, 6))

    request.refresh_from_db()
    assert refusal.value.code == "extension_refused"
    assert (request.law_due, request.extended_at) == (date(2026, 6, 10), None)
    assert not ClockEntry.objects.filter(kind="extended").exists() and not Letter.objects.exists()


def test_fail_verification__three_times__leaves_the_refusal_only():
    request = make_request()
    for _ in range(3):
        fail_verification(request=request, text="wrong birth date", by=ONE, now=MARCH)

    with pytest.raises(InvalidState, match="Three attempts"):
        fail_verification(request=request, text="again", by=ONE, now=MARCH)


def test_start_collecting__identity_open__is_refused():
    with pytest.raises(InvalidState) as refusal:
        start_collecting(request=make_request(), by=ONE, now=MARCH)

    assert refusal.value.code == "identity_unverified"


def test_start_collecting__opt_out__needs_no_identity_and_stands_in_the_ledger():
    person = make_subject(country="US", region="US-CA")
    request = make_request(Kind.OPT_OUT, place="US-CA")

    start_collecting(request=request, by=ONE, now=MARCH)
    done = work(request)

    events = ConsentEvent.objects.filter(customer=person, event="opted_out")
    assert done.state == State.REVIEWING
    assert {event.purpose.kind for event in events} <= {"sale_share", "targeted_ads", "partner_share", "loyalty_share"}
    assert events.exists()


def test_comment_request__address_in_the_text__is_taken_out():
    request = make_request()

    event = comment_request(request=request, text="Called jane.silva@example.com", minutes=12, by=ONE, now=MARCH)

    request.refresh_from_db()
    assert event.text == "Called [requester]"
    assert request.minutes_spent == 12


def test_withdraw_request__open__is_closed_and_can_move_no_more():
    request = make_request()

    withdrawn = withdraw_request(request=request, text="changed her mind", by=ONE, now=MARCH)

    assert (withdrawn.state, withdrawn.closed_at) == (State.WITHDRAWN, MARCH)
    with pytest.raises(InvalidState) as refusal:
        acknowledge_request(request=withdrawn, by=ONE, now=MARCH)
    assert refusal.value.extra["allowed"] == []


def test_dates__recomputed_from_the_clock__are_those_stored():
    request = make_request(now=MARCH)
    acknowledge_request(request=request, by=ONE, now=at(6))
    extend_request(request=request, reason="many systems", by=ONE, now=at(7))
    request.refresh_from_db()

    dates = dates_now(request, date(2026, 3, 9))
    shown = explanation(request, date(2026, 3, 9))

    assert (dates.answer.law_due, dates.answer.safe_due) == (request.law_due, request.safe_due)
    assert shown["stale"] is False
    assert any("GDPR Art. 12(3)" in line for line in shown["why"])

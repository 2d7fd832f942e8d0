import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consent.models import DataRequest, RequestStep, Restriction
from consent.rules.requests import Kind, State
from consent.selectors.redactions import others_found
from core.models import AuditEntry, Job, Role, StaffUser
from tests.factories.core import PASSWORD, make_staff
from tests.factories.requests import make_request, make_reviewed, make_subject, work
from tests.support.screens import screens
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(Role.COMPLIANCE, "Mara Fox")


@pytest.fixture
def second():
    return make_staff(Role.COMPLIANCE, "Leo Brandt", "leo@example.com")


def page(client: Client, name: str, *args) -> str:
    answer = client.get(reverse(f"console:{name}", args=args))
    assert answer.status_code == 200, answer.content[:2000]
    return answer.content.decode()


def step(client: Client, name: str, request: DataRequest, **data) -> DataRequest:
    answer = client.post(reverse(f"console:request-{name}", args=[request.public_id]), data)
    assert answer.status_code == 302, re.sub(r"\s+", " ", answer.content.decode())[-3000:]
    return DataRequest.objects.get(pk=request.pk)


def test_board__late_and_new_requests__stand_in_their_columns_with_both_dates(officer):
    late = make_request(now=timezone.now() - timedelta(days=40), contact="tara.doe@example.com")
    new = make_request(Kind.ERASURE)

    shown = page(signed_in(officer), "requests")

    since = (timezone.localdate() - late.safe_due).days  # a day more or less by the hour: the lawful clock is Berlin's
    assert since in (9, 10) and f"{since} days overdue" in shown and "tara.doe@example.com" in shown
    assert f"by {new.safe_due} · law {new.law_due}" in shown
    assert "New <span" in shown
    assert late.public_id in shown


def test_board__ten_thousand_requests__stays_inside_the_query_budget(officer, django_assert_max_num_queries):
    first = make_request()
    fields = [f for f in DataRequest._meta.concrete_fields if f.name != "id"]
    rows = []
    for number in range(10_000):
        values = {f.attname: getattr(first, f.attname) for f in fields}
        rows.append(DataRequest(**(values | {"public_id": f"dsr_{number}"})))
    DataRequest.objects.bulk_create(rows, batch_size=1_000)
    client = signed_in(officer)
    page(client, "requests")

    with django_assert_max_num_queries(12):
        shown = page(client, "requests")
    with django_assert_max_num_queries(12):
        page(client, "request-list")

    assert "10,001" in shown
    assert shown.count('class="card request-card') == 25


def test_board__narrowed_to_overdue__shows_those_only(officer):
    make_request(now=timezone.now() - timedelta(days=40), contact="tara.doe@example.com")
    make_request(Kind.ERASURE)

    shown = signed_in(officer).get(reverse("console:requests"), {"view": "overdue"}).content.decode()

    assert "tara.doe@example.com" in shown and "jane.silva@example.com" not in shown


@pytest.mark.parametrize("role", [Role.MARKETER, Role.INTEGRATION, Role.ANALYST])
def test_screens__role_without_the_right__reaches_no_byte(role):
    make_subject()
    request = make_reviewed()
    step_id = RequestStep.objects.filter(request=request).earliest("pk").pk
    arguments = {"public_id": request.public_id, "pk": step_id, "text_hash": "0" * 64}
    client, user = signed_in(make_staff(role), stepped_up=True), StaffUser.objects.get(role=role)
    closed = [one for one in screens() if one.name.startswith("request") and not user.has_perm(one.page.permission)]

    for one in closed:
        address = one.url(**{name: arguments[name] for name in one.arguments})
        for answer in (client.get(address), client.post(address, {"text": "x", "reason": "x"})):
            assert answer.status_code == 403, one.name
            assert b"jane.silva" not in answer.content

    assert len(closed) >= 28
    assert DataRequest.objects.get().state == State.REVIEWING


def test_log_request__marketer__may_log_one_and_see_none():
    client = signed_in(make_staff(Role.MARKETER))

    answer = client.post(
        reverse("console:request-new"),
        {"kind": "access", "contact": "jane@example.com", "place": "DE", "channel": "phone", "details": "All of it"},
    )

    assert (answer.status_code, answer["Location"]) == (302, reverse("console:request-new"))
    assert DataRequest.objects.get().channel == "phone"


def test_log_request__earlier_day_without_a_reason__is_refused_and_keeps_what_was_typed(officer):
    yesterday = (timezone.localdate() - timedelta(days=3)).isoformat()

    answer = signed_in(officer).post(
        reverse("console:request-new"),
        {"kind": "access", "contact": "jane@example.com", "channel": "post", "received_on": yesterday},
    )

    assert answer.status_code == 400
    assert "Say why the day of receipt" in answer.content.decode()
    assert not DataRequest.objects.exists()


def test_erasure__from_the_desk_alone__ends_with_a_certificate(officer, second):
    make_subject()
    mara, leo = signed_in(officer, stepped_up=True), signed_in(second, stepped_up=True)
    request = make_request(Kind.ERASURE)

    step(mara, "acknowledge", request)
    step(mara, "assign", request, assignee=f"staff:{officer.public_id}", text="yours")
    step(mara, "verify", request, how="account sign-in")
    work(request)
    assert "kept: GDPR Art. 7(1)" in page(mara, "request", request.public_id)
    step(mara, "approve", request)
    refused = mara.post(reverse("console:request-approve", args=[request.public_id]), {})
    before = page(mara, "request", request.public_id)
    step(leo, "approve", request)
    work(request)
    begun = page(mara, "request", request.public_id)
    closed = step(leo, "deliver", request)

    assert refused.status_code == 409
    assert ("The erasure has begun" in before, "The erasure has begun" in begun) == (False, True)
    assert closed.state == State.DELIVERED
    certificate = page(mara, "request-certificate", request.public_id)
    assert "nothing found" in certificate and "Mara Fox and Leo Brandt" in certificate
    assert "jane.silva" not in certificate


def test_page__verified_by_the_mail_link__names_the_requester_and_no_id(officer):
    request = make_request(Kind.ACCESS)
    DataRequest.objects.filter(pk=request.pk).update(verified_by="person:dsr_x", verified_at=timezone.now())

    shown = page(signed_in(officer), "request", request.public_id)

    assert "by the requester" in shown and "person:" not in shown


def test_access__from_the_desk_alone__is_downloaded_after_the_password(officer):
    make_subject()
    client = signed_in(officer, stepped_up=True)
    request = make_reviewed()
    step(client, "approve", request)
    work(request)

    asked = signed_in(officer).get(reverse("console:request-package", args=[request.public_id]))
    got = client.get(reverse("console:request-package", args=[request.public_id]))

    assert (asked.status_code, asked["Location"].split("?")[0]) == (302, reverse("console:step-up"))
    assert b"".join(got.streaming_content)[:2] == b"PK"
    assert AuditEntry.objects.filter(action="request.package_downloaded", target=request.public_id).exists()
    step(client, "deliver", request)


def test_steps__each_on_its_page__do_what_they_say(officer):
    make_subject()
    client = signed_in(officer, stepped_up=True)
    request = make_request()

    step(client, "not-verified", request, text="wrong birth date")
    step(client, "ask", request, question="identity", text="")
    step(client, "verify", request, how="account sign-in")
    work(request)
    step(client, "extend", request, reason="many systems")
    step(client, "redact", request)
    step(client, "comment", request, text="Looks fine", minutes=5)
    approved = step(client, "approve", request)
    back = step(client, "send-back", request, text="one more look")
    partly = step(client, "refuse", request, code="others", reason="Names of others", parts="engagement.events")
    refused = step(client, "refuse", request, code="unfounded", reason="The ninth this week")

    assert (approved.state, back.state, partly.state, refused.state) == ("ready", "reviewing", "reviewing", "refused")
    assert "The ninth this week" in page(client, "request", request.public_id)


def test_task__done_by_hand__stands_in_the_history(officer):
    make_subject()
    request = make_reviewed(Kind.RECTIFICATION)
    task = RequestStep.objects.get(request=request, action="by_hand")
    client = signed_in(officer)

    answer = client.post(
        reverse("console:request-task", args=[request.public_id, task.pk]), {"outcome": "done", "text": "Street fixed"}
    )

    assert answer.status_code == 302
    assert "Street fixed" in page(client, "request", request.public_id)


def test_list__bulk_acknowledge__is_a_job_that_says_how_many_could(officer, django_capture_on_commit_callbacks):
    one, two = make_request(), make_request(Kind.ERASURE)
    client = signed_in(officer)
    step(client, "acknowledge", one)
    ids = [one.public_id, two.public_id]

    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("console:request-list"), {"bulk": "acknowledge", "id": ids, "confirmed": "1", "expected": "2"}
        )

    job = Job.objects.get(kind="requests.bulk")
    assert (job.state, job.done, job.total) == ("succeeded", 2, 2)
    assert job.result["done"] == 1
    assert job.result["first"] == [f"{one.public_id}: This request was acknowledged before."]
    assert one.public_id in page(client, "job", job.public_id)


def test_list__bulk_approve__asks_for_the_password_and_keeps_to_two_people(
    officer, second, django_capture_on_commit_callbacks
):
    make_subject()
    request = make_reviewed(Kind.ERASURE)
    sent = {"bulk": "approve", "id": [request.public_id], "confirmed": "1", "expected": "1"}

    asked = signed_in(officer).post(reverse("console:request-list"), sent)
    untouched = DataRequest.objects.get().state
    states = []
    for user in (officer, officer, second):
        with django_capture_on_commit_callbacks(execute=True):
            signed_in(user, stepped_up=True).post(reverse("console:request-list"), sent)
        states.append(DataRequest.objects.get().state)

    assert (asked.status_code, asked["Location"].split("?")[0]) == (302, reverse("console:step-up"))
    assert untouched == State.REVIEWING
    assert states == ["awaiting_second_approval", "awaiting_second_approval", "ready"]
    refused = [job.result["refused"] for job in Job.objects.order_by("pk")]
    assert refused == [{}, {"second_person_needed": 1}, {}]


@pytest.mark.parametrize("chosen", [{"id": []}, {"everything": "1"}])
def test_list__bulk_approve_without_the_password__keeps_the_rows_until_it_is_given(officer, chosen):
    make_subject()
    requests = [make_reviewed(Kind.ERASURE) for _ in range(2)]
    ids = {"id": [request.public_id for request in requests]} if "id" in chosen else chosen
    address = f"{reverse('console:request-list')}?kind=erasure&view=open"
    client = signed_in(officer)

    asked = client.post(address, {"bulk": "approve", **ids})
    password = client.post(asked["Location"], {"password": PASSWORD, "next": address})
    confirm = client.get(password["Location"]).content.decode()
    again = client.get(address).content.decode()

    assert asked["Location"] == f"{reverse('console:step-up')}?{urlencode({'next': address})}"
    assert password["Location"] == address
    assert "<strong>2</strong>" in confirm
    assert 'name="confirmed"' in confirm
    assert [request.public_id in confirm for request in requests] == ["id" in chosen] * 2
    assert 'name="confirmed"' not in again
    assert not Job.objects.exists()


def test_list__bulk_approve_given_up_at_the_password__is_forgotten(officer):
    make_subject()
    request = make_reviewed(Kind.ERASURE)
    client = signed_in(officer)
    client.post(reverse("console:request-list"), {"bulk": "approve", "id": [request.public_id]})

    seen = client.get(reverse("console:request-list")).content.decode()

    assert 'name="confirmed"' not in seen
    assert "bulk_put_off" not in client.session


def test_limit_use__delivered__is_lifted_on_its_page_with_how_the_person_agreed(officer):
    jane = make_subject()
    request = make_request(Kind.LIMIT_USE)
    client = signed_in(officer, stepped_up=True)
    step(client, "collect", request)
    step(client, "approve", work(request))
    request = step(client, "deliver", request)
    jane.refresh_from_db()
    before = jane.sensitive_limited
    offered = page(client, "request", request.public_id)
    refused = client.post(reverse("console:request-unlimit", args=[request.public_id]), {"text": " "})

    step(client, "unlimit", request, text="Agreed twice on the phone, 20 November")

    jane.refresh_from_db()
    assert (before, refused.status_code, jane.sensitive_limited) == (True, 422, False)
    assert "Allow sensitive data again" in offered
    assert Restriction.objects.get().lifted_because == "Agreed twice on the phone, 20 November"


def test_match__near_miss__is_offered_and_chosen(officer):
    person = make_subject("jane.silva@example.com")
    request = make_request(contact="jane.silva+shop@example.net")
    client = signed_in(officer)

    assert "similar address" in page(client, "request", request.public_id)
    assert step(client, "match", request, reference=person.public_id).customer == person


def test_correct__on_a_request_for_rectification__changes_the_profile_and_names_fields_only(officer):
    jane = make_subject()
    client = signed_in(officer)
    request = make_reviewed(Kind.RECTIFICATION)
    shown = page(client, "request-correct", request.public_id)

    step(client, "correct", request, first_name="Johanna", email="jane.silva@example.com", country="DE")

    jane.refresh_from_db()
    assert 'value="Jane"' in shown
    assert (jane.first_name, jane.country) == ("Johanna", "DE")
    history = " ".join(f"{event.text} {event.facts}" for event in request.events.all())
    assert "first_name" in history and "Johanna" not in history


def test_correct__value_that_is_none__is_refused_with_the_field_and_nothing_is_stored(officer):
    jane = make_subject()
    request = make_reviewed(Kind.RECTIFICATION)
    address = reverse("console:request-correct", args=[request.public_id])

    answer = signed_in(officer).post(address, {"first_name": "Jo", "email": "no address", "country": "DE"})

    jane.refresh_from_db()
    assert answer.status_code == 400
    assert "no address" in answer.content.decode()
    assert (jane.first_name, jane.email) == ("Jane", "jane.silva@example.com")


def test_lift_restriction__with_how_the_person_was_told__allows_use_again(officer):
    jane = make_subject()
    client = signed_in(officer)
    request = make_reviewed(Kind.RESTRICTION)
    for task in RequestStep.objects.filter(request=request, action="by_hand"):
        client.post(
            reverse("console:request-task", args=[request.public_id, task.pk]), {"outcome": "done", "text": "told"}
        )
    client = signed_in(officer, stepped_up=True)
    step(client, "approve", work(request))
    request = step(client, "deliver", request)
    jane.refresh_from_db()
    before = jane.consent_mask
    refused = client.post(reverse("console:request-unrestrict", args=[request.public_id]), {"text": " "})

    step(client, "unrestrict", request, text="By letter of 20 November")

    jane.refresh_from_db()
    assert (before, refused.status_code) == (0, 422)
    assert jane.consent_mask > 0
    assert Restriction.objects.get().lifted_because == "By letter of 20 November"


def test_others__found_in_an_access_request__are_shown_decided_and_hidden_from_none_who_may_see(officer, second):
    make_subject(attributes={"note": "ask tara.doe@example.com"})
    request = make_reviewed()
    mara, leo = signed_in(officer, stepped_up=True), signed_in(second, stepped_up=True)
    shown = page(mara, "request", request.public_id)
    found = others_found(request)[0].text_hash

    mara.post(reverse("console:request-leave-in", args=[request.public_id, found]), {"reason": "Her assistant"})
    step(mara, "take-out", request, text="Tara", reason="A neighbour")
    refused = mara.post(reverse("console:request-approve", args=[request.public_id]), {})
    after = page(leo, "request", request.public_id)
    step(leo, "approve", request)

    assert "ask tara.doe@example.com" in shown and "ask [another person]" in shown
    assert "Left in: Her assistant (Mara Fox)" in after and "Taken out: A neighbour (Mara Fox)" in after
    assert (refused.status_code, "another person must approve it" in refused.content.decode()) == (409, True)

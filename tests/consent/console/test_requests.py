import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consent.models import DataRequest, RequestStep
from consent.rules.requests import Kind, State
from core.models import AuditEntry, Role, StaffUser
from tests.factories.core import make_staff
from tests.factories.requests import make_request, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db


def signed_in(user: StaffUser, *, stepped_up: bool = False) -> Client:
    client = Client()
    client.force_login(user)
    if stepped_up:
        session = client.session
        session["stepped_up_at"] = timezone.now().isoformat()
        session.save()
    return client


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

    assert "10 days overdue" in shown and "tara.doe@example.com" in shown
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
    client = signed_in(make_staff(role), stepped_up=True)

    for name in ("requests", "request-list"):
        assert client.get(reverse(f"console:{name}")).status_code == 403
    for name in ("request", "request-package", "request-certificate", "request-approve", "request-refuse"):
        answer = client.get(reverse(f"console:{name}", args=[request.public_id]))
        assert answer.status_code == 403
        assert b"jane.silva" not in answer.content


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
    step(leo, "approve", request)
    work(request)
    closed = step(leo, "deliver", request)

    assert refused.status_code == 409
    assert closed.state == State.DELIVERED
    certificate = page(mara, "request-certificate", request.public_id)
    assert "nothing found" in certificate and "Mara Fox and Leo Brandt" in certificate
    assert "jane.silva" not in certificate


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


def test_list__bulk_acknowledge__says_how_many_could(officer):
    one, two = make_request(), make_request(Kind.ERASURE)
    client = signed_in(officer)
    step(client, "acknowledge", one)
    ids = [one.public_id, two.public_id]

    answer = client.post(
        reverse("console:request-list"),
        {"bulk": "acknowledge", "id": ids, "confirmed": "1", "expected": "2"},
        follow=True,
    )

    assert "1 of 2 acknowledged" in answer.content.decode()


def test_match__near_miss__is_offered_and_chosen(officer):
    person = make_subject("jane.silva@example.com")
    request = make_request(contact="jane.silva+shop@example.net")
    client = signed_in(officer)

    assert "similar address" in page(client, "request", request.public_id)
    assert step(client, "match", request, reference=person.public_id).customer == person

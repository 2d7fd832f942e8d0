from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consent.models import DataRequest, RequestStep
from consent.rules.requests import Kind, State
from consent.services.request_decisions import approve_request
from consent.services.request_steps import finish_by_hand, resume_steps, run_step
from consent.services.requests import verify_request
from core import privacy
from core.errors import Unavailable
from core.models import AuditEntry
from customers.models import Identity
from tests.factories.requests import ONE, TWO, make_request, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def broken_place(monkeypatch):
    """The tags cannot be read for now."""
    real = privacy.places

    def unavailable(ids):
        raise Unavailable("The system does not answer.")

    def places():
        return [replace(p, collect=unavailable, erase=unavailable) if p.name == "customers.tags" else p for p in real()]

    monkeypatch.setattr(privacy, "places", places)
    return lambda: monkeypatch.setattr(privacy, "places", real)


def test_collecting__one_system_fails__holds_up_neither_the_others_nor_the_clock(broken_place):
    make_subject()
    request = make_reviewed(now=NOON)

    failed = RequestStep.objects.filter(request=request, state="failed")
    done = RequestStep.objects.filter(request=request, state="done")
    assert [step.name for step in failed] == ["customers.tags"]
    assert failed[0].error == "The system does not answer."
    assert done.count() == len(privacy.places()) - 1
    assert request.state == State.COLLECTING
    assert request.safe_due == make_request(now=NOON).safe_due


def test_collecting__system_back__is_tried_again_and_the_request_goes_on(broken_place):
    make_subject()
    request = make_reviewed(now=NOON)
    broken_place()

    sent = resume_steps(now=NOON + timedelta(days=1))
    request = work(request, NOON + timedelta(days=1))

    assert sent == 1
    assert request.state == State.REVIEWING


def test_collecting__system_left_out_with_a_reason__goes_on(broken_place):
    make_subject()
    request = make_reviewed(now=NOON)
    step = RequestStep.objects.get(request=request, state="failed")

    finish_by_hand(step=step, text="gone since June", skip=True, by=ONE, now=NOON)

    assert DataRequest.objects.get(pk=request.pk).state == State.REVIEWING


def test_run_step__done_before__does_nothing():
    make_subject()
    request = make_reviewed(now=NOON)
    step = RequestStep.objects.filter(request=request, action="collect").first()

    assert run_step(step_id=step.pk, now=NOON + timedelta(days=1)) is False
    assert RequestStep.objects.get(pk=step.pk).finished_at == step.finished_at


def test_run_step__collect__counts_rows_with_a_digest_that_repeats():
    make_subject()
    one = make_reviewed(now=NOON)
    two = make_reviewed(Kind.PORTABILITY, NOON)

    def found(request):
        return RequestStep.objects.get(request=request, name="customers.identities")

    assert (found(one).rows, found(one).digest) == (1, found(two).digest)


def test_erasing__keys__wait_for_everything_that_is_found_by_them(broken_place):
    person = make_subject()
    request = make_request(Kind.ERASURE, NOON)
    verify_request(request=request, how="account", by=ONE, now=NOON)
    work(request, NOON)
    collect = RequestStep.objects.get(request=request, state="failed")
    finish_by_hand(step=collect, text="away", skip=True, by=ONE, now=NOON)
    approve_request(request=request, by=ONE, now=NOON)
    approve_request(request=request, by=TWO, now=NOON)

    work(request, NOON)

    states = dict(RequestStep.objects.filter(request=request, action="erase").values_list("name", "state"))
    assert states["customers.tags"] == "failed"
    assert states["engagement.events"] == "done"
    assert states["customers.identities"] == states["customers.profiles"] == "waiting"
    assert Identity.objects.filter(customer=person).exists()
    broken_place()
    work(request, NOON + timedelta(days=2))
    assert not Identity.objects.filter(customer=person).exists()


def test_erasing__run_twice_at_every_task__deletes_the_customer_once():
    person = make_subject()
    request = make_reviewed(Kind.ERASURE, NOON)
    approve_request(request=request, by=ONE, now=NOON)
    approve_request(request=request, by=TWO, now=NOON)

    work(request, NOON)
    work(request, NOON + timedelta(days=1))

    assert AuditEntry.objects.filter(action="customer.deleted", target=person.public_id).count() == 1

"""The review queue in the console."""

import pytest

from core.models import Job, Role
from customers.models import DuplicatePair, Merge
from tests.factories.core import make_staff
from tests.factories.customers import make_duplicate

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client):
    """Somebody who may merge."""
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_queue__pair__shows_what_agrees(marketer):
    pair = make_duplicate()

    page = marketer.get("/console/duplicates?state=open").content.decode()

    assert f"/console/duplicates/{pair.public_id}" in page
    assert "last name" in page


def test_pair__page__shows_evidence_and_what_a_merge_would_do(marketer):
    pair = make_duplicate()

    page = marketer.get(f"/console/duplicates/{pair.public_id}").content.decode()

    assert "Nearly" in page
    assert "only the absorbed profile has it" in page


@pytest.mark.parametrize(("decision", "state"), [("later", "later"), ("different", "different"), ("merge", "merge")])
def test_decide__each_answer__is_noted(marketer, decision, state):
    pair = make_duplicate()

    marketer.post(f"/console/duplicates/{pair.public_id}/decide", {"decision": decision})

    assert DuplicatePair.objects.get().state == state
    assert Merge.objects.exists() is (decision == "merge")


def test_find__button__starts_a_job_once(marketer):
    first = marketer.post("/console/duplicates/find", {})
    second = marketer.post("/console/duplicates/find", {})

    assert (first.status_code, second.status_code) == (302, 409)
    assert Job.objects.filter(kind="duplicates.scan").count() == 1


def test_screens__analyst__may_not(client):
    client.force_login(make_staff(Role.ANALYST, email="eve@example.com"))

    assert client.get("/console/duplicates").status_code == 403

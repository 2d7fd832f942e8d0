"""Merging in the console: preview, two people, undoing, and who may."""

from datetime import UTC, datetime

import pytest

from core.models import Role
from customers.models import Customer, Merge
from tests.factories.core import make_staff
from tests.factories.customers import make_pair

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def pair():
    """Two profiles of one person."""
    return make_pair()


def signed_in(client, role, email):
    """The client as a member of staff."""
    client.force_login(make_staff(role, email=email))
    return client


def asked(client, pair):
    """A merge that waits, asked for in the console."""
    address = f"/console/customers/{pair[0].public_id}/merge/{pair[1].public_id}"
    client.post(address, {"reason": "same person"})
    return Merge.objects.get()


def test_choose__other_profile__leads_to_the_preview(client, pair):
    marketer = signed_in(client, Role.MARKETER, "ann@example.com")

    answer = marketer.post(f"/console/customers/{pair[0].public_id}/merge", {"other": pair[1].public_id})
    page = marketer.get(answer.url).content.decode()

    assert "only the absorbed profile has it" in page
    assert pair[1].email in page
    assert "Ask for approval" in page
    assert not Merge.objects.exists()


def test_choose__nobody__says_so(client, pair):
    marketer = signed_in(client, Role.MARKETER, "ann@example.com")

    answer = marketer.post(f"/console/customers/{pair[0].public_id}/merge", {"other": "nobody"})

    assert answer.status_code == 404
    assert "There is no customer with this id." in answer.content.decode()


def test_merge__two_people__makes_them_one_and_undo_parts_them(client, pair):
    merge = asked(signed_in(client, Role.MARKETER, "ann@example.com"), pair)
    own = client.post(f"/console/merges/{merge.public_id}/approve")
    second = signed_in(client, Role.COMPLIANCE, "bob@example.com")
    before = Customer.objects.get(pk=pair[1].pk).merged_into_id

    second.post(f"/console/merges/{merge.public_id}/approve")
    merged = Customer.objects.get(pk=pair[1].pk).merged_into_id
    second.post(f"/console/merges/{merge.public_id}/undo", {"reason": "two people"})

    assert (own.status_code, before, merged) == (403, None, pair[0].pk)
    assert Customer.objects.get(pk=pair[1].pk).merged_into_id is None
    assert "Undone" in second.get(f"/console/merges/{merge.public_id}").content.decode()


def test_merge_page__waiting__shows_what_it_does_and_both_answers(client, pair):
    merge = asked(signed_in(client, Role.MARKETER, "ann@example.com"), pair)

    page = client.get(f"/console/merges/{merge.public_id}").content.decode()

    assert "Marketing by e-mail" in page or "May we?" in page
    assert f"/console/merges/{merge.public_id}/approve" in page
    assert f"/console/merges/{merge.public_id}/refuse" in page


def test_refuse__with_a_reason__merges_nothing(client, pair):
    merge = asked(signed_in(client, Role.MARKETER, "ann@example.com"), pair)

    client.post(f"/console/merges/{merge.public_id}/refuse", {"reason": "sisters"})

    assert Merge.objects.get().state == "refused"
    assert Customer.objects.get(pk=pair[1].pk).merged_into_id is None


def test_screens__analyst__may_not(client, pair):
    analyst = signed_in(client, Role.ANALYST, "eve@example.com")

    assert analyst.get("/console/merges").status_code == 403
    assert analyst.get(f"/console/customers/{pair[0].public_id}/merge").status_code == 403


def test_identity_rules__page__shows_limits_and_blocked_values(client, settings):
    settings.IDENTITY_BLOCKED_VALUES = ["counter@example.com"]
    marketer = signed_in(client, Role.MARKETER, "ann@example.com")

    page = marketer.get("/console/identity-rules").content.decode()

    assert "at most 100" in page
    assert "counter@example.com" in page
    assert "guest" in page

"""Saved views: whose they are, who sees them, which one opens a list."""

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.models import AuditEntry, Role, SavedView
from marketing_hub.system.kept_views import LONGEST, MOST, change_view, own_view, remove_view, save_view
from tests.factories.core import NOON, make_staff
from tests.factories.system import actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_staff()


def keep(owner, name="Germans", query="country=DE", **more) -> SavedView:
    values = {"page": "customers", "shared": False, "opens": False} | more
    return save_view(owner=owner, name=name, query=query, by=actor(owner), now=NOON, **values)


def test_save_view__new__is_kept_and_audited(ana):
    view = keep(ana)

    assert [*SavedView.objects.seen_by(ana, "customers")] == [view]
    assert AuditEntry.objects.get(action="view.saved").target == view.public_id


def test_views_of__views_of_others__are_seen_only_when_shared(ana):
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")
    keep(bo, "Private")
    shared = keep(bo, "Shared", shared=True)
    keep(bo, "Elsewhere", page="jobs", shared=True)

    assert [*SavedView.objects.seen_by(ana, "customers")] == [shared]


def test_save_view__name_taken__is_refused_and_nothing_changes(ana):
    keep(ana)

    with pytest.raises(Conflict, match="Replace it"):
        keep(ana, query="country=FR")

    assert SavedView.objects.get().query == "country=DE"


def test_save_view__name_taken_and_replace__keeps_one_view(ana):
    before = keep(ana)

    after = keep(ana, query="country=FR", replace=True)

    assert (after.pk, SavedView.objects.get().query) == (before.pk, "country=FR")


def test_save_view__another_one_opens_the_list__the_first_ceases_to(ana):
    first = keep(ana, opens=True)

    second = keep(ana, "French", "country=FR", opens=True)

    first.refresh_from_db()
    assert (first.opens, second.opens) == (False, True)


@pytest.mark.parametrize("query", ["c" * (LONGEST + 1)])
def test_save_view__endless_address__is_refused(ana, query):
    with pytest.raises(InvalidInput, match="too many filters"):
        keep(ana, query=query)

    assert not SavedView.objects.exists()


def test_save_view__beyond_the_limit__is_refused(ana):
    for number in range(MOST):
        keep(ana, f"View {number}")

    with pytest.raises(InvalidInput, match="Remove one first"):
        keep(ana, "One more")

    assert SavedView.objects.count() == MOST


def test_change_view__name_of_another__is_refused(ana):
    keep(ana)
    other = keep(ana, "French", "country=FR")

    with pytest.raises(Conflict, match="another view"):
        change_view(view=other, name="Germans", shared=True, opens=False, by=actor(ana), now=NOON)

    other.refresh_from_db()
    assert (other.name, other.shared) == ("French", False)


def test_own_view__view_of_somebody_else__is_not_found_even_when_shared(ana):
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")
    view = keep(bo, shared=True)

    with pytest.raises(NotFound):
        own_view(public_id=view.public_id, owner=ana)


def test_remove_view__own__is_gone_and_audited(ana):
    remove_view(view=keep(ana), by=actor(ana))

    assert not SavedView.objects.exists()
    assert AuditEntry.objects.filter(action="view.removed").exists()

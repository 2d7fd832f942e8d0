"""Exports on screens: asking for one, fetching it, approving those of others."""

import pytest

from core.models import Role
from customers.models import MemberExport
from tests.factories.core import make_staff
from tests.factories.customers import list_example

pytestmark = pytest.mark.django_db
WANTED = {"purpose": "service", "reason": "Print shop", "fields_wanted": ["id", "country"], "form": "csv"}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def page():
    return f"/console/segments/{list_example()['slug']}"


def test_export__asked_for_on_the_segment__is_fetched_from_its_page(
    marketer, page, client, django_capture_on_commit_callbacks
):
    offered = marketer.get(page).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        asked = marketer.post(f"{page}/export", WANTED)
    export = MemberExport.objects.get()
    shown = marketer.get(asked["Location"]).content.decode()
    listed = marketer.get("/console/exports").content.decode()
    fetched = marketer.post(f"{asked['Location']}/file")
    content = b"".join(fetched.streaming_content).decode()
    client.force_login(make_staff(Role.COMPLIANCE))
    foreign = client.post(f"{asked['Location']}/file")

    assert f"{page}/export" in offered
    assert f"/console/exports/{export.public_id}/file" in shown and "Print shop" in shown
    assert export.public_id in listed
    assert content.splitlines()[0] == "id,country"
    assert foreign.status_code == 404


def test_export__large_segment__is_approved_by_somebody_else(marketer, page, client, settings):
    settings.EXPORT_ROWS_ALONE = 0
    asked = marketer.post(f"{page}/export", WANTED)
    waiting = marketer.get(asked["Location"]).content.decode()
    refused = marketer.post(f"{asked['Location']}/approve", {})
    client.force_login(make_staff(Role.COMPLIANCE))
    offered = client.get(asked["Location"]).content.decode()
    client.post(f"{asked['Location']}/refuse", {})

    assert "somebody else has to approve" in waiting
    assert refused.status_code == 403
    assert f"{asked['Location']}/approve" in offered
    assert MemberExport.objects.get().state == "refused"


def test_export__without_a_reason__is_refused_and_kept(marketer, page):
    answer = marketer.post(f"{page}/export", WANTED | {"reason": ""})

    assert answer.status_code == 422
    assert not MemberExport.objects.exists()

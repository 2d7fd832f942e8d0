"""Bringing the members of a list in the console: a file, or pasted ids."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.models import ImportFile, Segment, SegmentMember
from customers.services.customers import create_customer
from tests.factories.core import make_staff
from tests.factories.customers import list_example

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def page():
    create_customer(properties={"email": "cy@example.com"}, by=SYSTEM, now=timezone.now())
    return f"/console/segments/{list_example()['slug']}"


def members():
    segment = Segment.objects.get()
    return SegmentMember.objects.filter(version=segment.current)


def test_upload__pasted_addresses__are_tried_and_then_on_the_list(marketer, page, django_capture_on_commit_callbacks):
    offered = marketer.get(page).content.decode()

    staged = marketer.post(f"{page}/upload", {"pasted": "CY@example.com\nstranger@example.org", "mode": "add"})
    file = ImportFile.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        marketer.post(staged["Location"], {})
    tried = marketer.get(f"/console/imports/{file.public_id}").content.decode()
    untouched = members().count()
    asked = marketer.get(f"/console/imports/{file.public_id}/start").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        marketer.post(f"/console/imports/{file.public_id}/start", {})

    assert f"{page}/upload" in offered
    assert staged["Location"].endswith("/try")
    assert "New on the list" in tried and "not_found" in tried and f"{file.public_id}/consent" not in tried
    assert "in one go" in asked
    assert (untouched, members().count()) == (1, 2)


def test_upload__file_that_replaces__maps_its_columns_first(marketer, page, django_capture_on_commit_callbacks):
    file = SimpleUploadedFile("friends.csv", b"who,other\ncy@example.com,x\n")

    staged = marketer.post(f"{page}/upload", {"file": file, "mode": "replace"})
    mapped = marketer.post(staged["Location"], {"column_0": "email", "column_1": ""})
    with django_capture_on_commit_callbacks(execute=True):
        marketer.post(mapped["Location"].replace("/try", "/start"), {})

    assert staged["Location"].endswith("/columns") and mapped["Location"].endswith("/try")
    assert list(members().values_list("customer__email", flat=True)) == ["cy@example.com"]


@pytest.mark.parametrize("sent", [{}, {"pasted": "1", "file": SimpleUploadedFile("a.csv", b"id\n1\n")}])
def test_upload__nothing_or_both__is_refused_and_kept(marketer, page, sent):
    answer = marketer.post(f"{page}/upload", {"mode": "add", **sent})

    assert answer.status_code == 400
    assert "one of the two" in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_upload__who_may_not_change_lists__cannot_start_one(client, marketer, page):
    staged = marketer.post(f"{page}/upload", {"pasted": "cy@example.com", "mode": "add"})
    client.force_login(make_staff(Role.INTEGRATION))

    answer = client.post(staged["Location"].replace("/try", "/start"), {})

    assert answer.status_code == 403
    assert ImportFile.objects.get().job is None
    assert members().count() == 1

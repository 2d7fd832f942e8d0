"""The imports list, the wizard and the page of one import."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.models import Job, Role
from customers.models import Customer, ImportFile
from tests.factories.core import make_staff
from tests.factories.customers import PEOPLE, make_import

pytestmark = pytest.mark.django_db
IMPORTS = "/console/imports"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_wizard__five_steps__store_the_rows(marketer, django_capture_on_commit_callbacks):
    uploaded = marketer.post(
        f"{IMPORTS}/new", {"target": "customers", "file": SimpleUploadedFile("people.csv", PEOPLE)}
    )
    file = ImportFile.objects.get()
    page = f"{IMPORTS}/{file.public_id}"
    columns = marketer.get(uploaded["Location"]).content.decode()
    mapped = marketer.post(
        f"{page}/columns",
        {
            "column_0": "external_id",
            "column_1": "email",
            "column_2": "first_name",
            "date_format": "iso",
            "time_zone": "UTC",
            "update": "on",
        },
    )
    stated = marketer.post(f"{page}/consent", {})
    with django_capture_on_commit_callbacks(execute=True):
        tried = marketer.post(f"{page}/try", {})
    shown = marketer.get(page).content.decode()
    stored_while_tried = Customer.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        marketer.post(f"{page}/start", {})

    assert "one@example.com" in columns
    assert [answer["Location"].rpartition("/")[2] for answer in (mapped, stated, tried)] == [
        "consent",
        "try",
        file.public_id,
    ]
    assert "Rehearsal: nothing is stored." in shown
    assert "invalid_email" in shown
    assert stored_while_tried == 0
    assert Customer.objects.get().first_name == "Ona"
    assert "Stored" in marketer.get(IMPORTS).content.decode()


def test_new__no_csv__is_refused_beside_the_field(marketer):
    answer = marketer.post(
        f"{IMPORTS}/new", {"target": "customers", "file": SimpleUploadedFile("sheet.xlsx", b"PK\x03\x04" + b"x" * 50)}
    )

    assert answer.status_code == 400
    assert "Excel" in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_columns__required_column_unmapped__blocks_and_says_why(marketer):
    file = make_import()

    answer = marketer.post(
        f"{IMPORTS}/{file.public_id}/columns", {"column_2": "first_name", "date_format": "iso", "time_zone": "UTC"}
    )

    assert answer.status_code == 400
    assert "Map a column to an id" in answer.content.decode()


def test_columns__header_unlike_the_last_file__warns(marketer):
    make_import(dry_run=False)
    other = make_import(b"customer id,mail\n7,seven@example.com\n")

    page = marketer.get(f"{IMPORTS}/{other.public_id}/columns").content.decode()

    assert "columns differ" in page


def test_columns__integration_admin__sees_the_preview_masked(client):
    client.force_login(make_staff(Role.INTEGRATION))
    file = make_import()

    page = client.get(f"{IMPORTS}/{file.public_id}/columns").content.decode()

    assert "one@example.com" not in page
    assert client.get(f"{IMPORTS}/{file.public_id}/refused").status_code == 403


def test_detail__nobody_works_for_a_minute__says_so(marketer):
    file = make_import(dry_run=True)
    Job.objects.update(state="queued", updated_at=timezone.now() - timedelta(minutes=2))

    page = marketer.get(f"{IMPORTS}/{file.public_id}").content.decode()

    assert "No worker is running. The import waits" in page


def test_detail__running__polls_and_offers_to_pause_and_stop(marketer):
    file = make_import(dry_run=True)
    Job.objects.update(state="running")

    page = marketer.get(f"{IMPORTS}/{file.public_id}").content.decode()

    assert 'data-poll="3"' in page
    assert f"/jobs/{file.job.public_id}/pause" in page
    assert f"/jobs/{file.job.public_id}/stop" in page


def test_refused__download__is_csv(marketer):
    file = make_import(dry_run=True)

    answer = marketer.get(f"{IMPORTS}/{file.public_id}/refused")

    assert b"3,invalid_email,email," in b"".join(answer.streaming_content)


@pytest.mark.parametrize("target", ["customers", "purchases"])
def test_sample__each_target__maps_by_itself(marketer, target):
    sample = marketer.get(f"{IMPORTS}/samples/{target}")

    assert sample["Content-Type"].startswith("text/csv")
    assert marketer.get(f"{IMPORTS}/samples/people").status_code == 404


def test_screens__analyst__are_forbidden(client):
    client.force_login(make_staff(Role.ANALYST))
    file = make_import()

    assert {client.get(f"{IMPORTS}/{path}").status_code for path in ("new", file.public_id)} == {403}

"""The package of an answered request over the API, and the second address of the desk."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from consent.models import RequestPackage
from consent.services.exports import build_package, remove_package
from core.models import AuditEntry
from tests.factories.requests import make_request, make_subject

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def built(settings, tmp_path):
    settings.PACKAGE_DIR = tmp_path / "packages"
    person, request = make_subject(), make_request(now=NOON)
    return build_package(request=request, ids=[person.pk], now=NOON)


@pytest.mark.parametrize("desk", ["privacy-requests", "privacy/requests"])
def test_export__built_package__is_the_archive_and_stands_in_the_audit_log(caller, built, desk):
    answer = caller("privacy:fulfil").get(f"/api/v1/{desk}/{built.request.public_id}/export", accept="application/zip")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert answer["Content-Type"] == "application/zip"
    assert "json/customers.profiles.json" in archive.namelist()
    assert AuditEntry.objects.filter(action="request.package_downloaded", actor_kind="client").count() == 1


def test_export__removed_package__is_gone_and_not_counted(caller, built):
    remove_package(package=built, now=NOON)

    answer = caller("privacy:fulfil").get(f"/api/v1/privacy-requests/{built.request.public_id}/export")

    assert (answer.status_code, answer.json()["code"]) == (410, "package_gone")
    assert RequestPackage.objects.get().downloads == 0


def test_export__nothing_built__is_not_found(caller):
    make_subject()

    answer = caller("privacy:fulfil").get(f"/api/v1/privacy-requests/{make_request(now=NOON).public_id}/export")

    assert answer.status_code == 404


@pytest.mark.parametrize("address", ["privacy-requests/{}/refuse", "privacy/requests/{}/deny"])
def test_desk__either_address__takes_the_same_step(caller, address):
    make_subject()
    request = make_request(now=NOON)

    answer = caller("privacy:write").post(
        f"/api/v1/{address.format(request.public_id)}", {"code": "unfounded", "reason": "The fifth one this week."}
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["refusal_code"] == "unfounded"

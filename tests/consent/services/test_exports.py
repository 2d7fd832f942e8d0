import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from consent.models import RequestPackage
from consent.services.exports import build_package, package_path, remove_package
from customers.models import Identity
from tests.factories.requests import make_request, make_subject

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MANY = 100_000
FILL = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, type_id,
    schema_version, device, consent_kind, properties)
SELECT gen_random_uuid(), now() - n * interval '1 second', now(), 1, %s, 0, 0, 1, 1, 0, 1,
    jsonb_build_object('page', '/shop/' || n) FROM generate_series(1, %s) n
"""


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PACKAGE_DIR = tmp_path / "packages"


def _kilobytes(name: str) -> int:
    """What the kernel says of this process: VmRSS now, VmHWM at most since `clear_refs` was told 5."""
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def test_build_package__hundred_thousand_events__memory_does_not_grow_with_them():
    person = make_subject()
    with connection.cursor() as cursor:
        cursor.execute(FILL, [person.pk, MANY])
    request = make_request(now=NOON)

    Path("/proc/self/clear_refs").write_text("5")
    before = _kilobytes("VmRSS")
    package = build_package(request=request, ids=[person.pk], now=NOON)
    grown = _kilobytes("VmHWM") - before

    archive = zipfile.ZipFile(package_path(package))
    rows = {file["name"]: file.get("rows") for file in package.manifest["files"]}
    assert rows["json/engagement.events.json"] == MANY
    assert sum(1 for _ in archive.open("csv/engagement.events.csv")) == MANY + 1
    assert grown < 40 * 1024
    assert package.size == package_path(package).stat().st_size and package.seconds > 0


def test_build_package__address_of_somebody_else__is_taken_out_and_formulas_are_harmless():
    person = make_subject(attributes={"note": "ask tara.doe@example.com", "own": "jane.silva@example.com"})
    Identity.objects.create(customer=person, kind="external_id", value="=1+1")
    request = make_request(now=NOON)

    package = build_package(request=request, ids=[person.pk], now=NOON)

    archive = zipfile.ZipFile(package_path(package))
    profile = json.loads(archive.read("json/customers.profiles.json"))[0]
    sheet = list(csv.reader(io.StringIO(archive.read("csv/customers.identities.csv").decode("utf-8-sig"))))
    assert profile["attributes"] == {"note": "ask [another person]", "own": "jane.silva@example.com"}
    assert "'=1+1" in [cell for row in sheet for cell in row]
    assert package_path(package).stat().st_mode & 0o077 == 0


def test_build_package__refused_part__is_left_out_and_said():
    person = make_subject()
    request = make_request(now=NOON)
    request.refused_parts = ["engagement.events"]

    package = build_package(request=request, ids=[person.pk], now=NOON)

    assert "json/engagement.events.json" not in zipfile.ZipFile(package_path(package)).namelist()
    assert package.manifest["left_out"] == ["engagement.events"]


def test_build_package__again__replaces_the_first():
    person = make_subject()
    request = make_request(now=NOON)
    build_package(request=request, ids=[person.pk], now=NOON)

    build_package(request=request, ids=[person.pk], now=NOON)

    assert RequestPackage.objects.filter(removed_at__isnull=True).count() == 1


def test_remove_package__ended__file_is_gone_and_the_digest_stays():
    request = make_request(now=NOON)
    package = build_package(request=request, ids=[], now=NOON)

    remove_package(package=package, now=NOON)

    assert not package_path(package).exists()
    assert RequestPackage.objects.get().sha256

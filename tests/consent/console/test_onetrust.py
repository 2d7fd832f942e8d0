"""Consent from OneTrust and to it, in the console: file, purposes, try, import; and the file that goes out."""

import csv
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from consent.models import ConsentEvent, DisclosureFlow, Processor
from consent.selectors.decisions import may_process_customer
from consent.services.consent import ConsentEntry, record_consent
from consent.services.registers import save_entry
from core.actors import SYSTEM
from core.models import AuditEntry, Role
from customers.models import ImportFile, RefusedRow
from customers.selectors.personal import subject_hash
from customers.services.customers import create_customer
from tests.consent.conftest import notice_of
from tests.factories.core import make_staff
from tests.factories.registers import processor_values
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db
MAIL = "marketing_email"
NEW = "/console/consent/onetrust/new"
CSV = """Identifier;Identifier Type;Purpose Name;Purpose Status;Interaction Date;Collection Point ID;Receipt ID
ana@example.com;Email;Newsletter;ACTIVE;2026-03-02T10:00:00Z;cp-1;rc-1
BO@Example.com;Email;Newsletter;WITHDRAWN;2026-03-03 11:00:00;cp-1;rc-2
nobody@example.com;Email;Newsletter;ACTIVE;2026-03-02T10:00:00Z;cp-1;rc-4
ana@example.com;Email;Surveys;ACTIVE;2026-03-02T10:00:00Z;cp-1;rc-5
ana@example.com;Email;Newsletter;PENDING;2026-03-01T10:00:00Z;cp-1;rc-6
"""
PAGES = {
    "content": [
        {
            "Identifier": name,
            "Purposes": [{"Name": "Newsletter", "Status": status, "LastInteractionDate": "2026-03-02T10:00:00Z"}],
        }
        for name, status in (("ana@example.com", "ACTIVE"), ("bo@example.com", "WITHDRAWN"))
    ]
}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def officer():
    return signed_in(make_staff(Role.COMPLIANCE), stepped_up=True)


@pytest.fixture
def people():
    """Ana and Bo of Germany, who have said nothing here."""
    names = ({"email": "ana@example.com"}, {"email": "bo@example.com"})
    return [create_customer(properties=name | {"country": "DE"}, by=SYSTEM, now=timezone.now()) for name in names]


def stated(**changes):
    """Newsletter is our e-mail marketing, by the published words; surveys are left out."""
    notice = {f"notice.{MAIL}": notice_of(MAIL).public_id}
    return {"purpose_0": MAIL, "purpose_1": "", "reference": "onetrust-2026", **notice, **changes}


def brought(officer, content, name):
    answer = officer.post(NEW, {"file": SimpleUploadedFile(name, content.encode())})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def run(officer, file, step, capture):
    with capture(execute=True):
        answer = officer.post(f"/console/consent/onetrust/{file.public_id}/{step}", {})
    assert answer["Location"].endswith(f"/console/imports/{file.public_id}")
    file.refresh_from_db()
    return officer.get(answer["Location"]).content.decode()


def decisions():
    rows = ConsentEvent.objects.filter(purpose__key=MAIL).order_by("pk")
    return [(row.customer.email, row.event, row.occurred_at.isoformat()[:10]) for row in rows]


def test_import__csv__is_tried_recorded_and_its_refused_rows_can_be_taken_along(
    officer, people, django_capture_on_commit_callbacks
):
    asked = officer.get(brought(officer, CSV, "export.csv")).content.decode()
    file = ImportFile.objects.get()
    officer.post(f"/console/consent/onetrust/{file.public_id}/purposes", stated())

    tried = run(officer, file, "try", django_capture_on_commit_callbacks)
    nothing_yet = ConsentEvent.objects.count()
    page = run(officer, file, "start", django_capture_on_commit_callbacks)
    refused = officer.get(f"/console/imports/{file.public_id}/refused")

    assert "“Newsletter” is" in asked and "“Surveys” is" in asked
    assert nothing_yet == 0
    assert "Rehearsal" in tried and "unknown_purpose" in tried
    assert decisions() == [
        ("ana@example.com", "imported", "2026-03-02"),
        ("bo@example.com", "withdrawn", "2026-03-03"),
    ]
    assert (file.created, file.unchanged, file.refused) == (2, 0, 3)
    assert "“Newsletter”" in page
    rows = list(csv.reader(b"".join(refused.streaming_content).decode().splitlines()))
    assert [row[:2] for row in rows[1:]] == [["4", "not_found"], ["5", "unknown_purpose"], ["6", "no_decision"]]
    assert RefusedRow.objects.get(row=4).subject == subject_hash("nobody@example.com")


def test_import__entry__leads_back_to_its_file(officer, people, django_capture_on_commit_callbacks):
    brought(officer, CSV, "export.csv")
    file = ImportFile.objects.get()
    officer.post(f"/console/consent/onetrust/{file.public_id}/purposes", stated())
    run(officer, file, "start", django_capture_on_commit_callbacks)

    entry = ConsentEvent.objects.get(customer=people[0])
    page = officer.get(f"/console/consent/entries/{entry.public_id}").content.decode()

    assert entry.evidence["import_id"] == file.public_id
    assert f"/console/imports/{file.public_id}" in page
    assert AuditEntry.objects.filter(action="import.finished", target=file.public_id).exists()


def test_import__json_of_data_subjects__goes_the_same_way(officer, people, django_capture_on_commit_callbacks):
    brought(officer, json.dumps(PAGES), "page.json")
    file = ImportFile.objects.get()
    officer.post(f"/console/consent/onetrust/{file.public_id}/purposes", stated())

    run(officer, file, "start", django_capture_on_commit_callbacks)

    assert [(email, event) for email, event, _ in decisions()] == [
        ("ana@example.com", "imported"),
        ("bo@example.com", "withdrawn"),
    ]


def test_import__no_said_here_since__stands_and_is_counted(officer, people, django_capture_on_commit_callbacks):
    no = ConsentEntry(purpose=MAIL, event="refused", source="web_form")
    record_consent(customer=people[0], entries=[no], by=SYSTEM, now=timezone.now())
    brought(officer, CSV, "export.csv")
    file = ImportFile.objects.get()
    officer.post(f"/console/consent/onetrust/{file.public_id}/purposes", stated())

    run(officer, file, "start", django_capture_on_commit_callbacks)

    at = timezone.now()
    assert not may_process_customer(customer=people[0], purpose=MAIL, at=at, known_at=at).decision.allowed


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("a,b\n1,2\n", "x.csv", "names no column for: identifier, purpose name"),
        ("", "x.csv", "empty"),
        ("{", "x.json", "no JSON"),
        ("[1]", "x.json", "Expected a list"),
        ("[]", "x.json", "names a purpose"),
        (CSV.splitlines()[0] + "\n", "x.csv", "names a purpose"),
        ("\x00\x01\x02" * 200, "x.csv", "binary file"),
    ],
)
def test_file__that_is_no_export__is_refused_and_nothing_is_kept(officer, content, name, says):
    answer = officer.post(NEW, {"file": SimpleUploadedFile(name, content.encode())})

    assert answer.status_code in (400, 422)
    assert says in answer.content.decode()
    assert not ImportFile.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose_0": ""},
        {"purpose_0": "fun"},
        {f"notice.{MAIL}": ""},
        {f"notice.{MAIL}": "ntc_unknown"},
        {"reference": ""},
        {"reference": "jane@example.com"},
    ],
)
def test_purposes__that_do_not_hold__are_refused_and_kept(officer, changes):
    brought(officer, CSV, "export.csv")
    file = ImportFile.objects.get()

    answer = officer.post(f"/console/consent/onetrust/{file.public_id}/purposes", stated(**changes))

    file.refresh_from_db()
    assert answer.status_code in (400, 422)
    assert file.consent_basis == {}


def test_start__before_the_purposes_are_stated__is_refused(officer):
    brought(officer, CSV, "export.csv")
    file = ImportFile.objects.get()

    answer = officer.post(f"/console/consent/onetrust/{file.public_id}/start", {})

    assert answer.status_code == 400
    assert "Say which purpose here" in answer.content.decode()
    assert not ConsentEvent.objects.exists()


def test_steps__of_the_other_kind_of_file__are_not_found(officer, client):
    brought(officer, CSV, "export.csv")
    file = ImportFile.objects.get()
    client.force_login(make_staff(Role.MARKETER))

    common = [client.get(f"/console/imports/{file.public_id}/{step}").status_code for step in ("columns", "start")]
    own = client.get(f"/console/consent/onetrust/{file.public_id}/start").status_code

    assert (common, own) == ([404, 404], 403)


def test_api__file_of_decisions__is_no_type_of_programs(caller):
    answer = caller("jobs:write").post("/api/v1/jobs?type=consents", CSV.encode(), content_type="text/csv")

    assert answer.status_code == 400
    assert not ImportFile.objects.exists()


@pytest.fixture
def company():
    now = timezone.now()
    proof = {"certificate": "ISO 27001", "certificate_ends_on": now.date() + timedelta(days=90)}
    return save_entry(row=Processor(), values=processor_values(name="OneTrust", **proof), by=SYSTEM, now=now)


def test_export__for_a_company__is_the_file_that_the_import_reads(officer, people, company):
    no = ConsentEntry(purpose=MAIL, event="refused", source="web_form")
    record_consent(customer=people[0], entries=[no], by=SYSTEM, now=timezone.now())
    wish = {"recipient": company.public_id, "identifier": "email", f"name.{MAIL}": "Newsletter"}

    sent = officer.post("/console/consent/onetrust/export", wish)
    answer = officer.get(sent["Location"])

    rows = list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))
    assert (sent.status_code, answer.status_code) == (302, 200)
    assert [row[:4] for row in rows[1:]] == [["ana@example.com", "Email", "Newsletter", "NOTGIVEN"]]
    assert AuditEntry.objects.get(action="consent.exported").changes == {"rows": ["", "1"]}
    assert DisclosureFlow.objects.get().recipient == f"processor:{company.public_id}"


@pytest.mark.parametrize(
    "query",
    ["", "recipient=prc_x&purpose=marketing_email=N", "recipient=%00&purpose=fun=N", "recipient=prc_%00&purpose=a"],
)
def test_export__address_that_names_nothing__answers_why_and_writes_nothing(officer, query):
    answer = officer.get(f"/console/consent/onetrust/export/file?{query}")

    assert answer.status_code in (400, 404)
    assert not AuditEntry.objects.filter(action="consent.exported").exists()


def test_export__without_any_name__is_refused_on_the_form(officer, company):
    answer = officer.post("/console/consent/onetrust/export", {"recipient": company.public_id, "identifier": "email"})

    assert answer.status_code == 400
    assert "at least one purpose" in answer.content.decode()

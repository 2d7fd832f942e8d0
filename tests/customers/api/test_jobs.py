"""/jobs over HTTP: bringing files, watching them, reading what was refused."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Job
from customers.models import Customer, ImportFile, SegmentMember
from customers.services.customers import create_customer
from customers.services.segments import define_segment

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs"
CSV = b"customer id,email,ok\n1,one@example.com,yes\n2,broken,no\n"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def client(caller):
    return caller("jobs:write")


@pytest.fixture
def bring(client, django_capture_on_commit_callbacks):
    def bring(query="type=customers", body=CSV, kind="text/csv", **headers):
        sent = {"Authorization": f"Bearer {client.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        with django_capture_on_commit_callbacks(execute=True):
            return client.http.generic("POST", f"{JOBS}?{query}", body, content_type=kind, headers=sent)

    return bring


def test_create__csv_body__imports_and_reports(bring, client):
    answer = bring()

    assert answer.status_code == 202
    job = client.get(answer["Location"]).json()
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 2, 2)
    assert job["result"]["created"] == 1
    assert job["result"]["reasons"] == {"invalid_email": 1}
    assert Customer.objects.get().created_via == ImportFile.objects.get().public_id
    assert [entry["id"] for entry in client.get(JOBS).json()["data"]] == [job["id"]]


def test_result__refused_rows__are_csv(bring, client):
    answer = bring()

    result = client.get(answer["Location"] + "/result")

    text = b"".join(result.streaming_content).decode()
    assert result["Content-Type"] == "text/csv; charset=utf-8"
    assert text.splitlines()[1].startswith("3,invalid_email,email,")
    assert text.splitlines()[1].endswith("2,broken,no")


def test_result__csv_asked_for__is_csv_and_its_refusals_json(bring, client):
    answer = bring()

    result = client.get(answer["Location"] + "/result", headers={"Accept": "text/csv"})
    refused = client.get(f"{JOBS}/job_none/result", headers={"Accept": "text/csv"})

    assert (result.status_code, result["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert (refused.status_code, refused["Content-Type"]) == (404, "application/json")
    assert refused.json()["error"] == "NotFound"


def test_create__multipart_form__takes_mapping_and_dry_run(client, django_capture_on_commit_callbacks):
    form = {
        "type": "customers",
        "dry_run": "true",
        "mapping": json.dumps({"columns": {"customer id": "external_id"}}),
        "file": SimpleUploadedFile("people.csv", CSV),
    }

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.http.post(JOBS, form, headers={"Authorization": f"Bearer {client.token}"})

    assert answer.status_code == 202
    assert Job.objects.get().result["created"] == 2
    assert not Customer.objects.exists()


def test_create__same_file_again__is_refused_or_replayed_by_key(bring):
    first = bring(idempotency_key="k1")

    replayed = bring(idempotency_key="k1")
    refused = bring()

    assert replayed.json()["id"] == first.json()["id"]
    assert replayed["Idempotent-Replayed"] == "true"
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_file")
    assert bring("type=customers&again=true").status_code == 202
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "body", "kind", "status", "param"),
    [
        ("type=people", CSV, "text/csv", 400, "type"),
        ("", CSV, "text/csv", 400, "type"),
        ("type=customers&colour=red", CSV, "text/csv", 400, "colour"),
        ("type=customers", b"\n", "text/csv", 400, "file"),
        ("type=customers", CSV, "application/json", 415, None),
        ("type=customers&dry_run=maybe", CSV, "text/csv", 400, "dry_run"),
        ("type=customers&mapping=[]", CSV, "text/csv", 400, "mapping"),
        ("type=customers&encoding=klingon", CSV, "text/csv", 400, "encoding"),
        ("type=customers&mapping=%7B%22columns%22%3A%7B%22ok%22%3A%22consent%22%7D%7D", CSV, "text/csv", 400, None),
        ("type=purchases", CSV, "text/csv", 400, "mapping.columns"),
    ],
)
def test_create__bad_upload__is_refused_and_leaves_nothing(bring, settings, query, body, kind, status, param):
    answer = bring(query, body, kind)

    assert answer.status_code == status
    assert param is None or answer.json()["param"] == param
    assert not ImportFile.objects.exists()
    assert not Job.objects.exists()
    assert not list(settings.IMPORT_DIR.glob("*"))


def test_wishes__job_of_somebody_else__is_not_found(bring, caller):
    job = bring().json()["id"]
    other = caller("jobs:write")

    assert other.get(f"{JOBS}/{job}").status_code == 404
    assert other.post(f"{JOBS}/{job}/pause").status_code == 404


def test_wishes__ended_job__is_a_conflict(bring, client):
    job = bring().json()["id"]

    assert client.post(f"{JOBS}/{job}/pause").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_undo__import__is_a_job_that_says_what_it_took_back(bring, client):
    made = bring()

    answer = client.post(made["Location"] + "/undo")

    assert answer.status_code == 202
    job = client.get(answer["Location"]).json()
    assert (job["kind"], job["state"], job["result"]["removed"]) == ("import_undo", "succeeded", 1)
    assert not Customer.objects.known().exists()


def test_undo__rehearsal__is_refused(bring, client):
    made = bring("type=customers&dry_run=true")

    answer = client.post(made["Location"] + "/undo")

    assert answer.status_code == 409
    assert "stored nothing" in answer.json()["message"]
    assert Job.objects.count() == 1


def test_upload_members__csv_body__is_a_job_that_puts_customers_on_the_list(
    caller, settings, django_capture_on_commit_callbacks
):
    now = timezone.now()
    create_customer(properties={"external_id": "1"}, by=SYSTEM, now=now)
    segment = define_segment(name="Friends", kind="static", by=SYSTEM, now=now)
    client = caller("segments:write", "jobs:write")
    url = f"/api/v1/segments/{segment.public_id}/members?mode=replace"
    headers = {"Authorization": f"Bearer {client.token}", "Idempotency-Key": "k"}

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.http.generic("POST", url, b"id\n1\n2\n", content_type="text/csv", headers=headers)
    again = client.http.generic("POST", url, b"id\n1\n2\n", content_type="text/csv", headers=headers)
    result = client.get(answer["Location"] + "/result")

    assert (answer.status_code, again.status_code) == (202, 202)
    assert (again.json()["id"], again["Idempotent-Replayed"]) == (answer.json()["id"], "true")
    job = client.get(answer["Location"]).json()
    assert (job["state"], job["result"]["members"], job["result"]["reasons"]) == ("succeeded", 1, {"not_found": 1})
    assert b"".join(result.streaming_content).decode().splitlines()[1].startswith("3,not_found,")
    assert SegmentMember.objects.filter(version__current_of=segment).count() == 1
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "query", "status", "param"),
    [("static", "mode=swap", 400, "mode"), ("static", "type=customers", 400, "type"), ("dynamic", "", 409, None)],
)
def test_upload_members__what_cannot_be__is_refused_and_leaves_nothing(caller, kind, query, status, param):
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    segment = define_segment(
        name="Some", kind=kind, rule=rule if kind == "dynamic" else None, by=SYSTEM, now=timezone.now()
    )
    client = caller("segments:write")

    answer = client.http.generic(
        "POST",
        f"/api/v1/segments/{segment.slug}/members?{query}",
        b"id\n1\n",
        content_type="text/csv",
        headers={"Authorization": f"Bearer {client.token}"},
    )

    assert answer.status_code == status
    assert param is None or answer.json()["param"] == param
    assert not ImportFile.objects.exists()

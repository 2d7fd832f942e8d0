"""Consent in a file, from the column to the ledger, through every door: a real export, refusals, proof, states."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from consent.models import ConsentEvent, ConsentState, NoticeVersion
from consent.selectors.decisions import may_process_customer
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from core.models import Job, Role
from customers.models import Customer, ImportFile, RefusedRow
from customers.services.customers import create_customer
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
MAIL = "marketing_email"
PEOPLE = (
    b"nr,mail,news,ads,land\n1,one@example.com,yes,no,FR\n2,two@example.com,no,,FR\n3,three@example.com,perhaps,,FR\n"
)
COLUMNS = {
    "nr": "external_id",
    "mail": "email",
    "land": "country",
    "news": f"consent.{MAIL}",
    "ads": "consent.targeted_ads",
}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


def words():
    return NoticeVersion.objects.filter(purpose__key=MAIL, locale="en").order_by("-version").first()


def basis(**changes):
    ads = NoticeVersion.objects.filter(purpose__key="targeted_ads", locale="en").first()
    stated = {"reference": "fair-2026", "collected_at": "2026-03-12", "notice": {MAIL: words().public_id}}
    if ads:
        stated["notice"]["targeted_ads"] = ads.public_id
    return {name: value for name, value in (stated | {"wording": "Yes, write to me."} | changes).items() if value}


def states():
    return {(s.customer.external_id, s.purpose.key): s.state for s in ConsentState.objects.all()}


def bring(client, data=PEOPLE, **parameters):
    texts = {name: json.dumps(value) for name, value in parameters.items()}
    file = SimpleUploadedFile("people.csv", data, content_type="text/csv")
    sent = {"type": "customers", "file": file} | texts
    token = {"Authorization": f"Bearer {client.token}"}
    return client.http.post("/api/v1/jobs", sent, headers=token)


def test_api__consent_columns__are_ledger_entries_with_the_file_as_evidence(caller, django_capture_on_commit_callbacks):
    client = caller("jobs:write", tier="unlimited")

    with django_capture_on_commit_callbacks(execute=True):
        answer = bring(client, mapping={"columns": COLUMNS}, consent_basis=basis())

    assert answer.status_code == 202, answer.content
    result = Job.objects.get().result
    assert (result["created"], result["refused"], result["reasons"]) == (2, 1, {"bad_boolean": 1})
    assert result["notes"] == {"consent_recorded": 3}
    assert states() == {("1", MAIL): "imported", ("1", "targeted_ads"): "refused", ("2", MAIL): "refused"}
    entry = ConsentEvent.objects.get(event="imported")
    assert (entry.source, entry.notice, entry.occurred_at) == ("import", words(), datetime(2026, 3, 12, tzinfo=UTC))
    assert entry.evidence == {
        "import_id": ImportFile.objects.get().public_id,
        "reference": "fair-2026",
        "collected_at": "2026-03-12T00:00:00+00:00",
    }
    one, now = Customer.objects.get(external_id="1"), datetime.now(UTC)
    assert may_process_customer(customer=one, purpose=MAIL, at=now, known_at=now).decision.answer == "allow"
    assert RefusedRow.objects.get().column == "news"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"reference": None}, "consent_basis.reference"),
        ({"reference": "the fair in Berlin"}, "consent_basis.reference"),
        ({"wording": None, "notice": None}, "consent_basis.wording"),
        ({"notice": {MAIL: "ntc_nobody"}}, "consent_basis.notice"),
        ({"collected_at": "2999-01-01"}, "consent_basis.collected_at"),
        ({"collected_at": "last week"}, "consent_basis.collected_at"),
        ({"proof": "trust me"}, "consent_basis.proof"),
    ],
)
def test_api__basis_that_proves_nothing__is_refused_by_member_and_nothing_is_kept(caller, changes, param):
    answer = bring(caller("jobs:write", tier="unlimited"), mapping={"columns": COLUMNS}, consent_basis=basis(**changes))

    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert not ImportFile.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_api__consent_column_without_basis__is_refused(caller):
    answer = bring(caller("jobs:write", tier="unlimited"), mapping={"columns": COLUMNS})

    assert answer.status_code == 400
    assert {problem["param"] for problem in answer.json()["details"]} == {
        "consent_basis.reference",
        "consent_basis.wording",
    }


@pytest.mark.parametrize(
    ("collected_at", "code", "why"),
    [
        (None, "consent_state_conflict", "never replaces what the person has told us"),
        ("2026-03-12", "consent_superseded", "the person has decided since then"),
    ],
)
def test_api__who_said_no_herself__keeps_it_and_the_row_says_why(
    caller, django_capture_on_commit_callbacks, collected_at, code, why
):
    one = create_customer(properties={"external_id": "1", "country": "FR"}, by=SYSTEM, now=datetime.now(UTC))
    no = ConsentEntry(purpose=MAIL, event="withdrawn", source="web")
    record_consent(customer=one, entries=[no], by=SYSTEM, now=datetime.now(UTC))
    client = caller("jobs:write", tier="unlimited")

    with django_capture_on_commit_callbacks(execute=True):
        bring(client, mapping={"columns": COLUMNS}, consent_basis=basis(collected_at=collected_at))

    assert states()["1", MAIL] == "withdrawn"
    assert states()["1", "targeted_ads"] == "refused"
    result = Job.objects.get().result
    assert (result["updated"], result["notes"][code]) == (1, 1)
    remark = RefusedRow.objects.get(code=code)
    assert (remark.row, remark.column) == (2, "news")
    assert why in remark.message
    csv = client.get(f"/api/v1/jobs/{Job.objects.get().public_id}/result")
    assert code.encode() in b"".join(csv.streaming_content)


def test_api__words_of_no_notice__are_proof_by_hash_and_allow_nothing(caller, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        bring(caller("jobs:write", tier="unlimited"), mapping={"columns": COLUMNS}, consent_basis=basis(notice=None))

    entry = ConsentEvent.objects.get(event="imported")
    assert entry.notice is None
    assert entry.evidence["wording_sha256"] == hashlib.sha256(b"Yes, write to me.").hexdigest()
    assert ImportFile.objects.get().consent_basis["wording"] == "Yes, write to me."
    one, now = Customer.objects.get(external_id="1"), datetime.now(UTC)
    decision = may_process_customer(customer=one, purpose=MAIL, at=now, known_at=now).decision
    assert (decision.answer, decision.reason.value) == ("deny", "consent_unproven")


def test_api__words_of_a_published_notice__are_recognised(caller, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        bring(
            caller("jobs:write", tier="unlimited"),
            mapping={"columns": COLUMNS},
            consent_basis=basis(notice=None, wording=words().text),
        )

    assert ConsentEvent.objects.get(event="imported").notice == words()


def test_command__real_export_of_a_mail_platform__records_every_member(shared_data, tmp_path, capsys):
    export = shared_data / "contacts/fivetran_mailchimp/member.csv"
    columns = {"email_address": "email", "country_code": "country", "status": f"consent.{MAIL}"}
    (tmp_path / "mapping.json").write_text(json.dumps({"columns": columns}))
    (tmp_path / "basis.json").write_text(json.dumps({"reference": "old-platform", "notice": {MAIL: words().public_id}}))
    statuses = [line.split(",")[18] for line in Path(export).read_text().splitlines()[1:]]

    call_command(
        "import", "customers", export, mapping=tmp_path / "mapping.json", basis=tmp_path / "basis.json", json=True
    )

    report = json.loads(capsys.readouterr().out)
    stored = report["created"] + report["updated"] + report["unchanged"]
    assert stored + report["refused"] == len(statuses)
    assert sum(report["notes"].values()) == stored
    assert ConsentEvent.objects.filter(event="imported").count() <= statuses.count("subscribed")
    assert ConsentEvent.objects.filter(event="imported").exists()
    assert ConsentEvent.objects.filter(event="refused").count() == statuses.count("unsubscribed")


def test_command__basis_without_words__is_refused_in_one_sentence(tmp_path):
    (tmp_path / "people.csv").write_bytes(PEOPLE)
    (tmp_path / "mapping.json").write_text(json.dumps({"columns": COLUMNS}))
    (tmp_path / "basis.json").write_text(json.dumps({"reference": "fair"}))

    with pytest.raises(CommandError, match="words that people were shown"):
        call_command(
            "import",
            "customers",
            tmp_path / "people.csv",
            mapping=tmp_path / "mapping.json",
            basis=tmp_path / "basis.json",
        )

    assert not ConsentEvent.objects.exists()


def test_console__five_steps__lead_from_the_column_to_the_ledger(client, django_capture_on_commit_callbacks):
    client.force_login(make_staff(Role.MARKETER))
    client.post("/console/imports/new", {"target": "customers", "file": SimpleUploadedFile("people.csv", PEOPLE)})
    page = f"/console/imports/{ImportFile.objects.get().public_id}"
    mapped = {
        f"column_{at}": name for at, name in enumerate(["external_id", "email", f"consent.{MAIL}", "", "country"])
    }
    client.post(f"{page}/columns", mapped | {"date_format": "iso", "time_zone": "UTC", "update": "on"})
    asked = client.get(f"{page}/consent").content.decode()
    refused = client.post(f"{page}/consent", {"reference": "the fair"})
    stated = client.post(
        f"{page}/consent", {"reference": "fair-2026", "collected_at": "2026-03-12", f"notice.{MAIL}": words().public_id}
    )
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{page}/start", {})
    shown = client.get(page).content.decode()

    assert "Notice shown: Marketing by e-mail" in asked or "Notice shown:" in asked
    assert (refused.status_code, "must be an identifier" in refused.content.decode()) == (400, True)
    assert "State the words that people were shown" in refused.content.decode()
    assert stated["Location"].endswith("/try")
    assert states() == {("1", MAIL): "imported", ("2", MAIL): "refused"}
    assert "Consent recorded" in shown
    assert "fair-2026" in shown


def test_undo__consent_of_the_file__stands_no_more_but_every_no_does(caller, django_capture_on_commit_callbacks):
    client, now = caller("jobs:write", tier="unlimited"), datetime.now(UTC)
    for number in ("1", "2", "4"):
        create_customer(properties={"external_id": number, "country": "FR"}, by=SYSTEM, now=now)
    data = b"nr,mail,news,ads,land\n1,one@example.com,yes,no,FR\n2,,no,,FR\n4,,yes,,FR\n5,five@example.com,yes,,FR\n"
    with django_capture_on_commit_callbacks(execute=True):
        job = bring(client, data, mapping={"columns": COLUMNS}, consent_basis=basis())
    said = ConsentEntry(purpose=MAIL, event="granted", source="web_form", notice_version=1, locale="en")
    four = Customer.objects.get(external_id="4")
    record_consent(
        customer=four,
        entries=[replace(said, evidence={"form_id": "newsletter", "doi_done": True})],
        by=SYSTEM,
        now=datetime.now(UTC),
    )
    before = ConsentEvent.objects.count()

    with django_capture_on_commit_callbacks(execute=True):
        undone = client.post(f"{job['Location']}/undo")

    result = client.get(undone["Location"]).json()["result"]
    assert (result["removed"], result["consents"]) == (1, 1)
    assert states() == {
        ("1", MAIL): "invalidated",
        ("1", "targeted_ads"): "refused",
        ("2", MAIL): "refused",
        ("4", MAIL): "granted",
    }
    entry = ConsentEvent.objects.get(event="invalidated")
    assert entry.evidence["import_id"] == ImportFile.objects.get().public_id
    assert ConsentEvent.objects.count() == before + 1
    one = Customer.objects.get(external_id="1")
    assert not may_process_customer(
        customer=one, purpose=MAIL, at=datetime.now(UTC), known_at=datetime.now(UTC)
    ).decision.allowed

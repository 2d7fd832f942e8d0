"""Consent from OneTrust: each row of its export is in the ledger with instant and proof, or answered with a reason."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from consent.models import ConsentEvent, DisclosureFlow, Processor
from consent.rules.onetrust import read_export
from consent.selectors.decisions import may_process_customer
from consent.services.consent import ConsentEntry, record_consent
from consent.services.registers import save_entry
from core.actors import SYSTEM
from core.models import AuditEntry
from customers.models import Customer
from customers.services.customers import create_customer
from tests.consent.conftest import notice_of
from tests.factories.registers import processor_values

pytestmark = pytest.mark.django_db
MAIL = "marketing_email"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
CSV = """Identifier,Identifier Type,Purpose Name,Purpose Status,Interaction Date,Collection Point ID,Receipt ID
ana@example.com,Email,Newsletter,ACTIVE,2026-03-02T10:00:00Z,cp-1,rc-1
BO@Example.com,Email,Newsletter,WITHDRAWN,2026-03-03 11:00:00,cp-1,rc-2
cy-9,Customer ID,Newsletter,CONFIRMED,2026-03-04T10:00:00+01:00,cp-1,rc-3
nobody@example.com,Email,Newsletter,ACTIVE,2026-03-02T10:00:00Z,cp-1,rc-4
ana@example.com,Email,Surveys,ACTIVE,2026-03-02T10:00:00Z,cp-1,rc-5
ana@example.com,Email,Newsletter,PENDING,2026-03-01T10:00:00Z,cp-1,rc-6
ana@example.com,Email,Newsletter,ACTIVE,,cp-1,rc-7
"""


@pytest.fixture
def people():
    """Ana, Bo and Cy of Germany, who have said nothing here."""
    names = ({"email": "ana@example.com"}, {"email": "bo@example.com"}, {"external_id": "cy-9"})
    return [create_customer(properties=name | {"country": "DE"}, by=SYSTEM, now=NOW) for name in names]


def run(file, text, *words, name="export.csv"):
    (file / name).write_text(text)
    out = StringIO()
    stated = ["--purpose", f"Newsletter={MAIL}", "--notice", f"{MAIL}={notice_of(MAIL).public_id}"]
    call_command("onetrust", "import", str(file / name), *stated, "--reference", "onetrust-2026", *words, stdout=out)
    return out.getvalue()


def decisions(person: Customer) -> list[tuple[str, str]]:
    rows = ConsentEvent.objects.filter(customer=person, purpose__key=MAIL).order_by("seq")
    return [(row.event, row.occurred_at.isoformat()) for row in rows]


def test_import__csv__records_each_decision_with_instant_and_proof(tmp_path, people):
    said = run(tmp_path, CSV)

    ana, bo, cy = people
    assert decisions(ana) == [("imported", "2026-03-02T10:00:00+00:00")]
    assert decisions(bo) == [("withdrawn", "2026-03-03T11:00:00+00:00")]
    assert decisions(cy) == [("imported", "2026-03-04T09:00:00+00:00")]
    entry = ConsentEvent.objects.get(customer=ana)
    assert (entry.evidence["form_id"], entry.evidence["reference"]) == ("cp-1", "rc-1")
    assert entry.evidence["import_id"].startswith("onetrust:")
    assert entry.notice == notice_of(MAIL)
    assert "3 recorded, 4 refused" in said or "4 refused, 3 recorded" in said


def test_import__rows_that_cannot_be_used__are_each_answered_with_the_reason(tmp_path, people):
    said = run(tmp_path, CSV).splitlines()

    assert said[:4] == [
        "row 4: No customer has this identifier.",
        "row 5: Nothing was said about which purpose 'Surveys' is.",
        "row 6: The status 'PENDING' is no decision: the person has not confirmed.",
        "row 7: It does not say when the person decided; write an instant such as 2026-03-12T10:03:00Z.",
    ]


def test_import__the_same_file_again__changes_nothing(tmp_path, people):
    run(tmp_path, CSV)
    before = ConsentEvent.objects.count()

    said = run(tmp_path, CSV)

    assert "3 unchanged" in said
    assert ConsentEvent.objects.count() == before


def test_import__dry_run__says_what_would_come_and_changes_nothing(tmp_path, people):
    said = run(tmp_path, CSV, "--dry-run")

    assert "3 recorded" in said
    assert "Nothing was changed." in said
    assert not ConsentEvent.objects.exists()


def test_import__no_said_here_since__is_never_replaced(tmp_path, people):
    no = ConsentEntry(purpose=MAIL, event="refused", source="web_form")
    record_consent(customer=people[0], entries=[no], by=SYSTEM, now=NOW)

    run(tmp_path, CSV)

    at = datetime.now(UTC)
    assert not may_process_customer(customer=people[0], purpose=MAIL, at=at, known_at=at).decision.allowed


@pytest.mark.parametrize(
    "wrap",
    [
        lambda people: {"content": people},
        lambda people: people,
    ],
    ids=["page", "list"],
)
def test_import__json_of_data_subjects__is_read_like_the_csv(tmp_path, people, wrap):
    purpose = {"Name": "Newsletter", "Status": "ACTIVE", "LastInteractionDate": "2026-03-02T10:00:00Z"}
    subjects = [{"Id": "1", "Identifier": "ana@example.com", "Purposes": [purpose]}]

    run(tmp_path, json.dumps(wrap(subjects)), name="export.json")

    assert decisions(people[0]) == [("imported", "2026-03-02T10:00:00+00:00")]


def test_import__json_of_receipts__is_read_by_their_transaction(tmp_path, people):
    receipt = {
        "identifier": "bo@example.com",
        "identifierType": "Email",
        "interactionDate": "2026-03-03T11:00:00Z",
        "purposes": [{"Id": "Newsletter", "TransactionType": "WITHDRAWN"}],
    }

    run(tmp_path, json.dumps([receipt]), name="export.json")

    assert decisions(people[1]) == [("withdrawn", "2026-03-03T11:00:00+00:00")]


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [("a,b\n1,2\n", "x.csv", "names no column"), ("[1]", "x.json", "Expected a list"), ("{", "x.json", "no JSON")],
)
def test_import__file_that_is_no_export__is_refused_and_nothing_is_stored(tmp_path, text, name, says):
    with pytest.raises(CommandError, match=says):
        run(tmp_path, text, name=name)

    assert not ConsentEvent.objects.exists()


def test_import__yes_without_the_words_shown__is_refused_before_the_first_row(tmp_path, people):
    (tmp_path / "x.csv").write_text(CSV)

    with pytest.raises(CommandError, match="words that people were shown"):
        call_command(
            "onetrust", "import", str(tmp_path / "x.csv"), "--purpose", f"Newsletter={MAIL}", "--reference", "r"
        )

    assert not ConsentEvent.objects.exists()


@pytest.fixture
def onetrust():
    """OneTrust in the register of processors; it must not get data of people in France."""
    values = processor_values(name="OneTrust", certificate="ISO 27001", certificate_ends_on=NOW.date() + DAY)
    return save_entry(row=Processor(), values=values | {"barred_places": ["FR"]}, by=SYSTEM, now=NOW)


def hand_out(folder, company, *words, name="out.csv"):
    out = StringIO()
    stated = ["--purpose", f"{MAIL}=Newsletter", "--recipient", company]
    call_command("onetrust", "export", str(folder / name), *stated, *words, stdout=out)
    return out.getvalue(), (folder / name).read_text()


def test_export__people_who_decided__is_what_the_import_reads(tmp_path, people, onetrust):
    run(tmp_path, CSV)
    abroad = create_customer(properties={"email": "dee@example.com", "country": "FR"}, by=SYSTEM, now=NOW)
    no = ConsentEntry(purpose=MAIL, event="withdrawn", source="web", evidence={"form_id": "footer"})
    for person in (people[0], abroad):
        record_consent(customer=person, entries=[no], by=SYSTEM, now=NOW)

    said, text = hand_out(tmp_path, onetrust.public_id)

    read = list(read_export(StringIO(text), is_json=False))
    assert [(one.who, one.purpose, one.status, one.form) for one in read] == [
        ("ana@example.com", "Newsletter", "WITHDRAWN", "footer"),
        ("bo@example.com", "Newsletter", "WITHDRAWN", "cp-1"),
    ]
    assert read[1].at == datetime(2026, 3, 3, 11, tzinfo=UTC)
    assert said.startswith("1 place barred, 1 without identifier, 2 written; ")
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0
    flow = DisclosureFlow.objects.get(way="sync")
    assert (flow.recipient, flow.kinds) == (f"processor:{onetrust.public_id}", "consent, identifiers")
    assert AuditEntry.objects.get(action="consent.exported").target == onetrust.public_id


def test_export__by_ids_of_ours__names_who_agreed(tmp_path, people, onetrust):
    sam = create_customer(properties={"external_id": "sam-1", "country": "US"}, by=SYSTEM, now=NOW)
    run(tmp_path, CSV + "sam-1,Customer ID,Newsletter,ACTIVE,2026-03-02T10:00:00Z,cp-1,rc-8\n")

    said, text = hand_out(tmp_path, onetrust.public_id, "--identifier", "external_id")

    [row] = read_export(StringIO(text), is_json=False)
    assert (row.who, row.kind, row.status, row.yes) == ("sam-1", "Customer ID", "ACTIVE", True)
    assert row.receipt == ConsentEvent.objects.get(customer=sam).public_id
    assert said.startswith("1 not allowed, 2 without identifier, 1 written; ")


def test_export__agreement_over_or_nobody_registered__is_refused_and_no_file_is_left(tmp_path, people, onetrust):
    save_entry(row=onetrust, values={"agreement_ends_on": NOW.date() - DAY}, by=SYSTEM, now=NOW)

    for company, words in ((onetrust.public_id, "ended on"), ("prc_nobody", "no such company")):
        with pytest.raises(CommandError, match=words):
            hand_out(tmp_path, company)

    assert not (tmp_path / "out.csv").exists()
    assert not AuditEntry.objects.filter(action="consent.exported").exists()


def test_export__file_that_is_there__is_left_as_it_is(tmp_path, onetrust):
    (tmp_path / "out.csv").write_text("mine")

    with pytest.raises(CommandError, match="exists"):
        hand_out(tmp_path, onetrust.public_id)

    assert (tmp_path / "out.csv").read_text() == "mine"

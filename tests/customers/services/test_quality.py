"""Audits of data quality: one pass over everybody, what is kept, and who may still be seen behind it."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import jobs, privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from core.models import AuditEntry, Job, JobState
from customers.models import Customer, DuplicatePair, QualityAudit, QualityExample, QualityFinding
from customers.selectors import quality as selected
from customers.selectors.personal import collect_quality_examples
from customers.selectors.quality import examples_of, findings_of, latest_audit, next_profiles
from customers.services.attributes import archive_attribute, define_attribute
from customers.services.customers import UpsertInput, create_customer, upsert_customers
from customers.services.governance import change_field
from customers.services.quality import forget_audits, run_audit, start_audit
from customers.tasks import audit_quality, begin_quality_audit
from tests.factories.customers import make_duplicate

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def people(rows, now=NOON):
    for start in range(0, len(rows), 500):
        batch = [UpsertInput(f"p{start + n}", row) for n, row in enumerate(rows[start : start + 500])]
        drafts = upsert_customers(id_property="external_id", inputs=batch, by=SYSTEM, now=now)
        assert [draft.refusal for draft in drafts if draft.refusal] == []


def audited(now=NOON):
    job = start_audit(by=SYSTEM, now=now, run_here=True)
    return run_audit(job_id=job.public_id, clock=lambda: now)


def named(audit, check, field=""):
    row = findings_of(audit).get(check_name=check, field=field)
    return (row.count, row.of), examples_of([row], most=500)[row.pk]


@pytest.fixture
def city(db):
    values = {"purpose": "delivery", "pii_class": "none"}
    return define_attribute(key="city", value_type="text", values=values, by=SYSTEM, now=NOON)


def test_run_audit__known_faults__are_found_with_the_people_behind_them(city):
    cities = ["Berlin"] * 4 + ["berlin", "BERLIN "]
    people([{"country": "DE", "attributes": {"city": name}} for name in cities] + [{"first_name": "jane"}])
    ids = list(Customer.objects.order_by("pk").values_list("public_id", flat=True))

    audit = audited()

    assert audit.people == 7
    assert named(audit, "missing", "country") == ((1, 7), [ids[6]])
    assert named(audit, "spelling", "attributes.city") == ((2, 6), [ids[4], ids[5]])
    assert named(audit, "format", "first_name") == ((1, 1), [ids[6]])
    assert audit.measures["consistency"] == {"score": 66.7, "defects": 2, "of": 6}
    assert AuditEntry.objects.filter(action="quality.audit_started").count() == 1
    assert Job.objects.get().result["score"] == float(audit.score)


def test_run_audit__nothing_of_a_finding__repeats_a_value(city):
    people([{"attributes": {"city": name}} for name in ("Berlin", "Berlin", "berlin", "12", "2024-01-01")])

    audit = audited()

    stored = json.dumps([list(findings_of(audit).values("check_name", "field", "parts")), audit.measures])
    assert "erlin" not in stored
    assert "2024" not in stored


def test_run_audit__duplicates_and_stale__count_against_everybody():
    make_duplicate()
    people([{"country": "DE"}], now=NOON - timedelta(days=1_000))
    Customer.objects.exclude(external_id="p0").update(updated_at=NOON)

    audit = audited()

    assert named(audit, "duplicate") == ((1, 3), [])
    assert named(audit, "stale")[0] == (1, 3)


def test_run_audit__visitors_tombstones_and_archived_attributes__are_not_looked_at(city):
    people([{"country": "DE", "attributes": {"city": "Berlin"}}, {"country": "FR", "attributes": {"city": "berlin"}}])
    Customer.objects.create(public_id=Customer.new_public_id(), is_known=False)
    archive_attribute(key="city", by=SYSTEM, now=NOON)

    audit = audited()

    assert audit.people == 2
    assert not findings_of(audit).exists()
    assert audit.score == 100


def test_run_audit__nobody__has_no_score():
    audit = audited()

    assert (audit.people, audit.score, audit.measures) == (0, None, {})


def test_run_audit__rule_of_a_field__decides_what_is_wrong():
    people([{"language": "de"}, {"language": "fr"}, {}])
    change_field(name="language", values={"required": True, "allowed": ["de"]}, by=SYSTEM, now=NOON)

    audit = audited()

    assert named(audit, "missing", "language")[0] == (1, 3)
    assert named(audit, "allowed", "language")[0] == (1, 2)


def test_run_audit__more_people_than_a_chunk__looks_at_each_once(monkeypatch):
    monkeypatch.setattr(selected, "CHUNK", 3)
    people([{"country": "DE"}] * 7)

    with CaptureQueriesContext(connection) as queries:
        audit = audited()

    chunks = [one["sql"] for one in queries if '"last_order_at"' in one["sql"] and "LIMIT 3" in one["sql"]]
    assert audit.people == 7
    assert len(chunks) == 4


def test_run_audit__stopped__stores_nothing():
    people([{"country": "DE"}])
    job = start_audit(by=SYSTEM, now=NOON, run_here=True)
    Job.objects.filter(pk=job.pk).update(stop_requested=True)

    assert run_audit(job_id=job.public_id, clock=lambda: NOON) is None
    assert Job.objects.get().state == JobState.STOPPED
    assert not QualityAudit.objects.exists()


def test_run_audit__the_next_night__keeps_the_score_and_names_people_of_the_newest_only():
    people([{}])

    first, second = audited(), audited(NOON + timedelta(days=1))

    assert list(QualityAudit.objects.order_by("pk")) == [first, second]
    assert latest_audit() == second
    assert findings_of(first).count() == findings_of(second).count() > 0
    assert set(QualityExample.objects.values_list("finding__audit", flat=True)) == {second.pk}


def test_start_audit__one_at_work__is_refused():
    start_audit(by=SYSTEM, now=NOON, run_here=True)

    with pytest.raises(Conflict):
        start_audit(by=SYSTEM, now=NOON)

    assert Job.objects.count() == 1


def test_tasks__night__begins_one_and_a_second_changes_nothing():
    begin_quality_audit()
    begin_quality_audit()
    job = Job.objects.get()
    audit_quality(job_id=job.public_id)

    assert jobs.claim_job(job_id=job.public_id, now=NOON) is None
    assert QualityAudit.objects.count() == 1


def test_forget_audits__past_retention__go_with_their_findings():
    people([{}])
    audited()
    audited(NOON + timedelta(days=401))

    assert forget_audits(before=NOON + timedelta(days=1)) == 1
    assert QualityAudit.objects.count() == 1
    assert set(QualityFinding.objects.values_list("audit", flat=True)) == {QualityAudit.objects.get().pk}


def test_quality_examples__of_a_person__are_collected_and_erased():
    people([{}])
    audited()
    row = Customer.objects.get()

    found = list(collect_quality_examples([row.pk]))
    privacy.erase_everywhere([row.pk])

    assert [(one["finding__check_name"], one["finding__field"]) for one in found] == [("missing", "country")]
    assert not QualityExample.objects.exists()


def test_filter__finding__lists_the_people_behind_it():
    people([{"country": "DE"}, {}, {}])
    finding = findings_of(audited()).get(check_name="missing")

    narrowed = selected.QUALITY.narrow(Customer.objects.all(), finding.public_id)

    assert set(narrowed.values_list("external_id", flat=True)) == {"p1", "p2"}
    assert (finding.public_id, "Country: No value") in selected.QUALITY.choices()
    with pytest.raises(InvalidInput):
        selected.QUALITY.narrow(Customer.objects.all(), "qfi_0")


def test_plans__chunk_examples_and_filter__are_served_by_indexes():
    people([{"country": "DE"} if number % 2 else {} for number in range(1_000)])
    finding = findings_of(audited()).get(check_name="missing")
    with connection.cursor() as cursor:
        for table in ("customers_customer", "customers_qualityexample"):
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("SET LOCAL enable_seqscan = off")
    behind = Customer.objects.known().filter(pk__gt=Customer.objects.order_by("pk")[500].pk).order_by("pk")

    chunk = behind.values("pk", "attributes")[:100].explain()
    narrowed = selected.QUALITY.narrow(Customer.objects.known(), finding.public_id).explain()

    assert "Index" in chunk
    assert "Seq Scan" not in chunk
    assert "Sort" not in chunk
    assert "Seq Scan" not in narrowed
    assert len(next_profiles(0)) == 1_000


def test_command__audit__prints_figures_and_public_ids_only(city):
    people([{"attributes": {"city": "Berlin"}}, {"email": "jane@example.com", "attributes": {"city": "berlin"}}])
    text, machine = StringIO(), StringIO()

    call_command("quality", "audit", stdout=text)
    call_command("quality", "audit", "--json", stdout=machine)

    assert "Country: No value: 2 of 2" in text.getvalue()
    assert "City: The same value in several spellings: 1 of 2" in text.getvalue()
    answer = json.loads(machine.getvalue())
    assert answer["people"] == 2
    assert all(one.startswith("cus_") for finding in answer["findings"] for one in finding["examples"])
    assert "jane" not in machine.getvalue() + text.getvalue()


def test_command__audit_at_work__says_so():
    start_audit(by=SYSTEM, now=NOON, run_here=True)

    with pytest.raises(CommandError, match="at work"):
        call_command("quality", "audit", stdout=StringIO())


def test_audit__febrl__known_answers_through_the_tables(shared_data):
    with (shared_data / "contacts/febrl/dataset1.csv").open(newline="") as lines:
        rows = [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(lines, skipinitialspace=True)]
    for key in ("suburb", "state"):
        define_attribute(key=key, value_type="text", values={"purpose": "x"}, by=SYSTEM, now=NOON)
    change_field(name="first_name", values={"required": True}, by=SYSTEM, now=NOON)
    known = ["nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt"]
    change_field(name="attributes.state", values={"allowed": known}, by=SYSTEM, now=NOON)
    people(
        [
            {
                "first_name": row["given_name"],
                "last_name": row["surname"],
                "attributes": {key: row[key] for key in ("suburb", "state") if row[key]},
            }
            for row in rows
        ]
    )

    audit = audited()

    assert audit.people == 1_000
    assert named(audit, "missing", "first_name")[0] == (sum(not row["given_name"] for row in rows), 1_000)
    states = [row["state"] for row in rows if row["state"]]
    assert named(audit, "allowed", "attributes.state")[0] == (sum(s not in known for s in states), len(states))
    assert named(audit, "missing", "country")[0] == (1_000, 1_000)
    assert not DuplicatePair.objects.exists()


def test_create_customer__after_an_audit__is_not_behind_it():
    audited()

    create_customer(properties={"external_id": "new"}, by=SYSTEM, now=NOON)

    assert not QualityExample.objects.exists()

"""Importing files from staging to figures: real rows, messy files, killed workers, rehearsals."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.db.models import Sum

from core.actors import Actor, ActorKind
from core.errors import Conflict, InvalidInput, InvalidState
from core.jobs import ask_job
from core.models import AuditEntry, Job, JobState, OutboxMessage
from customers.models import Customer, CustomerTag, Identity, ImportFile, Purchase, RefusedRow
from customers.selectors.imports import header_drift, path_of, refused_csv
from customers.services import guards
from customers.services.customers import create_customer
from customers.services.import_runs import CHUNK, run_import
from customers.services.imports import (
    clean_up_imports,
    discard_import,
    map_import,
    stage_import,
    start_import,
    state_basis,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAFF = Actor(kind=ActorKind.STAFF, id="usr_me")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


def stage(text, target="customers", name="file.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return stage_import(chunks=[data], file_name=name, target=target, by=STAFF, now=NOON)


def run(file, *, dry_run=False, again=False, **mapping):
    if mapping:
        map_import(file=file, mapping=file.mapping | mapping, now=NOON)
    job = start_import(file=file, dry_run=dry_run, by=STAFF, now=NOON, again=again, run_here=True)
    run_import(job_id=job.public_id, clock=lambda: NOON)
    job.refresh_from_db()
    file.refresh_from_db()
    return job


PEOPLE = """customer id,Email,First Name,Country,Tags,Shoe
1,one@example.com,Ona,Germany,"vip, news",38
2,TWO@example.com,Tom,US,,
2,two@example.com,Tom,US,,
,one@example.com,Onna,,late,
3,broken,Eve,,,
4,guest@guest.com,,,,
5,card@example.com,4242 4242 4242 4242,,,
6,taken@example.com,Max,Atlantis,,
,,Nobody,,,
"""


def test_run_import__customers__answers_for_every_row(db):
    job = run(stage(PEOPLE))

    assert job.state == JobState.SUCCEEDED
    assert job.result["rows"] == 9
    assert (job.result["created"], job.result["updated"], job.result["unchanged"]) == (2, 1, 1)
    assert job.result["reasons"] == {
        "invalid_email": 1,
        "blocked_value": 1,
        "payment_card": 1,
        "unknown_country": 1,
        "missing_identity": 1,
    }
    one = Customer.objects.get(external_id="1")
    assert (one.first_name, one.country, one.created_via[:4]) == ("Onna", "DE", "imp_")
    assert sorted(CustomerTag.objects.filter(customer=one).values_list("tag__name", flat=True)) == [
        "late",
        "news",
        "vip",
    ]
    assert not RefusedRow.objects.filter(values__contains=["4242 4242 4242 4242"]).exists()
    assert AuditEntry.objects.filter(action="customer.created").count() == 0
    assert AuditEntry.objects.filter(action="import.finished").count() == 1
    assert OutboxMessage.objects.filter(topic="customer.created").count() == 2


def test_run_import__rehearsal__has_the_same_figures_and_stores_nothing():
    create_customer(properties={"external_id": "2", "first_name": "Tim"}, by=STAFF, now=NOON)
    before = (OutboxMessage.objects.count(), Identity.objects.count(), Customer.objects.get().xid)
    file = stage(PEOPLE)

    tried = run(file, dry_run=True)

    assert Customer.objects.count() == 1
    assert (OutboxMessage.objects.count(), Identity.objects.count(), Customer.objects.get().xid) == before
    assert not CustomerTag.objects.exists()
    assert RefusedRow.objects.count() == 5
    real = run(file)
    assert {**tried.result, "dry_run": False} == real.result
    assert RefusedRow.objects.count() == 5


def test_run_import__keep_known_customers__leaves_them_as_they_are():
    create_customer(properties={"external_id": "1", "first_name": "Old"}, by=STAFF, now=NOON)

    job = run(stage(PEOPLE), update=False)

    assert Customer.objects.get(external_id="1").first_name == "Old"
    assert (job.result["created"], job.result["unchanged"]) == (2, 2)


def test_run_import__suppressed_people__are_refused_rows(monkeypatch):
    monkeypatch.setitem(guards._suppressions, "test", lambda ids: {i for i in ids if i[1] == "one@example.com"})

    job = run(stage("id,email\n1,one@example.com\n2,two@example.com\n"))

    assert job.result["reasons"] == {"suppressed": 1}
    assert Customer.objects.get().email == "two@example.com"


def test_run_import__consent_column__reaches_the_floor_that_keeps_it(monkeypatch):
    told = []
    refusal = Conflict("She said no herself.")

    def importer(stated, basis, now):
        told.extend((one.purpose, one.yes, basis["import"], basis["actor"]) for one in stated)
        return [guards.Fate.RECORDED if one.yes else refusal for one in stated]

    monkeypatch.setattr(guards, "_consent_importers", {"test": importer})
    monkeypatch.setattr(guards, "_basis_checks", {"test": lambda basis, purposes, now: []})
    file = stage("id,email,ok\n1,one@example.com,yes\n2,two@example.com,no\n3,three@example.com,\n")
    columns = {"id": "external_id", "email": "email", "ok": "consent"}
    map_import(file=file, mapping={"columns": columns}, now=NOON)

    with pytest.raises(InvalidInput, match="what the people consented to"):
        start_import(file=file, dry_run=False, by=STAFF, now=NOON)
    state_basis(file=file, basis={"purposes": ["news"], "reference": "fair-2026"}, now=NOON)
    tried = run(file, dry_run=True)
    told_while_tried = list(told)
    done = run(file)

    assert told_while_tried == []
    assert tried.result["notes"] == {"consent_stated": 2}
    assert sorted(told) == [
        ("news", False, file.public_id, "staff:usr_me"),
        ("news", True, file.public_id, "staff:usr_me"),
    ]
    assert (done.result["created"], done.result["refused"]) == (3, 0)
    assert done.result["notes"] == {"consent_recorded": 1, "consent_state_conflict": 1}
    remark = RefusedRow.objects.get()
    assert (remark.row, remark.code, remark.column) == (3, "consent_state_conflict", "ok")


def test_start_import__same_content_twice__is_refused_unless_told():
    run(stage(PEOPLE))
    twin = stage(PEOPLE, name="other.csv")

    with pytest.raises(Conflict) as refusal:
        start_import(file=twin, dry_run=False, by=STAFF, now=NOON)

    assert refusal.value.code == "duplicate_file"
    assert run(twin, again=True).result["created"] == 0


def test_start_import__stored_file__is_refused():
    file = stage(PEOPLE)
    run(file)

    with pytest.raises(InvalidState):
        start_import(file=file, dry_run=False, by=STAFF, now=NOON, again=True)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"PK\x03\x04 workbook", "not_text")],
)
def test_stage_import__no_csv__is_refused_and_leaves_no_file(content, code):
    with pytest.raises(InvalidInput) as refusal:
        stage(content)

    assert refusal.value.code == code
    assert not ImportFile.objects.exists()
    assert not list(django_settings.IMPORT_DIR.glob("*"))


def test_map_import__bad_mapping__names_everything_wrong():
    with pytest.raises(InvalidInput) as refusal:
        map_import(file=stage(PEOPLE), mapping={"columns": {"Nope": "email", "Email": "colour"}}, now=NOON)

    assert {problem.param for problem in refusal.value.details} == {"mapping.columns.Nope", "mapping.columns.Email"}


def test_header_drift__changed_header__is_told():
    run(stage("id,email,plan\n1,one@example.com,x\n"))

    drift = header_drift(stage("id,mail,plan\n2,two@example.com,x\n"))

    assert (drift.missing, drift.new) == (("email",), ("mail",))


def test_refused_csv__cells_that_spreadsheets_would_run__are_made_safe():
    file = stage('id,email,first_name\n1,=cmd|x,"=HYPERLINK(""x"")"\n2,@x,+1\n')
    run(file)

    rows = list(csv.reader(io.StringIO("".join(refused_csv(file=file)))))

    assert rows[0] == ["row", "code", "column", "message", "id", "email", "first_name"]
    assert rows[1][5:] == ["'=cmd|x", '\'=HYPERLINK("x")']
    assert rows[2][4:] == ["2", "'@x", "'+1"]


def test_discard_and_clean_up__files_and_rows__are_gone_in_time(django_capture_on_commit_callbacks):
    tried = stage(PEOPLE)
    run(tried, dry_run=True)
    with django_capture_on_commit_callbacks(execute=True):
        discard_import(file=tried, by=STAFF, now=NOON)
    kept = stage(PEOPLE)
    run(kept, dry_run=True)

    removed, rows = clean_up_imports(
        files_before=datetime(2027, 1, 1, tzinfo=UTC), refused_before=NOON, changes_before=NOON
    )

    assert not path_of(tried).exists()
    assert (removed, rows) == (1, 0)
    assert not path_of(kept).exists()


LINES = """InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID
100,2,2026-01-01 10:00:00,1.50,1
100,1,2026-01-01 10:00:00,0.001,1
C101,-1,2026-01-02 10:00:00,1.50,1
102,1,2026-01-02 10:00:00,7.00,
103,1,2026-01-03 10:00:00,9.00,99
100,1,2026-01-03 10:00:00,1.00,2
104,x,2026-01-03 10:00:00,1.00,2
"""


def test_run_import__order_lines__add_up_and_sums_reconcile():
    for number in (1, 2):
        create_customer(properties={"external_id": str(number)}, by=STAFF, now=NOON)

    job = run(stage(LINES, "purchases"), currency="GBP")

    assert job.result["orders"] == 2
    assert job.result["net_accepted"] == {"GBP": "1.501"}
    assert job.result["net_refused"] == {
        "missing_customer": {"GBP": "7.00"},
        "order_of_another_customer": {"GBP": "1.00"},
        "unknown_customer": {"GBP": "9.00"},
    }
    assert job.result["reasons"]["bad_number"] == job.result["unreadable_amounts"] == 1
    order = Purchase.objects.get(order_id="100")
    assert (order.amount, order.lines, order.quantity) == (Decimal("3.001"), 2, 3)
    buyer = Customer.objects.get(external_id="1")
    assert (buyer.orders_count, buyer.orders_total, buyer.last_order_id) == (1, Decimal("1.50"), "100")


def test_run_import__the_same_orders_from_another_file__count_once():
    create_customer(properties={"external_id": "1"}, by=STAFF, now=NOON)
    run(stage(LINES, "purchases"), currency="GBP")

    job = run(stage(LINES + "\n", "purchases"), currency="GBP")

    assert job.result["reasons"]["duplicate_order_id"] == 3
    assert Purchase.objects.aggregate(total=Sum("amount"))["total"] == Decimal("1.501")


class _Killed(BaseException):
    """Stands for the end of a worker process."""


def _many(count):
    return "id,email\n" + "".join(f"{n},p{n}@example.com\n" for n in range(1, count + 1))


def test_run_import__killed_between_chunks_and_run_again__stores_every_row_once():
    file = stage(_many(3 * CHUNK + 7))
    job = start_import(file=file, dry_run=False, by=STAFF, now=NOON, run_here=True)

    def die(_):
        raise _Killed

    with pytest.raises(_Killed):
        run_import(job_id=job.public_id, clock=lambda: NOON, progress=die)
    Job.objects.update(beat_at=None)
    run_import(job_id=job.public_id, clock=lambda: NOON)

    job.refresh_from_db()
    assert (job.state, job.result["created"], job.result["updated"]) == ("succeeded", 3 * CHUNK + 7, 0)
    assert Customer.objects.count() == 3 * CHUNK + 7


def test_run_import__paused_and_resumed__goes_on_where_it_was():
    file = stage(_many(2 * CHUNK))
    job = start_import(file=file, dry_run=False, by=STAFF, now=NOON, run_here=True)

    def pause(_):
        raise AssertionError("went on after the pause")

    Job.objects.update(pause_requested=True)
    run_import(job_id=job.public_id, clock=lambda: NOON, progress=pause)
    job.refresh_from_db()
    paused = (job.state, Customer.objects.count())
    ask_job(job=job, wish="resume", now=NOON)
    run_import(job_id=job.public_id, clock=lambda: NOON)

    job.refresh_from_db()
    assert paused == ("paused", CHUNK)
    assert (job.state, job.result["created"]) == ("succeeded", 2 * CHUNK)


def test_run_import__two_thousand_rows__cost_few_statements(django_assert_max_num_queries):
    file = stage(_many(CHUNK))
    job = start_import(file=file, dry_run=False, by=STAFF, now=NOON, run_here=True)

    with django_assert_max_num_queries(70):
        run_import(job_id=job.public_id, clock=lambda: NOON)


def test_run_import__naughty_strings__break_nothing(shared_data):
    strings = json.loads((shared_data / "vectors/blns.json").read_text())
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "email", "first_name", "tags"])
    writer.writerows([f"n{i}", f"n{i}@example.com", text, text] for i, text in enumerate(strings))

    job = run(stage(out.getvalue().encode("utf-8", "surrogatepass")))

    assert job.state == JobState.SUCCEEDED
    assert job.result["rows"] >= len(strings)
    assert job.result["created"] + job.result["refused"] == job.result["rows"]


@pytest.mark.parametrize("folder", ["csv-spectrum", "messy_csv"])
def test_run_import__files_as_people_send_them__end_with_every_row_accounted_for(shared_data, folder):
    for path in sorted((shared_data / "contacts" / folder).rglob("*.csv")):
        try:
            file = stage(path.read_bytes(), name=path.name)
        except InvalidInput:
            continue
        columns = {header: "first_name" if at else "external_id" for at, header in enumerate(file.headers[:2])}
        job = run(file, columns=columns, again=True)

        assert job.state == JobState.SUCCEEDED, path
        figures = job.result
        assert figures["rows"] == sum(figures[name] for name in ("created", "updated", "unchanged", "refused")), path


@pytest.mark.slow
def test_run_import__online_retail__reconciles_with_the_known_answers(shared_data):
    raw = gzip.decompress((shared_data / "purchases/online_retail.csv.gz").read_bytes())
    buyers = {row["CustomerID"] for row in csv.DictReader(io.StringIO(raw.decode())) if row["CustomerID"]}
    run(stage("customer id\n" + "\n".join(sorted(buyers)) + "\n"))

    job = run(stage(raw, "purchases"), currency="GBP")

    assert job.result["rows"] == 541_909
    assert job.result["reasons"] == {"missing_customer": 135_080}
    total = Decimal(job.result["net_accepted"]["GBP"]) + Decimal(job.result["net_refused"]["missing_customer"]["GBP"])
    assert total.quantize(Decimal("0.01")) == Decimal("9747747.93")
    stored = Purchase.objects.aggregate(total=Sum("amount"), lines=Sum("lines"))
    assert stored == {"total": Decimal(job.result["net_accepted"]["GBP"]), "lines": 541_909 - 135_080}
    assert RefusedRow.objects.count() == 135_080

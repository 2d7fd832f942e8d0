"""Undoing an import: what it made goes, what it changed returns, what is newer stays and is named."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from core.actors import Actor, ActorKind
from core.errors import InvalidState
from core.jobs import ask_job
from core.models import AuditEntry, Job, JobState, OutboxMessage
from core.privacy import erase_everywhere
from customers.models import (
    Customer,
    CustomerTag,
    Identity,
    ImportChange,
    ImportFile,
    Purchase,
    Status,
    TagOrigin,
)
from customers.selectors.imports import list_kept
from customers.services import import_undo
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.import_runs import run_import
from customers.services.import_undo import start_undo, undo_import
from customers.services.imports import clean_up_imports, map_import, stage_import, start_import
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import replace_tags

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
STAFF = Actor(kind=ActorKind.STAFF, id="usr_me")
PEOPLE = """customer id,Email,First Name,Country,Tags
1,one@example.com,Ona,DE,"vip, news"
2,two@example.com,Tom,US,
"""


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


def bring(text=PEOPLE, target="customers", *, dry_run=False, **mapping) -> ImportFile:
    file = stage_import(chunks=[text.encode()], file_name="file.csv", target=target, by=STAFF, now=NOON)
    if mapping:
        map_import(file=file, mapping=file.mapping | mapping, now=NOON)
    job = start_import(file=file, dry_run=dry_run, by=STAFF, now=NOON, again=True, run_here=True)
    run_import(job_id=job.public_id, clock=lambda: NOON)
    file.refresh_from_db()
    return file


def undo(file, now=LATER) -> Job:
    job = start_undo(file=file, by=STAFF, now=now)
    undo_import(job_id=job.public_id, clock=lambda: now)
    job.refresh_from_db()
    file.refresh_from_db()
    return job


def known(reference) -> Customer:
    return Customer.objects.get(external_id=reference)


def test_undo__new_customers__are_tombstones_that_readers_of_changes_see():
    file = bring()
    ids = [*Customer.objects.order_by("pk").values_list("public_id", flat=True)]

    job = undo(file)

    assert job.state == JobState.SUCCEEDED
    assert job.result == {"removed": 2, "restored": 0, "kept": 0, "reasons": {}, "import": file.public_id}
    assert [*Customer.objects.order_by("pk").values_list("status", "email", "delete_reason")] == [
        (Status.DELETED, None, "import undone"),
        (Status.DELETED, None, "import undone"),
    ]
    assert not Identity.objects.exists()
    assert not CustomerTag.objects.exists()
    gone = OutboxMessage.objects.filter(topic="customer.deleted").order_by("pk").values_list("subject", flat=True)
    assert [*gone] == ids
    assert AuditEntry.objects.filter(action="import.undone", target=file.public_id).count() == 1
    assert file.undone_at


def test_undo__changed_customer__is_as_before_with_tags_and_identifiers():
    replace_tags(
        customer=create_customer(
            properties={
                "external_id": "1",
                "email": "old@example.com",
                "first_name": "Una",
                "birth_date": "1990-01-02",
            },
            by=STAFF,
            now=NOON,
        ),
        tags=["news"],
        origin=TagOrigin.PERSON,
        by=STAFF,
        now=NOON,
    )
    file = bring(PEOPLE.splitlines()[0] + '\n1,one@example.com,Ona,DE,"vip, news"\n')
    assert known("1").first_name == "Ona"

    job = undo(file)

    row = known("1")
    assert (row.email, row.first_name, row.country, row.birth_date.isoformat()) == (
        "old@example.com",
        "Una",
        "",
        "1990-01-02",
    )
    assert [*CustomerTag.objects.values_list("tag__name", flat=True)] == ["news"]
    emails = Identity.objects.filter(kind="email").values_list("value", flat=True)
    assert [*emails] == ["old@example.com"]
    assert (job.result["restored"], job.result["removed"], job.result["kept"]) == (1, 0, 0)
    assert not ImportChange.objects.exists()


def test_undo__one_row_twice_in_the_file__goes_back_to_what_was_before_the_first():
    create_customer(properties={"external_id": "1", "first_name": "Una"}, by=STAFF, now=NOON)
    file = bring("customer id,First Name\n1,Ona\n1,Onna\n")

    undo(file)

    assert known("1").first_name == "Una"


def test_undo__field_changed_since__stays_while_the_others_return():
    create_customer(properties={"external_id": "1", "first_name": "Una"}, by=STAFF, now=NOON)
    file = bring("customer id,First Name,Country\n1,Ona,DE\n")
    update_customer(customer=known("1"), properties={"first_name": "Newest"}, by=STAFF, now=NOON)

    job = undo(file)

    assert (known("1").first_name, known("1").country) == ("Newest", "")
    assert job.result["reasons"] == {"changed_since": 1}
    assert [change.customer_id for change in list_kept(file=file)] == [known("1").pk]


@pytest.mark.parametrize("touch", ["edited", "bought", "seen"])
def test_undo__new_customer_on_whom_something_newer_stands__stays(touch):
    file = bring()
    first = known("1")
    if touch == "edited":
        update_customer(customer=first, properties={"last_name": "Miller"}, by=STAFF, now=LATER)
    elif touch == "bought":
        order = NewPurchase(first.pk, "A-1", Decimal(5), "EUR", NOON)
        record_purchase(purchase=order, source="api", by=STAFF, now=LATER)
    else:
        Customer.objects.filter(pk=first.pk).update(last_seen_at=LATER)

    job = undo(file)

    assert known("1").status == Status.ACTIVE
    assert (job.result["removed"], job.result["kept"]) == (1, 1)
    assert job.result["reasons"] == {"used_since" if touch == "seen" else "changed_since": 1}


def test_undo__former_address_taken_meanwhile__is_named():
    create_customer(properties={"external_id": "1", "email": "old@example.com"}, by=STAFF, now=NOON)
    file = bring("customer id,Email\n1,new@example.com\n")
    create_customer(properties={"external_id": "9", "email": "old@example.com"}, by=STAFF, now=NOON)

    job = undo(file)

    assert known("1").email == "new@example.com"
    assert job.result["reasons"] == {"duplicate_email": 1}


def test_undo__customer_deleted_since__is_left_alone():
    file = bring()
    delete_customer(customer=known("1"), reason="asked", by=STAFF, now=LATER)

    job = undo(file)

    assert job.result["removed"] == 1
    assert Customer.objects.filter(delete_reason="asked").count() == 1


def test_undo__purchases__are_gone_and_the_figures_count_them_no_more():
    bring()
    record_purchase(
        purchase=NewPurchase(known("1").pk, "OWN", Decimal(7), "EUR", NOON), source="api", by=STAFF, now=NOON
    )
    file = bring("order id,customer id,date,amount,currency\nA,1,2026-01-01T10:00:00Z,5,EUR\n", "purchases")
    assert known("1").orders_count == 2

    job = undo(file)

    assert [*Purchase.objects.values_list("order_id", flat=True)] == ["OWN"]
    assert (known("1").orders_count, known("1").orders_total) == (1, Decimal(7))
    assert job.result == {"removed": 1, "import": file.public_id}


def test_undo__stopped_and_started_again__undoes_each_row_once(monkeypatch):
    monkeypatch.setattr(import_undo, "CHUNK", 1)
    file = bring()

    def clock():
        job = Job.objects.get(kind="import_undo")
        if Customer.objects.filter(status=Status.DELETED).exists() and job.state == JobState.RUNNING:
            ask_job(job=job, wish="stop", now=LATER)
        return LATER

    with transaction.atomic():
        undo_import(job_id=start_undo(file=file, by=STAFF, now=LATER).public_id, clock=clock)
    first = Customer.objects.filter(status=Status.DELETED).count()
    file.refresh_from_db()
    again = undo(file)

    assert first == 1
    assert file.undone_at
    assert again.result["removed"] == 2
    assert Customer.objects.filter(status=Status.DELETED).count() == 2


def test_start_undo__again_or_too_late_or_nothing_stored__is_refused_and_nothing_happens():
    file = bring()
    rehearsed = bring(dry_run=True)

    with pytest.raises(InvalidState, match="7 days"):
        start_undo(file=file, by=STAFF, now=NOON + timedelta(days=8))
    with pytest.raises(InvalidState, match="stored nothing"):
        start_undo(file=rehearsed, by=STAFF, now=NOON)
    undo(file)
    with pytest.raises(InvalidState, match="undone already"):
        start_undo(file=file, by=STAFF, now=LATER)

    assert AuditEntry.objects.filter(action="import.undo_started").count() == 1


def test_undo__then_the_same_file__can_be_imported_again():
    undo(bring())

    file = stage_import(chunks=[PEOPLE.encode()], file_name="file.csv", target="customers", by=STAFF, now=LATER)
    job = start_import(file=file, dry_run=False, by=STAFF, now=LATER, run_here=True)
    run_import(job_id=job.public_id, clock=lambda: LATER)

    assert Customer.objects.known().count() == 2


def test_changes__customer_erased_or_time_over__are_gone():
    bring()
    with transaction.atomic():
        erase_everywhere([known("1").pk])
    left = ImportChange.objects.count()

    clean_up_imports(files_before=NOON, refused_before=NOON, changes_before=LATER)

    assert left == 1
    assert not ImportChange.objects.exists()

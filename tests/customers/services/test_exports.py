"""Exporting members of a segment: who is in the file and who is not, how long it is kept, who was told."""

import csv
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import DisclosureFlow, Processor
from consent.services.disclosures import drain_disclosures, hand_on
from consent.services.registers import save_entry
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Forbidden, Gone, InvalidInput, InvalidState
from core.jobs import ask_job
from core.models import AuditEntry, Job, JobState
from customers.models import MemberExport
from customers.selectors.exports import export_path, standing
from customers.services import export_files
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.export_files import write_export
from customers.services.exports import (
    MOST_DOWNLOADS,
    decide_export,
    forget_exports,
    note_export_download,
    remove_exports,
    request_export,
)
from customers.services.segments import archive_segment, change_members, define_segment
from tests.factories.consent import make_person
from tests.factories.registers import processor_values

pytestmark = pytest.mark.django_db
STAFF = Actor(kind=ActorKind.STAFF, id="usr_me")
OTHER = Actor(kind=ActorKind.STAFF, id="usr_other")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def people():
    ana = make_person(email="ana@example.com", first_name="=Ana", is_known=True)
    bo = make_person(email="bo@example.com", is_known=True)
    cy = create_customer(properties={"email": "cy@example.com", "country": "DE"}, by=SYSTEM, now=timezone.now())
    return {"ana": ana, "bo": bo, "cy": cy}


@pytest.fixture
def friends(people):
    segment = define_segment(name="Friends", kind="static", by=SYSTEM, now=timezone.now())
    ids = [person.pk for person in people.values()]
    return change_members(segment=segment, add=ids, by=SYSTEM, now=timezone.now())


def ask(segment, **values):
    given = {
        "purpose": "marketing_email",
        "reason": "Print shop",
        "fields": ["email", "first_name", "tags", "entered_at"],
        "form": "csv",
        "sees_pii": True,
        "alone": False,
        "by": STAFF,
        "now": timezone.now(),
    }
    return request_export(segment=segment, **(given | values))


def written(segment, **values):
    export = ask(segment, **values)
    write_export(job_id=export.job.public_id, clock=timezone.now)
    export.refresh_from_db()
    return export


def test_export__csv__holds_those_the_purpose_is_allowed_for_and_counts_the_others(people, friends):
    export = written(friends)

    rows = list(csv.reader(export_path(export).open()))
    assert rows[0] == ["id", "email", "first_name", "tags", "entered_at"]
    assert [row[:3] for row in rows[1:]] == [
        [people["ana"].public_id, "ana@example.com", "'=Ana"],
        [people["bo"].public_id, "bo@example.com", ""],
    ]
    assert (export.rows, export.left_out, standing(export, timezone.now())) == (2, {"no_consent": 1}, "ready")
    assert export.expires_at - export.built_at == timedelta(hours=24)
    assert export_path(export).stat().st_mode & 0o777 == 0o600
    job = Job.objects.get()
    assert (job.state, job.result["rows"], job.result["left_out"]) == (JobState.SUCCEEDED, 2, {"no_consent": 1})
    assert list(AuditEntry.objects.filter(target=export.public_id).order_by("id").values_list("action", "reason")) == [
        ("export.requested", "Print shop"),
        ("export.written", "Print shop"),
    ]


def test_export__ndjson__has_a_line_a_person_with_values_as_the_api_gives_them(people, friends):
    export = written(friends, form="ndjson", fields=["orders", "country", "attributes"], purpose="service")

    lines = [json.loads(line) for line in export_path(export).read_text().splitlines()]
    assert [line["id"] for line in lines] == [people[name].public_id for name in ("ana", "bo", "cy")]
    assert lines[0] == {
        "id": people["ana"].public_id,
        "country": "DE",
        "attributes": {},
        "orders": {"count": 0, "total": 0.0, "total_minor": 0, "currency": None},
    }


def test_export__written__is_in_the_ledger_of_disclosures(people, friends):
    written(friends)
    hand_on()
    drain_disclosures()

    flows = DisclosureFlow.objects.filter(way="export", recipient="staff:usr_me")
    assert "groups, identifiers, name, record" in [", ".join(flow.kinds.split(", ")) for flow in flows]


def test_export__page_by_page__leaves_nobody_out(people, friends, monkeypatch):
    monkeypatch.setattr(export_files, "PAGE", 1)

    export = written(friends, purpose="service")

    assert export.rows == 3 and Job.objects.get().done == 3


def test_export__stopped__leaves_no_file(friends, monkeypatch):
    monkeypatch.setattr(export_files, "PAGE", 1)
    export = ask(friends)
    clocks = []

    def clock():
        clocks.append(1)
        if len(clocks) == 3:
            ask_job(job=export.job, wish="stop", now=timezone.now())
        return timezone.now()

    write_export(job_id=export.job.public_id, clock=clock)

    export.refresh_from_db()
    assert (standing(export, timezone.now()), list(export_path(export).parent.iterdir())) == ("stopped", [])


def test_export__somebody_erased_afterwards__takes_the_files_that_name_her_away(people, friends):
    export, other = written(friends), written(friends, purpose="marketing_sms")

    delete_customer(customer=people["ana"], reason="asked", by=SYSTEM, now=timezone.now())

    export.refresh_from_db()
    other.refresh_from_db()
    assert (standing(export, timezone.now()), standing(other, timezone.now())) == ("gone", "ready")


def test_export__somebody_erased_while_it_is_written__is_not_in_it(people, friends, monkeypatch):
    monkeypatch.setattr(export_files, "PAGE", 1)
    export, calls = ask(friends), []

    def clock():
        calls.append(1)
        if len(calls) == 4:
            delete_customer(customer=people["ana"], reason="asked", by=SYSTEM, now=timezone.now())
        return timezone.now()

    write_export(job_id=export.job.public_id, clock=clock)

    export.refresh_from_db()
    assert export.rows == 1
    assert people["ana"].public_id not in export_path(export).read_text()


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"purpose": "fun"}, InvalidInput),
        ({"fields": ["shoe"]}, InvalidInput),
        ({"form": "xls"}, InvalidInput),
        ({"reason": "  "}, InvalidInput),
        ({"sees_pii": False}, Forbidden),
    ],
)
def test_request_export__what_cannot_be__is_refused_and_nothing_starts(friends, values, refusal):
    with pytest.raises(refusal):
        ask(friends, **values)

    assert not MemberExport.objects.exists() and not Job.objects.exists()


def test_request_export__archived_segment__is_refused(friends):
    archive_segment(segment=friends, by=SYSTEM, now=timezone.now())
    friends.refresh_from_db()

    with pytest.raises(InvalidState):
        ask(friends)


def test_request_export__large_segment__waits_for_somebody_else(friends, settings):
    settings.EXPORT_ROWS_ALONE = 2
    export = ask(friends)

    with pytest.raises(InvalidState, match="Somebody else"):
        decide_export(export=export, grant=True, by=STAFF, now=timezone.now())
    waiting = (export.state, export.job)
    granted = decide_export(export=export, grant=True, by=OTHER, now=timezone.now())

    assert waiting == ("waiting", None)
    assert granted.job.owner == "staff:usr_me"
    with pytest.raises(InvalidState):
        decide_export(export=export, grant=False, by=OTHER, now=timezone.now())


def test_request_export__large_segment_refused__is_never_written(friends, settings):
    settings.EXPORT_ROWS_ALONE = 2

    refused = decide_export(export=ask(friends), grant=False, by=OTHER, now=timezone.now())

    assert (refused.state, refused.job) == ("refused", None)


def test_request_export__who_may_approve__does_not_wait(friends, settings):
    settings.EXPORT_ROWS_ALONE = 2

    assert ask(friends, alone=True).job is not None


def test_download__counted__until_the_file_is_gone(friends):
    export = written(friends)

    for _ in range(MOST_DOWNLOADS):
        note_export_download(export=export, by=STAFF, now=timezone.now())
    with pytest.raises(Gone):
        note_export_download(export=export, by=STAFF, now=timezone.now())

    assert AuditEntry.objects.filter(action="export.downloaded").count() == MOST_DOWNLOADS


def test_download__before_it_is_written_and_after_its_time__is_refused(friends):
    early, late = ask(friends), written(friends)

    with pytest.raises(InvalidState):
        note_export_download(export=early, by=STAFF, now=timezone.now())
    with pytest.raises(Gone):
        note_export_download(export=late, by=STAFF, now=timezone.now() + timedelta(hours=25))


def test_remove_exports__time_over__takes_the_file_and_later_the_row(friends, django_capture_on_commit_callbacks):
    export, tomorrow = written(friends), timezone.now() + timedelta(hours=25)

    with django_capture_on_commit_callbacks(execute=True):
        gone = (remove_exports(now=timezone.now()), remove_exports(now=tomorrow), remove_exports(now=tomorrow))

    assert gone == (0, 1, 0)
    assert not export_path(export).exists()
    assert forget_exports(before=tomorrow) == 1


def company(**facts):
    today = timezone.now().date()
    proof = {"certificate": "SOC 2 Type II", "certificate_ends_on": today + timedelta(days=99)}
    return save_entry(row=Processor(), values=processor_values(**(proof | facts)), by=SYSTEM, now=timezone.now())


def test_export__for_a_company__leaves_out_confidential_attributes_and_people_by_place(people, friends):
    for key, pii_class in (("badge", "confidential"), ("plan", "none")):
        values = {"name": key, "purpose": "service", "pii_class": pii_class}
        define_attribute(key=key, value_type="text", values=values, by=SYSTEM, now=timezone.now())
    for name, place in (("ana", "US"), ("bo", "FR")):
        properties = {"country": place, "attributes": {"badge": "badge-4711", "plan": "pro"}}
        update_customer(customer=people[name], properties=properties, by=SYSTEM, now=timezone.now())
    row = company(country="US", transfer="none")

    export = written(friends, form="ndjson", fields=["attributes"], purpose="service", recipient=row.public_id)

    lines = [json.loads(line) for line in export_path(export).read_text().splitlines()]
    assert lines == [{"id": people["ana"].public_id, "attributes": {"plan": "pro"}}]
    assert export.left_out == {"no_transfer_ground": 2}
    assert export.withheld == ["attributes.badge"]
    hand_on()
    drain_disclosures()
    assert DisclosureFlow.objects.filter(recipient=f"processor:{row.public_id}").exists()


def test_export__for_a_company_whose_agreement_ended__is_refused_and_nothing_is_stored(friends):
    row = company(agreement_ends_on=timezone.now().date() - timedelta(days=1))

    with pytest.raises(InvalidState, match="agreement with Mail House ended"):
        ask(friends, recipient=row.public_id)

    assert not MemberExport.objects.exists()


def test_export__agreement_ends_before_it_is_written__breaks_off_with_the_reason(friends):
    row = company()
    export = ask(friends, recipient=row.public_id)
    Processor.objects.update(agreement_ends_on=timezone.now().date() - timedelta(days=1))

    with pytest.raises(InvalidState, match="ended on"):
        write_export(job_id=export.job.public_id, clock=timezone.now)

    assert "agreement with Mail House ended" in Job.objects.get().error
    assert not export_path(export).exists()

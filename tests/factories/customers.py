"""Files on their way in, and attributes."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from core.models import Job
from customers.console.panels import seal_place
from customers.models import (
    AttributeDefinition,
    Customer,
    DuplicatePair,
    ImportFile,
    ScoreModel,
    Segment,
    SegmentVersion,
    Tag,
)
from customers.selectors.segments.listing import find_segment
from customers.selectors.timeline import Position
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer
from customers.services.export_files import write_export
from customers.services.exports import request_export
from customers.services.import_runs import run_import
from customers.services.imports import stage_import, start_import
from customers.services.merges import request_merge
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.score_runs import compute_scores
from customers.services.scores import activate_score, change_score, define_score
from customers.services.segment_builds import build_segment
from customers.services.segments import change_members, define_segment
from customers.services.tag_rules import define_tag_rule

PEOPLE = b"customer id,email,first name\n1,one@example.com,Ona\n2,broken,Tom\n"


def make_import(content: bytes = PEOPLE, *, dry_run: bool | None = None, **options: Any) -> ImportFile:
    """A staged file of customers; with `dry_run` it was tried (True) or stored (False)."""
    by, now = Actor(kind=ActorKind.STAFF, id="usr_me"), timezone.now()
    file = stage_import(chunks=[content], file_name="people.csv", target="customers", by=by, now=now)
    if dry_run is not None:
        job = start_import(file=file, dry_run=dry_run, by=by, now=now, run_here=True, **options)
        run_import(job_id=job.public_id, clock=timezone.now)
        file.refresh_from_db()
    return file


def import_example() -> dict[str, str]:
    """The address of a file that was staged."""
    return {"public_id": make_import().public_id}


def attribute_example() -> dict[str, str]:
    """The address of a definition."""
    number = AttributeDefinition.objects.count()
    values = {"options": ["free", "pro"], "purpose": "billing"}
    row = define_attribute(key=f"plan_{number}", value_type="enum", values=values, by=SYSTEM, now=timezone.now())
    return {"key": row.key}


def timeline_example() -> dict[str, str]:
    """The address of an order on somebody's timeline."""
    customer = Customer.objects.create(public_id=Customer.new_public_id(), country="DE")
    order = NewPurchase(customer.pk, f"A-{customer.pk}", Decimal("49.90"), "EUR", timezone.now())
    stored = record_purchase(purchase=order, source="api", by=SYSTEM, now=timezone.now())
    place = Position(at=stored.purchased_at, source="purchases", row=stored.public_id)
    return {"public_id": customer.public_id, "place": seal_place(place, customer)}


def make_pair() -> tuple[Customer, Customer]:
    """Two profiles of one person."""
    number, now = Customer.objects.count(), timezone.now()
    one = {"external_id": f"person-{number}", "first_name": "Jane", "country": "DE"}
    two = {"email": f"jane.{number}@example.com", "last_name": "Doe", "birth_date": "1984-05-23"}
    first, second = (create_customer(properties=properties, by=SYSTEM, now=now) for properties in (one, two))
    return first, second


def pair_example() -> dict[str, str]:
    """The address of the preview of a merge."""
    first, second = make_pair()
    return {"public_id": first.public_id, "other_id": second.public_id}


def merge_example() -> dict[str, str]:
    """The address of a merge that waits."""
    first, second = make_pair()
    merge = request_merge(survivor=first, absorbed=second, reason="Same person.", by=SYSTEM, now=timezone.now())
    return {"public_id": merge.public_id}


def make_duplicate() -> DuplicatePair:
    """A pair that the finder found."""
    first, second = sorted(make_pair(), key=lambda row: row.pk)
    evidence = [
        {"field": "last_name", "agreement": "same", "weight": 6.6},
        {"field": "birth_date", "agreement": "close", "weight": 5.0},
        {"field": "city", "agreement": "different", "weight": -2.5},
    ]
    return DuplicatePair.objects.create(
        public_id=DuplicatePair.new_public_id(), left=first, right=second, score=Decimal("15.5"), evidence=evidence
    )


def duplicate_example() -> dict[str, str]:
    """The address of a pair to review."""
    return {"public_id": make_duplicate().public_id}


def tag_example() -> dict[str, int]:
    """The address of a tag."""
    name = f"loyalty:{Tag.objects.count()}"
    return {"tag_id": Tag.objects.create(name=name).pk}


def tag_rule_example() -> dict[str, int]:
    """The address of a tag that a rule gives."""
    name, slug = f"engaged:{Tag.objects.count()}", segment_example()["slug"]
    return {"tag_id": define_tag_rule(name=name, segment=slug, by=SYSTEM, now=timezone.now()).tag_id}


def segment_example() -> dict[str, str]:
    """The address of a segment that was calculated."""
    number = Segment.objects.count()
    properties = {"external_id": f"segment-{number}", "country": "DE", "first_name": "Ana"}
    create_customer(properties=properties, by=SYSTEM, now=timezone.now())
    rule = {"version": 1, "rule": {"all": [{"on": "profile", "field": "country", "op": "is_one_of", "value": ["DE"]}]}}
    segment = define_segment(name=f"Germans {number}", rule=rule, by=SYSTEM, now=timezone.now())
    for version in list(SegmentVersion.objects.filter(segment=segment)):
        build_segment(version_id=version.pk, clock=timezone.now)
    return {"slug": segment.slug}


def score_example() -> dict[str, str]:
    """The address of a score that was calculated and has a draft behind it."""
    number, now = ScoreModel.objects.count(), timezone.now()
    create_customer(properties={"external_id": f"score-{number}", "country": "DE"}, by=SYSTEM, now=now)
    when = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    rules = {"version": 1, "minimum": 0, "maximum": 100, "rules": [{"name": "German", "when": when, "points": 10}]}
    model = define_score(name=f"Warmth {number}", definition=rules, by=SYSTEM, now=now)
    job = activate_score(model=model, by=SYSTEM, now=now)
    if Job.objects.get(pk=job.pk).state == "queued":
        compute_scores(job_id=job.public_id, clock=timezone.now)
    change_score(model=model, values={"definition": rules | {"maximum": 50}}, by=SYSTEM, now=now)
    return {"slug": model.slug}


def list_example() -> dict[str, str]:
    """The address of a list kept by hand, with somebody on it."""
    number, now = Segment.objects.count(), timezone.now()
    person = create_customer(properties={"external_id": f"listed-{number}", "country": "DE"}, by=SYSTEM, now=now)
    segment = define_segment(name=f"Friends {number}", kind="static", by=SYSTEM, now=now)
    change_members(segment=segment, add=[person.pk], by=SYSTEM, now=now)
    return {"slug": segment.slug}


def export_example() -> dict[str, str]:
    """The address of an export that was written."""
    segment = find_segment(list_example()["slug"])
    export = request_export(
        segment=segment,
        purpose="marketing_email",
        reason="Print shop",
        fields=["country"],
        form="csv",
        sees_pii=False,
        alone=True,
        by=Actor(kind=ActorKind.STAFF, id="usr_me"),
        now=timezone.now(),
    )
    if export.job and Job.objects.get(pk=export.job.pk).state == "queued":
        write_export(job_id=export.job.public_id, clock=timezone.now)
    return {"public_id": export.public_id}

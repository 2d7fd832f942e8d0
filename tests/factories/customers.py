"""Files on their way in, and attributes."""

from typing import Any

from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from customers.models import AttributeDefinition, ImportFile
from customers.services.attributes import define_attribute
from customers.services.import_runs import run_import
from customers.services.imports import stage_import, start_import

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

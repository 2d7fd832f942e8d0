"""Files of OneTrust that staff bring."""

from datetime import timedelta

from django.utils import timezone

from consent.models import Processor
from consent.services.onetrust_files import stage_onetrust
from consent.services.registers import save_entry
from core.actors import SYSTEM, Actor, ActorKind
from tests.factories.registers import processor_values

CONTENT = b"Identifier,Purpose Name,Purpose Status,Interaction Date\none@example.com,News,ACTIVE,2026-03-02T10:00:00Z\n"


def onetrust_example() -> dict[str, str]:
    """The address of a file that was staged."""
    by, now = Actor(kind=ActorKind.STAFF, id="usr_me"), timezone.now()
    file = stage_onetrust(chunks=[CONTENT], file_name="export.csv", by=by, now=now)
    return {"public_id": file.public_id}


def onetrust_wish() -> dict[str, str]:
    """The query of the file that goes out: a company whose agreement holds, and one purpose."""
    now = timezone.now()
    proof = {"certificate": "ISO 27001", "certificate_ends_on": now.date() + timedelta(days=90)}
    company = save_entry(row=Processor(), values=processor_values(name="OneTrust", **proof), by=SYSTEM, now=now)
    return {"recipient": company.public_id, "identifier": "email", "purpose": "marketing_email=Newsletter"}

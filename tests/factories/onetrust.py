"""Files of OneTrust that staff bring."""

from django.utils import timezone

from consent.services.onetrust_files import stage_onetrust
from core.actors import Actor, ActorKind

CONTENT = b"Identifier,Purpose Name,Purpose Status,Interaction Date\none@example.com,News,ACTIVE,2026-03-02T10:00:00Z\n"


def onetrust_example() -> dict[str, str]:
    """The address of a file that was staged."""
    by, now = Actor(kind=ActorKind.STAFF, id="usr_me"), timezone.now()
    file = stage_onetrust(chunks=[CONTENT], file_name="export.csv", by=by, now=now)
    return {"public_id": file.public_id}

"""Publishing the words shown for a purpose: a new version beside the old ones, never in their place."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max

from consent.models import NoticeVersion, Purpose
from consent.selectors.catalogue import forget_catalogue
from core import audit, jobs, outbox
from core.actors import Actor
from core.errors import InvalidInput, NotFound

MIN_WORDS: Final = 5
MAX_LENGTH: Final = 10_000


@transaction.atomic
def publish_notice(
    *, purpose: str, texts: Mapping[str, str], material: bool, by: Actor, now: datetime
) -> list[NoticeVersion]:
    """The next version of a purpose's notice is out, one row a language, immutable from now on.

    `texts` maps locales (`en`, `de-AT`) to the words. `material` means people must be asked again: consents under
    earlier versions no longer allow anything, which a job brings to everybody's record. Refuses an unknown purpose,
    no text, and a text too short or too long to be one.
    """
    row = Purpose.objects.select_for_update().filter(key=purpose, archived_at=None).first()
    if row is None:
        raise NotFound("There is no purpose with this key.")
    _check(texts)
    version = (row.notices.aggregate(last=Max("version"))["last"] or 0) + 1
    rows = NoticeVersion.objects.bulk_create(
        _version(row, version, locale, text, material, now) for locale, text in sorted(texts.items())
    )
    changes = {"version": [version - 1, version], "locales": ["", ",".join(sorted(texts))], "material": ["", material]}
    audit.record(by=by, action="notice.published", target=purpose, changes=changes)
    outbox.publish(topic="notice.published", subject=purpose, payload={"purpose": purpose, "version": version})
    transaction.on_commit(forget_catalogue)
    if material:
        jobs.start_job(
            kind="consent.recompute",
            title=f"Ask again: {row.name}",
            task="consent.tasks.recompute_purpose",
            parameters={"purpose": purpose},
            by=by,
            now=now,
        )
    return rows


def _check(texts: Mapping[str, str]) -> None:
    if not texts:
        raise InvalidInput("A notice needs its words in at least one language.", param="texts")
    for locale, text in texts.items():
        if len(text.split()) < MIN_WORDS or len(text) > MAX_LENGTH:
            raise InvalidInput(f"The words in '{locale}' cannot be a notice.", param=f"texts.{locale}")


def _version(purpose: Purpose, version: int, locale: str, text: str, material: bool, now: datetime) -> NoticeVersion:
    return NoticeVersion(
        public_id=NoticeVersion.new_public_id(),
        purpose=purpose,
        version=version,
        locale=locale,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        material=material,
        published_at=now,
    )

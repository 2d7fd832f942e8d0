"""Purposes and the words shown for them."""

from typing import Any

from django.db.models import Count, Prefetch, QuerySet

from consent.models import ConsentState, NoticeVersion, Purpose
from consent.selectors.answers import notice_reference
from consent.selectors.catalogue import SERVICE_BIT
from core.errors import NotFound
from customers.selectors.purposes import PurposeChoice


def list_purposes() -> QuerySet[Purpose]:
    """The purposes in use, in the order of their bits, with all their notices less the words; two queries."""
    notices = NoticeVersion.objects.defer("text").order_by("-version", "locale")
    return Purpose.objects.filter(archived_at=None).prefetch_related(Prefetch("notices", notices))


def importable_purposes() -> list[PurposeChoice]:
    """The purposes that a file may state consent to, with the notices published for each, newest first."""
    return [
        PurposeChoice(
            key=purpose.key,
            name=purpose.name,
            notices=tuple((n.public_id, f"Version {n.version}, {n.locale}") for n in purpose.notices.all()),
        )
        for purpose in list_purposes().exclude(bit=SERVICE_BIT)
    ]


def find_purpose(key: str) -> Purpose:
    """The purpose with this key; NotFound otherwise."""
    purpose = Purpose.objects.filter(key=key).first()
    if purpose is None:
        raise NotFound("There is no purpose with this key.")
    return purpose


def list_notices(key: str) -> QuerySet[NoticeVersion]:
    """Every version and language of a purpose's notice, newest first; NotFound for an unknown purpose."""
    return NoticeVersion.objects.filter(purpose=find_purpose(key)).order_by("-version", "locale")


def current_notices(purpose: Purpose) -> list[NoticeVersion]:
    """The newest version in each language; `purpose` comes from `list_purposes`."""
    newest: dict[str, NoticeVersion] = {}
    for notice in purpose.notices.all():
        newest.setdefault(notice.locale, notice)
    return list(newest.values())


def purpose_description(purpose: Purpose) -> dict[str, Any]:
    """A purpose with its current notices, as plain JSON values."""
    return {
        "key": purpose.key,
        "name": purpose.name,
        "description": purpose.description,
        "channel": purpose.channel,
        "kind": purpose.kind,
        "legalBasis": purpose.legal_basis,
        "recordRequired": purpose.record_required,
        "notices": [notice_reference(notice) for notice in current_notices(purpose)],
    }


def notice_answer(notice: NoticeVersion) -> dict[str, Any]:
    """A notice with its words, as plain JSON values."""
    more = {"text": notice.text, "material": notice.material, "publishedAt": notice.published_at}
    return notice_reference(notice) | more


def count_states(purpose: Purpose) -> list[tuple[str, int]]:
    """How many people stand where on a purpose, most first."""
    rows = ConsentState.objects.filter(purpose=purpose).values_list("state").annotate(people=Count("pk"))
    return [(state, people) for state, people in rows.order_by("-people", "state")]

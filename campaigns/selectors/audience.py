"""Who would get a campaign: exact, with one reason for everybody who would not, in an order that adds up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from campaigns.models import Campaign, CampaignSegment, Channel, Role
from campaigns.rules.counting import AUDIENCE, AUDIENCE_HOLDS_FOR
from campaigns.selectors.kept import find_count
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of
from core.errors import Conflict

MEMBERS: Final = """
SELECT DISTINCT m.customer_id AS id FROM customers_segmentmember m WHERE m.version_id = ANY(%(include)s)
AND NOT EXISTS (
    SELECT FROM customers_segmentmember x WHERE x.version_id = ANY(%(exclude)s) AND x.customer_id = m.customer_id
)
"""
REASON: Final = """
CASE WHEN EXISTS (SELECT FROM consent_suppression s WHERE s.customer_id = c.id
        AND (%(mailed)s OR s.reason <> 'bounce')) THEN 'suppressed'
    WHEN c.consent_mask & %(service)s = 0 THEN CASE WHEN EXISTS (
        SELECT FROM consent_restriction r WHERE r.lifted_at IS NULL AND (r.customer_id = c.id OR r.customer_id IN (
            SELECT one.id FROM customers_customer one WHERE one.merged_into_id = c.id))
        ) THEN 'restricted' ELSE 'suppressed' END
    WHEN %(mailed)s AND c.email IS NULL THEN 'no_address'
    WHEN c.consent_mask & %(bit)s <> 0 AND (c.consent_until IS NULL OR c.consent_until > %(now)s) THEN ''
    ELSE coalesce((SELECT left(k.reason, 40) FROM consent_consentstate k
        WHERE k.customer_id = c.id AND k.purpose_id = %(purpose)s AND NOT k.allowed), 'consent_missing') END
"""
"""Why the customer `c` may not be written to for the purpose; '' when she may. The first reason counts."""
_ALIVE: Final = "c.status <> 'deleted' AND c.merged_into_id IS NULL"
_COUNT: Final = (
    f"SELECT r.reason, count(*) FROM (SELECT {REASON} AS reason FROM ({MEMBERS}) chosen"  # noqa: S608
    f" JOIN customers_customer c ON c.id = chosen.id WHERE {_ALIVE}) r GROUP BY 1 ORDER BY 2 DESC, 1"
)
_REASON_OF: Final = f"SELECT {REASON} FROM customers_customer c WHERE c.id = %(customer)s"  # noqa: S608
FILL: Final = (
    "INSERT INTO campaigns_delivery (campaign_id, step, customer_id, state, reason, due_at, attempts)"  # noqa: S608
    " SELECT %(campaign)s, 1, r.id, CASE r.reason WHEN '' THEN 'queued' ELSE 'skipped' END, r.reason, %(now)s, 0"
    f" FROM (SELECT c.id, {REASON} AS reason FROM ({MEMBERS}) chosen"
    f" JOIN customers_customer c ON c.id = chosen.id WHERE {_ALIVE}) r ORDER BY r.id ON CONFLICT DO NOTHING"
)
_SAMPLE: Final = (
    f"SELECT c.public_id FROM ({MEMBERS}) chosen JOIN customers_customer c ON c.id = chosen.id"  # noqa: S608
    f" WHERE {_ALIVE} AND {REASON} = '' ORDER BY c.id LIMIT 5"
)
_LARGE_SAMPLE: Final = (
    "SELECT c.public_id FROM customers_customer c WHERE EXISTS (SELECT FROM customers_segmentmember m"  # noqa: S608
    " WHERE m.version_id = ANY(%(include)s) AND m.customer_id = c.id) AND NOT EXISTS (SELECT FROM"
    " customers_segmentmember x WHERE x.version_id = ANY(%(exclude)s) AND x.customer_id = c.id)"
    f" AND {_ALIVE} AND {REASON} = '' ORDER BY c.id LIMIT 5"
)
"""The same people, found among all customers in their order: where many are meant, the first few are near."""


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people are meant, how many of them may be written to, and why the others may not: (reason, people)."""

    total: int
    reachable: int
    why_not: tuple[tuple[str, int], ...] = ()
    at: datetime | None = None


def audience_of(campaign: Campaign, now: datetime) -> Audience:
    """The audience as it would be now; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, parameters(campaign, now))
        found: dict[str, int] = dict(cursor.fetchall())
    reachable = found.pop("", 0)
    why_not = tuple(found.items())
    return Audience(total=reachable + sum(found.values()), reachable=reachable, why_not=why_not, at=now)


def why_not_written_to(*, customer_id: int, purpose: str, now: datetime) -> str:
    """Why a mail for this purpose would not be sent to the customer at this moment; '' when it would."""
    use = use_of(purpose)
    facts: dict[str, Any] = {
        "service": 1 << SERVICE_BIT,
        "mailed": True,
        "bit": use.mask,
        "purpose": use.id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REASON_OF, {**facts, "customer": customer_id})
        return str(cursor.fetchone()[0])


def known_audience(campaign: Campaign, now: datetime) -> Audience:
    """The audience for whoever decides on it: counted now, of a large one in the last hour; else Conflict."""
    if not is_large_audience(campaign):
        return audience_of(campaign, now)
    found = kept_audience(campaign)
    if found is None or found.at is None or found.at < now - AUDIENCE_HOLDS_FOR:
        raise Conflict("Its audience has to be counted first, which takes some seconds.", code="not_ready")
    return found


def is_large_audience(campaign: Campaign) -> bool:
    """Whether its segments have so many members that a task counts who of them may be written to."""
    parts = CampaignSegment.objects.filter(campaign=campaign, role=Role.INCLUDE)
    members = parts.aggregate(members=Sum("segment__current__members"))["members"]
    return (members or 0) >= settings.CAMPAIGN_LIVE_PEOPLE


def count_audience(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """The audience as it is kept with a count."""
    found = audience_of(campaign, now)
    return {"of": _meant(campaign), "total": found.total, "reachable": found.reachable, "why_not": found.why_not}


def kept_audience(campaign: Campaign) -> Audience | None:
    """The audience as it was counted last; None when it was not, or when the draft means other people by now."""
    row = find_count(campaign, AUDIENCE)
    if row is None or row.answer is None or row.counted_at is None or row.answer["of"] != _meant(campaign):
        return None
    why_not = tuple((reason, people) for reason, people in row.answer["why_not"])
    return Audience(row.answer["total"], row.answer["reachable"], why_not, row.counted_at)


def sample_of(campaign: Campaign, now: datetime) -> list[str]:
    """Public ids of a few people who would get it."""
    statement = _LARGE_SAMPLE if is_large_audience(campaign) else _SAMPLE
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters(campaign, now))
        return [public_id for (public_id,) in cursor.fetchall()]


def _meant(campaign: Campaign) -> list[str]:
    """Whom the campaign means, whatever is known of them."""
    rows = CampaignSegment.objects.filter(campaign=campaign).order_by("role", "segment")
    segments = [f"{role} {segment}" for role, segment in rows.values_list("role", "segment")]
    return [campaign.channel, campaign.purpose_id, *segments]


def parameters(campaign: Campaign, now: datetime) -> Mapping[str, Any]:
    """What the statements of this module take, for the present versions of the campaign's segments."""
    versions: dict[str, list[int]] = {Role.INCLUDE: [], Role.EXCLUDE: []}
    rows = CampaignSegment.objects.filter(campaign=campaign, segment__current__isnull=False)
    for role, version in rows.values_list("role", "segment__current_id"):
        versions[role].append(version or 0)
    use = use_of(campaign.purpose_id)
    return {
        "include": versions[Role.INCLUDE],
        "exclude": versions[Role.EXCLUDE],
        "service": 1 << SERVICE_BIT,
        "mailed": campaign.channel == Channel.EMAIL,
        "bit": use.mask,
        "purpose": use.id,
        "now": now,
        "campaign": campaign.pk,
    }

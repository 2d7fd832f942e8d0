"""Who would get a campaign: exact, with one reason for everybody who would not, in an order that adds up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from campaigns.models import Campaign, CampaignSegment, Channel, Role
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of

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


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people are meant, how many of them may be written to, and why the others may not (reason, people)."""

    total: int
    reachable: int
    why_not: tuple[tuple[str, int], ...] = ()


def audience_of(campaign: Campaign, now: datetime) -> Audience:
    """The audience as it would be now; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, parameters(campaign, now))
        found: dict[str, int] = dict(cursor.fetchall())
    reachable = found.pop("", 0)
    return Audience(total=reachable + sum(found.values()), reachable=reachable, why_not=tuple(found.items()))


def sample_of(campaign: Campaign, now: datetime) -> list[str]:
    """Public ids of a few people who would get it."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, parameters(campaign, now))
        return [public_id for (public_id,) in cursor.fetchall()]


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

"""Keeping how many members of a segment each channel reaches, so that the list of segments need not count."""

from datetime import datetime

import structlog

from core.errors import DomainError
from customers.models import Segment, SegmentState, SegmentVersion
from customers.rules.segments.tree import RuleError
from customers.selectors.segments.preview import preview_members

log = structlog.get_logger("segments")


def measure_reach(*, segment_id: int, now: datetime) -> bool:
    """The current version says whom each channel reaches now; the figure before stays when counting takes too long."""
    segment = Segment.objects.filter(pk=segment_id, state=SegmentState.ACTIVE, current__isnull=False).first()
    if segment is None or segment.current_id is None:
        return False
    try:
        seen = preview_members(segment=segment, now=now)
    except (RuleError, DomainError) as refusal:
        log.warning("segment_reach_not_counted", segment=segment.public_id, error=type(refusal).__name__)
        return False
    reach = {one.channel: one.reachable for one in seen.reach}
    return bool(SegmentVersion.objects.filter(pk=segment.current_id).update(reach=reach, reach_at=now))

"""Lists kept by hand and snapshots follow a merge; a dynamic segment finds its people again by its rule."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from core.actors import Actor
from customers.models import SegmentKind, SegmentMember, SegmentVersion
from customers.services.guards import MergePart, Pair

_KEPT: Final = (SegmentKind.STATIC, SegmentKind.SNAPSHOT)


def _follow(pair: Pair, by: Actor, now: datetime) -> dict[str, Any]:
    """The survivor is in every list that either was in; answers which came over, and since when both were in others."""
    mine, theirs = _lists_of(pair.absorbed_id), _lists_of(pair.into_id)
    moved = sorted(mine.keys() - theirs.keys())
    both = {version: since.isoformat() for version, since in mine.items() if version in theirs}
    of_absorbed = SegmentMember.objects.filter(customer_id=pair.absorbed_id)
    of_absorbed.filter(version_id__in=both).delete()
    of_absorbed.filter(version_id__in=moved).update(customer_id=pair.into_id)
    SegmentVersion.objects.filter(pk__in=both).update(members=F("members") - 1)
    return {"moved": moved, "both": both}


def _part(pair: Pair, image: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Both are in the lists as before the merge, but for those that the survivor was taken from since."""
    still = _lists_of(pair.into_id).keys()
    back = [version for version in image["moved"] if version in still]
    again = {int(version): since for version, since in image["both"].items() if int(version) in still}
    SegmentMember.objects.filter(customer_id=pair.into_id, version_id__in=back).update(customer_id=pair.absorbed_id)
    SegmentMember.objects.bulk_create(
        SegmentMember(version_id=version, customer_id=pair.absorbed_id, entered_at=datetime.fromisoformat(since))
        for version, since in again.items()
    )
    SegmentVersion.objects.filter(pk__in=again).update(members=F("members") + 1)


def _lists_of(customer_id: int) -> dict[int, datetime]:
    """The current versions of kept lists that hold the customer, and since when."""
    held = SegmentMember.objects.filter(customer_id=customer_id, version__current_of__kind__in=_KEPT)
    return dict(held.order_by("version_id").values_list("version_id", "entered_at"))


MEMBERSHIPS: Final = MergePart(name="lists", absorb=_follow, restore=_part)

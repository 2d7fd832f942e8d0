"""What reports know of the campaigns that they name."""

from collections.abc import Collection
from typing import Any

from campaigns.models import Campaign
from engagement.rules.attribution import DIRECT
from engagement.rules.report_groups import CAMPAIGN, CHANNEL, EXTERNAL, PURPOSE
from engagement.selectors.attribution import OTHERS

_OWN_CHANNEL = (DIRECT, OTHERS)


def facts_of(names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Name, channel and purpose of each, as reports are divided by them; one query."""
    ours = Campaign.objects.filter(public_id__in=[one for one in names if one.startswith("cmp_")])
    known = {row[0]: row[1:] for row in ours.values_list("public_id", "name", "channel", "purpose_id")}
    found = {}
    for one in names:
        name, channel, purpose = known.get(one, (None, one if one in _OWN_CHANNEL else EXTERNAL, ""))
        found[one] = {CAMPAIGN: one, "name": name, CHANNEL: channel, PURPOSE: purpose or ""}
    return found

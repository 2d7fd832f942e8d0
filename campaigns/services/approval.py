"""Four eyes: nobody launches what nobody else has read. There is no other way to `approved`, for anybody."""

from datetime import datetime

from django.db import transaction

from campaigns.models import Campaign
from campaigns.rules.lifecycle import State
from campaigns.selectors.audience import known_audience
from campaigns.selectors.campaigns import launch_problems, why_not_approve
from campaigns.services.campaigns import locked, move
from campaigns.services.template_uses import User, fix_blocks, free_blocks
from core.actors import Actor
from core.errors import Conflict, Forbidden, Problem


@transaction.atomic
def submit_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """The draft waits for somebody else to read it; refused with every reason why it could not be launched.

    The words of its blocks are put in for good: what is read is what is sent.
    """
    campaign = locked(campaign=campaign)
    campaign.reviewed_people = None
    audience = known_audience(campaign, now)
    refuse_problems(problems=launch_problems(campaign, audience, now))
    whole = fix_blocks(user=User(campaign=campaign), body=campaign.body)
    return move(
        campaign=campaign,
        to=State.IN_REVIEW,
        by=by,
        now=now,
        submitted_by=str(by),
        submitted_at=now,
        approved_by="",
        approved_at=None,
        reviewed_people=audience.total,
        sealed_body=whole if whole != campaign.body else "",
    )


@transaction.atomic
def approve_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """Approved, by somebody other than who submitted it or owns it; Forbidden for those two."""
    campaign = locked(campaign=campaign)
    if why := why_not_approve(campaign, by):
        raise Forbidden(why, code="four_eyes")
    people = known_audience(campaign, now).total
    return move(
        campaign=campaign,
        to=State.APPROVED,
        by=by,
        now=now,
        approved_by=str(by),
        approved_at=now,
        reviewed_people=people,
    )


@transaction.atomic
def send_back_campaign(*, campaign: Campaign, reason: str, by: Actor, now: datetime) -> Campaign:
    """A draft again, with the reason in the audit trail; every approval is void, and blocks have their newest words."""
    campaign = locked(campaign=campaign)
    free_blocks(user=User(campaign=campaign))
    return move(
        campaign=campaign,
        to=State.DRAFT,
        by=by,
        now=now,
        reason=reason,
        approved_by="",
        approved_at=None,
        reviewed_people=None,
        sealed_body="",
        trouble="",
    )


def refuse_problems(*, problems: list[str]) -> None:
    """Conflict with all these sentences; nothing when there are none."""
    if problems:
        details = [Problem("", "not_ready", problem) for problem in problems]
        raise Conflict(" ".join(problems)[:600], code="not_ready", details=details)

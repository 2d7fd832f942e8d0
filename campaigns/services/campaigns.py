"""Writing campaigns down: new ones, changes while they are drafts, copies, and putting them away."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from campaigns.models import Campaign, CampaignSegment, Promotion
from campaigns.rules.content.library import blocks_named
from campaigns.rules.lifecycle import CHANGEABLE, State, may_become, why_not
from campaigns.rules.offers import PromotionState
from campaigns.rules.values import READERS, Unreadable, read
from campaigns.selectors.campaigns import parts_of, purposes_of
from campaigns.selectors.links import body_of
from campaigns.services.links import ask_for_links
from campaigns.services.template_uses import User, begun_with, keep_uses
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidInput, InvalidState
from customers.models import Segment, SegmentState

MAX_OPEN: Final = 1_000
_JUST_NOW: Final = timedelta(minutes=5)
_SEGMENTS: Final = ("include", "exclude")
_COPIED: Final = tuple(name for name in READERS if name not in (*_SEGMENTS, "name", "purpose", "send_at", "promotion"))
_TEMPLATE: Final = "template"


@transaction.atomic
def define_campaign(*, values: Mapping[str, Any], by: Actor, now: datetime) -> Campaign:
    """A new draft. `values` need a name and a purpose; refuses unknown fields and values that cannot be used."""
    for needed in ("name", "purpose"):
        if not values.get(needed):
            raise InvalidInput(f"Missing required field '{needed}'", code="missing_field", param=needed)
    if Campaign.objects.exclude(state=State.ARCHIVED).filter(automation_message=None).count() >= MAX_OPEN:
        raise InvalidInput(f"There may be at most {MAX_OPEN} campaigns; archive one first.", code="business_rule")
    campaign = Campaign(public_id=Campaign.new_public_id(), owner=str(by), created_at=now, updated_at=now)
    values, taken = _with_template(values)
    segments = _apply(campaign, values, now)
    campaign.save(force_insert=True)
    _put_segments(campaign, segments)
    keep_uses(user=User(campaign=campaign), blocks=blocks_named(campaign.body), messages=taken)
    ask_for_links(bodies=[body_of(campaign)], again=False, now=now)
    audit.record(by=by, action="campaign.created", target=campaign.public_id)
    return campaign


@transaction.atomic
def change_campaign(*, campaign: Campaign, values: Mapping[str, Any], by: Actor, now: datetime) -> Campaign:
    """The draft with other values; refused in every other state, because what was approved is what is sent."""
    campaign = locked(campaign=campaign)
    if campaign.state not in CHANGEABLE:
        raise InvalidState(f"This campaign is {campaign.get_state_display().lower()}; only a draft can be changed.")
    values, taken = _with_template(values)
    before = {name: str(getattr(campaign, name)) for name in READERS if hasattr(campaign, name)}
    segments = _apply(campaign, values, now)
    _put_segments(campaign, segments)
    keep_uses(user=User(campaign=campaign), blocks=blocks_named(campaign.body), messages=taken)
    ask_for_links(bodies=[body_of(campaign)], again=False, now=now)
    changed = [name for name, old in before.items() if old != str(getattr(campaign, name))] + sorted(segments)
    if changed:
        campaign.version, campaign.updated_at = campaign.version + 1, now
        campaign.save()
        audit.record(
            by=by, action="campaign.changed", target=campaign.public_id, changes={name: ["", ""] for name in changed}
        )
    return campaign


@transaction.atomic
def duplicate_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """A new draft with the words, audience and limits of another campaign; nothing of its approval or its date.

    It is the next iteration of that campaign.
    """
    values = {name: getattr(campaign, name) for name in _COPIED}
    for part in parts_of([campaign]).get(campaign.pk, []):
        if part.segment.state == SegmentState.ACTIVE:
            values.setdefault(part.role, []).append(part.segment.slug)
    promotion = campaign.promotion
    if promotion and promotion.state != PromotionState.ENDED:
        values["promotion"] = promotion.key
    named = {"name": f"{campaign.name[:113]} (copy)", "purpose": campaign.purpose_id}
    copy = define_campaign(values=values | named, by=by, now=now)
    copy.origin, copy.iteration = campaign, campaign.iteration + 1
    copy.save(update_fields=["origin", "iteration"])
    origin = {"of": ["", campaign.public_id]}
    audit.record(by=by, action="campaign.duplicated", target=copy.public_id, changes=origin)
    return copy


@transaction.atomic
def archive_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """Put away: out of the lists, its history kept; refused while it is under way."""
    return move(campaign=locked(campaign=campaign), to=State.ARCHIVED, by=by, now=now, archived_at=now)


def locked(*, campaign: Campaign) -> Campaign:
    """The campaign's row, locked until the transaction ends."""
    return Campaign.objects.select_for_update().get(pk=campaign.pk)


def move(*, campaign: Campaign, to: str, by: Actor, now: datetime, reason: str = "", **fields: Any) -> Campaign:
    """The locked campaign in its next state with these fields; InvalidState when it may not go there.

    Audit trail and outbox tell of it as `campaign.<state>`; a campaign that begins to send was `launched`.
    """
    if not may_become(campaign.state, to, promoted="pilot_promoted_at" in fields):
        raise InvalidState(why_not(campaign.state, to))
    before, campaign.state, campaign.updated_at = campaign.state, to, now
    for name, value in fields.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=["state", "updated_at", *fields])
    word = "launched" if to == State.BUILDING_AUDIENCE else to
    changes = {"state": [str(before), str(to)]}
    audit.record(by=by, action=f"campaign.{word}", target=campaign.public_id, changes=changes, reason=reason)
    payload = {"campaign": campaign.public_id, "state": str(to), "people": campaign.people}
    outbox.publish(topic=f"campaign.{word}", subject=campaign.public_id, payload=payload)
    return campaign


def _with_template(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int] | None]:
    """The values, those that are not given from the template they name; its key and version, None when none is named.

    `template: null` forgets what the words were begun with.
    """
    rest = {name: value for name, value in values.items() if name != _TEMPLATE}
    if _TEMPLATE not in values:
        return rest, None
    if values[_TEMPLATE] is None:
        return rest, {}
    taken, subject, body = begun_with(key=values[_TEMPLATE])
    return {"subject": subject, "body": body, **rest}, taken


def _apply(campaign: Campaign, values: Mapping[str, Any], now: datetime) -> dict[str, tuple[str, ...]]:
    """Put the values on the row; answers the slugs by role, which are stored beside it."""
    segments: dict[str, tuple[str, ...]] = {}
    for name, value in values.items():
        if name not in READERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        try:
            kept = read(name, value)
        except Unreadable as refusal:
            raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
        if name == "send_at" and kept and kept < now - _JUST_NOW and kept != campaign.send_at:
            raise InvalidInput("Invalid 'send_at': this time is over; leave it out to send at once.", param=name)
        if name in _SEGMENTS:
            segments[name] = kept
        elif name == "promotion":
            campaign.promotion = _promotion(kept)
        else:
            setattr(campaign, "purpose_id" if name == "purpose" else name, kept)
    _make_one_pilot(campaign, values)
    _check_together(campaign)
    return segments


def _promotion(key: str) -> Promotion | None:
    """The promotion with this key that has not ended; None for no key."""
    if not key:
        return None
    found = Promotion.objects.exclude(state=PromotionState.ENDED).filter(key=key).first()
    if found is None:
        raise InvalidInput(f"Invalid 'promotion': no promotion '{key}' is left to give.", param="promotion")
    return found


def _make_one_pilot(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """A share takes the place of a number and the other way round, unless both are sent."""
    named = [name for name in ("pilot_percent", "pilot_people") if values.get(name) is not None]
    if len(named) == 2:
        raise InvalidInput("A pilot is limited by a share or by a number of people.", param="pilot_people")
    if named == ["pilot_percent"]:
        campaign.pilot_people = None
    if named == ["pilot_people"]:
        campaign.pilot_percent = None


def _check_together(campaign: Campaign) -> None:
    known = [key for key, _ in purposes_of(campaign.channel)]
    if campaign.purpose_id not in known:
        raise InvalidInput(f"Invalid 'purpose': choose one of {', '.join(known)}.", param="purpose")
    if (campaign.quiet_from is None) != (campaign.quiet_until is None):
        missing = "quiet_until" if campaign.quiet_until is None else "quiet_from"
        raise InvalidInput("Quiet hours need a beginning and an end.", param=missing)


def _put_segments(campaign: Campaign, segments: Mapping[str, tuple[str, ...]]) -> None:
    """Replace the roles that are named; a segment has one role only."""
    if not segments:
        return
    kept = {part.segment.slug: part.role for part in parts_of([campaign]).get(campaign.pk, [])}
    wanted = {slug: role for slug, role in kept.items() if role not in segments}
    for role, slugs in segments.items():
        for slug in slugs:
            if wanted.setdefault(slug, role) != role:
                raise InvalidInput(f"Invalid '{role}': '{slug[:60]}' cannot be sent to and left out.", param=role)
    found = {row.slug: row for row in Segment.objects.filter(slug__in=wanted, state=SegmentState.ACTIVE)}
    for slug, role in wanted.items():
        if slug not in found:
            raise InvalidInput(f"Invalid '{role}': there is no segment '{slug[:60]}'.", param=role)
    CampaignSegment.objects.filter(campaign=campaign).delete()
    CampaignSegment.objects.bulk_create(
        [CampaignSegment(campaign=campaign, segment=found[slug], role=role) for slug, role in wanted.items()]
    )

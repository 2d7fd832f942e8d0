"""Content for one person without a page around it, for chatbots, voices and apps: gated, written when asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from campaigns.models import Campaign, Delivery
from campaigns.rules.content.headless import (
    Block,
    actions_of,
    block_answer,
    blocks_of,
    blocks_of_content,
    short_text,
    speech_of,
)
from campaigns.rules.content.library import TemplateState
from campaigns.rules.content.templates import TemplateFault
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.reactions import Kind, Verdict
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.experiments import MEASURING
from campaigns.selectors.given import Words, offers_of
from campaigns.selectors.offers import find_offer, find_promotion
from campaigns.selectors.templates import find_template, find_version, with_blocks
from campaigns.services.messages import Letter, Wording
from campaigns.services.reactions import Mark, note_reactions
from campaigns.services.serving import PURPOSE, running_promotions, serve_each, serve_promotion
from consent.rules.decisions import Answer
from consent.selectors.decisions import may_process_customer
from core.errors import InvalidInput, InvalidState, NotFound
from customers.models import Customer
from customers.selectors.customers import find_customer
from customers.selectors.recipients import check_leaving

SOURCES: Final = ("campaign", "template", "promotion", "offer")
_LIVE: Final = (State.SENDING, State.COMPLETED, State.COMPLETED_WITH_GAPS)
_OUT: Final = (DeliveryState.SKIPPED, DeliveryState.HELD_OUT)


@dataclass(frozen=True, slots=True)
class Asked:
    """What content is wanted for whom. `purpose` is that of a template; `log` says that it is shown now."""

    user: str
    source: str
    reference: str
    purpose: str = PURPOSE
    locale: str = ""
    log: bool = False
    signal: bool = False


def render_content(*, asked: Asked, client: str, now: datetime) -> dict[str, Any]:
    """The content for this person, or `allowed: false` with the reason and no words.

    Permission is read now: for the purpose of the campaign, or the one named for a template. A campaign speaks to the
    people of its audience alone, never to those left or held out. Promotions and offers are served as by
    `serve_promotion`: without permission everybody gets the same variant. With `log` the showing counts: as the
    exposure of a promotion, as an open of a campaign when her message was measured. Forbidden when data of the person
    may not go to the client; NotFound for an unknown source; InvalidState for one that is not in use.
    """
    if asked.source in ("promotion", "offer"):
        return _promotion(asked, client, now)
    customer = _person(asked.user, client, now)
    return _campaign(asked, customer, now) if asked.source == "campaign" else _template(asked, customer, now)


def _campaign(asked: Asked, customer: Customer | None, now: datetime) -> dict[str, Any]:
    campaign = find_campaign(asked.reference)
    if campaign.state not in _LIVE:
        raise InvalidState("This campaign is not under way: its content is for nobody yet, or no longer.")
    about = {"kind": "campaign", "id": campaign.public_id, "key": None, "name": campaign.name}
    reason = _why_not(customer, campaign.purpose_id, asked.signal, now)
    row = None if reason else Delivery.objects.filter(campaign=campaign, customer=customer).order_by("step").first()
    reason = reason or _why_not_meant(row)
    if reason or customer is None or row is None:
        return _answer(asked, about, reason=reason)
    wording = Wording(name=campaign.name, subject=campaign.subject, body=campaign.final_body)
    offers = offers_of(campaign, [customer.pk], now)
    found = _said(asked, about, wording, customer, offers.get(customer.pk))
    return found | {"exposure": _seen(campaign, row, customer, now) if asked.log else None}


def _template(asked: Asked, customer: Customer | None, now: datetime) -> dict[str, Any]:
    if asked.log:
        raise InvalidInput("A template keeps no log of who saw it; name a campaign or promotion.", param="log_exposure")
    template = find_template(asked.reference)
    if template.state == TemplateState.ARCHIVED:
        raise InvalidState("This template is archived; bring it back to use it.")
    about = {"kind": "template", "id": template.public_id, "key": template.key, "name": template.name}
    reason = _why_not(customer, asked.purpose, asked.signal, now)
    if reason or customer is None:
        return _answer(asked, about, reason=reason)
    version = find_version(template)
    wording = Wording(name=template.name, subject=version.subject, body=with_blocks(version.body))
    return _said(asked, about, wording, customer)


def _promotion(asked: Asked, client: str, now: datetime) -> dict[str, Any]:
    _person(asked.user, client, now)
    key, about = _wanted(asked)
    if asked.log:
        served = serve_promotion(user=asked.user, promotion=key, signal=asked.signal, now=now) if key else {}
        shown, why, exposure = served.get("promotion"), served.get("assignment"), served.get("exposureId")
    else:
        each = serve_each(user=asked.user, signal=asked.signal, now=now) if key else []
        one = next((one for one in each if one.promotion.key == key), None)
        shown = one and {"offer": one.promotion.offer, "content": one.variant["content"]}
        why, exposure = (one.assignment.value if one else None), (one.exposure_id if one else None)
    if not shown:
        return _answer(asked, about, reason="nothing_running")
    content, offer = shown["content"], shown["offer"]
    blocks = blocks_of_content(content if isinstance(content, dict) else {"text": str(content)}, str(offer["name"]))
    said = _words(str(offer["name"]), blocks, "\n\n".join(filter(None, (one.text for one in blocks))))
    return _answer(asked, about, **said, personal=why in ("split", "sticky"), offer=offer, exposure=exposure)


def _wanted(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The key of the promotion that answers, '' when none runs, and what was asked about."""
    if asked.source == "promotion":
        row = find_promotion(asked.reference)
        return row.key, {"kind": "promotion", "id": row.public_id, "key": row.key, "name": row.name}
    offer = find_offer(asked.reference)
    key = next((one.key for one in running_promotions() if one.offer["key"] == offer.key), "")
    return key, {"kind": "offer", "id": offer.public_id, "key": offer.key, "name": offer.name}


def _person(user: str, client: str, now: datetime) -> Customer | None:
    try:
        customer = find_customer(reference=user)
    except NotFound:
        return None
    check_leaving(client, customer_ids=[customer.pk], now=now)
    return customer


def _why_not(customer: Customer | None, purpose: str, signal: bool, now: datetime) -> str:
    """The code of the reason why this person may not be spoken to for the purpose; '' when she may."""
    if customer is None:
        return "unknown_person"
    if signal:
        return "gpc_signal"
    decision = may_process_customer(customer=customer, purpose=purpose, at=now, known_at=now).decision
    return "" if decision.answer == Answer.ALLOW else str(decision.reason)


def _why_not_meant(row: Delivery | None) -> str:
    if row is None:
        return "not_in_audience"
    return row.reason if row.state in _OUT else ""


def _seen(campaign: Campaign, row: Delivery, customer: Customer, now: datetime) -> str | None:
    """Note that she saw it, when her message was measured and she still allows that; else None, so rates stay true."""
    if not row.tracked or _why_not(customer, MEASURING, False, now):
        return None
    note_reactions(marks=[Mark(row.pk, Kind.OPEN, Verdict.HUMAN, now)])
    return campaign.public_id


def _said(
    asked: Asked, about: dict[str, Any], wording: Wording, customer: Customer, offer: Words | None = None
) -> dict[str, Any]:
    try:
        letter: Letter = wording.shown(customer, language=asked.locale, offer=offer)
    except TemplateFault as fault:
        raise InvalidState(f"The words cannot be written for this person. {fault}") from fault
    said = _words(letter.subject, blocks_of(letter.html), letter.text)
    return _answer(asked, about, **said, personal=True)


def _words(title: str, blocks: Sequence[Block], text: str) -> dict[str, Any]:
    return {
        "title": title,
        "blocks": [block_answer(one) for one in blocks],
        "text": text,
        "short_text": short_text(title, blocks),
        "speech": speech_of(title, blocks),
        "actions": actions_of(blocks),
    }


def _answer(asked: Asked, about: dict[str, Any], *, reason: str = "", **found: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"title": "", "blocks": [], "text": "", "short_text": "", "speech": "", "actions": []}
    return {
        "customer": asked.user,
        "about": about,
        "allowed": not reason,
        "reason": reason or None,
        "personal": False,
        **nothing,
        "offer": None,
        "exposure": None,
        **found,
    }

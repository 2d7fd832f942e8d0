"""What partners can be told: every type of event by name, what it means, and whether a person may be kept out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PING: Final = "ping"
CLIENT_ANOMALY: Final = "client.anomaly"
ENDPOINT_FAILING: Final = "endpoint.failing"
QUOTA_WARNING: Final = "client.quota_warning"
ENDPOINT_DISABLED: Final = "endpoint.disabled"
MOST_FILTERS: Final = 20


@dataclass(frozen=True, slots=True)
class EventType:
    """One type. `must_reach` ones pass the consent gate, with ids alone: they tell the recipient to stop or to erase
    (GDPR Art. 7(3), 17(2), 18, 19; Cal. Code Regs. tit. 11, 7026(f), 7027(g)).
    """

    name: str
    meaning: str
    must_reach: bool = False


_FREE: Final = {
    "customer.created": "A customer is new.",
    "customer.updated": "Fields of a customer changed; `changed` names them.",
    "customer.tag_added": "Tags were put on a customer.",
    "customer.tag_removed": "Tags were taken off a customer.",
    "purchase.recorded": "A purchase was recorded.",
    "segment.entered": "A customer came into a segment.",
    "segment.rebuilt": "A segment was calculated anew.",
    "campaign.launched": "A campaign was launched.",
    "campaign.sending": "A campaign sends.",
    "campaign.paused": "A campaign was paused.",
    "campaign.completed": "A campaign is done.",
    "campaign.completed_with_gaps": "A campaign is done; of some messages nobody knows whether they arrived.",
    "campaign.cancelled": "A campaign was cancelled.",
    "campaign.failed": "A campaign could not be built or sent.",
    "campaign.message": "A campaign has a message for a customer: deliver it by your own channel.",
    "automation.active": "An automation is at work.",
    "automation.paused": "An automation was paused.",
    "automation.archived": "An automation was put away.",
    "automation.enrolled": "A customer was put into an automation; `run` names her way.",
    "automation.step": "A customer has come to a step that tells webhooks; `name` and `data` say what to do.",
    "campaign.budget_raised": "A spike of clicks raised the budget of a campaign inside its guard.",
    "campaign.budget_reverted": "Somebody took a raise of a budget back.",
    "promotion.active": "A promotion was started.",
    "promotion.paused": "A promotion was paused.",
    "promotion.ended": "A promotion has ended.",
    "promotion.redeemed": "A code was redeemed.",
    "score.computed": "Scores were calculated.",
    "notice.published": "A notice of a purpose was published.",
    "consent.granted": "A person said yes to purposes; `purposes` names them.",
    "dsar.received": "A privacy request was received.",
    "dsar.verified": "The identity behind a privacy request is verified.",
    "dsar.extended": "The time for a privacy request was extended.",
    "dsar.fulfilled": "A privacy request is fulfilled.",
    "dsar.withdrawn": "A privacy request was withdrawn.",
    "client.secret_rotated": "The secret of an API client was rotated.",
    QUOTA_WARNING: "An API client has used 70, 85 or 95 per cent of its calls of an hour or a day.",
    CLIENT_ANOMALY: "An API client is used in an unusual way; `kind` says how, `seen` and `usual` how much.",
    ENDPOINT_FAILING: "A webhook endpoint has failed for 50, 70 or 90 per cent of the time after which it is disabled.",
    ENDPOINT_DISABLED: "A webhook endpoint was disabled.",
    PING: "A test, sent on request to one endpoint.",
}
_MUST_REACH: Final = {
    "segment.exited": "A customer left a segment.",
    "customer.merged": "A profile was absorbed by another one.",
    "customer.unmerged": "A merge was undone.",
    "customer.deleted": "A customer was deleted.",
    "customer.erased": "A customer was erased: erase your copy.",
    "consent.withdrawn": "A person said no to purposes, or a yes ran out: stop.",
    "consent.gpc_received": "A Global Privacy Control signal was received from a person.",
    "restriction.placed": "The processing of a person's data is restricted.",
    "restriction.lifted": "The restriction was lifted.",
    "sensitive_use.limited": "A person limits the use of sensitive data to the service asked for: pass it on.",
    "sensitive_use.allowed": "Sensitive data of a person may be used again as the record allows.",
    "suppression.added": "A person must not be contacted any more.",
    "suppression.removed": "A person may be contacted again.",
}
EVENT_TYPES: Final[Mapping[str, EventType]] = {
    event.name: event
    for event in sorted(
        [EventType(*row) for row in _FREE.items()] + [EventType(*row, must_reach=True) for row in _MUST_REACH.items()],
        key=lambda event: event.name,
    )
}
_FAMILIES: Final = frozenset(name.partition(".")[0] for name in EVENT_TYPES)


def is_pattern(text: str) -> bool:
    """Whether `text` is a type, a family such as `customer.*`, or `*`."""
    family, _, rest = text.partition(".")
    return text in EVENT_TYPES or text == "*" or (rest == "*" and family in _FAMILIES)


def types_of(patterns: Sequence[str]) -> frozenset[str]:
    """The types that these patterns name; `ping` only goes to whoever asks for it."""
    return frozenset(name for name in EVENT_TYPES if name != PING and _named(name, patterns))


def _named(name: str, patterns: Sequence[str]) -> bool:
    return any(pattern in ("*", name, f"{name.partition('.')[0]}.*") for pattern in patterns)


def passes(filters: Mapping[str, Sequence[str]], payload: Mapping[str, Any]) -> bool:
    """Whether the payload has, for every member that the filters name and it has too, one of the values asked for."""
    return all(str(payload[name]) in values for name, values in filters.items() if name in payload)

"""The event types that come with the product: what each means, what it needs, the JSON Schema of its properties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TRACKING: Final = "analytics"
"""Key of the purpose under which people agree that we keep what they do."""

IDENTIFY: Final = "identify"
"""The type whose events say that a visitor is a customer we know."""

FIRST_CUSTOM_ID: Final = 100
"""Types that partners register are numbered from here; below are ours, the same in every installation."""

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One version of an event type.

    `required` are members of the event (in the API's spelling) beside who did it and when. `properties` is a JSON
    Schema (draft 2020-12) of the `properties` member, or None when anything goes.
    """

    id: int
    name: str
    title: str
    description: str
    required: tuple[str, ...] = ("campaignId", "deviceType")
    properties: Schema | None = None
    version: int = 1
    purpose: str = TRACKING
    example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def campaign_required(self) -> bool:
        """Whether an event of this type must say which campaign it belongs to."""
        return "campaignId" in self.required


def _text(most: int = 255) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _number(least: float = 0) -> dict[str, Any]:
    return {"type": "number", "minimum": least}


def _properties(needed: tuple[str, ...] = (), **known: Any) -> Schema:
    schema: dict[str, Any] = {"type": "object", "properties": known}
    return schema | {"required": list(needed)} if needed else schema


_DEVICE: Final = ("deviceType",)

BUILT_IN: Final = (
    Kind(
        1,
        "click",
        "Click",
        "A person pressed a button or followed a link.",
        ("campaignId", "elementId", "deviceType"),
        example={"elementId": "signup-button"},
    ),
    Kind(2, "view", "View", "Content of a campaign was on the screen."),
    Kind(
        3,
        "page-view",
        "Page view",
        "A page or screen was opened.",
        _DEVICE,
        _properties(url=_text(2_000), title=_text(), referrer=_text(2_000)),
        example={"properties": {"url": "https://shop.example.com/spring"}},
    ),
    Kind(4, "impression", "Impression", "A placement was delivered, seen or not."),
    Kind(5, "open", "Open", "A message was opened."),
    Kind(6, "share", "Share", "Content was passed on.", properties=_properties(network=_text(60))),
    Kind(
        7,
        "video-play",
        "Video play",
        "A video began, or went on.",
        properties=_properties(videoId=_text(), positionS=_number(), durationS=_number()),
        example={"properties": {"videoId": "spring-teaser", "positionS": 0}},
    ),
    Kind(8, "form-submit", "Form submitted", "A form was sent.", properties=_properties(formId=_text())),
    Kind(
        9,
        "purchase",
        "Purchase",
        "Something was bought; `value` and `currency` say for how much.",
        ("deviceType", "value", "currency"),
        _properties(orderId=_text(100), quantity={"type": "integer", "minimum": 1}),
        example={"value": 49.99, "currency": "USD", "properties": {"orderId": "ord_789"}},
    ),
    Kind(10, "conversion", "Conversion", "The goal of a campaign was reached.", properties=_properties(goal=_text())),
    Kind(
        11,
        "search",
        "Search",
        "Somebody looked for something.",
        _DEVICE,
        _properties(("query",), query=_text(500), results={"type": "integer", "minimum": 0}),
        example={"properties": {"query": "teapot", "results": 12}},
    ),
    Kind(12, "skip", "Skip", "Content was skipped.", properties=_properties(positionS=_number())),
    Kind(13, "repeat", "Repeat", "Content was watched or heard again.", properties=_properties(count=_number(1))),
    Kind(
        14,
        IDENTIFY,
        "Identify",
        "A visitor turned out to be a known person: give both `userId` and `anonymousId`.",
        ("userId", "anonymousId"),
        example={"anonymousId": "3f1c9a70-device"},
    ),
    Kind(
        15,
        "machine-open",
        "Open by a machine",
        "A privacy proxy, scanner or robot loaded a message; kept apart from what people open.",
    ),
    Kind(
        16,
        "machine-click",
        "Click by a machine",
        "A link scanner or robot followed a link of a message; kept apart from what people click.",
        ("campaignId", "elementId", "deviceType"),
        example={"elementId": "link-1"},
    ),
    Kind(
        17,
        "profile",
        "Profile sent",
        "A system of yours said what it knows about a customer; what may be kept of it stands on her profile.",
        ("userId",),
    ),
    Kind(
        18,
        "group",
        "Group",
        "A person was put into a group, such as the company she works for.",
        (),
        _properties(("groupId",), groupId=_text()),
        example={"properties": {"groupId": "acme"}},
    ),
)
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in BUILT_IN}
COMMON_IDS: Final = (1, 2, 3, 4, 5)
"""Types that make up most of the log: an index by type would only repeat the table, so these stay out of it."""

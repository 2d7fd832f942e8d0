"""The criteria that customers itself knows: profile, attributes, identifiers, tags, orders, segments, random share."""

from typing import Final

from customers.rules.segments import mentions
from customers.rules.segments.forms import Choice, Form, Name, Window
from customers.rules.segments.mentions import Clock, Mention
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition

PROFILE_WORDS: Final = {
    "country": "country",
    "region": "region",
    "language": "language",
    "status": "status",
    "first_name": "first name",
    "last_name": "last name",
    "time_zone": "time zone",
    "birth_date": "birth date",
    "created_at": "customer since",
    "updated_at": "last change",
    "last_seen_at": "last seen",
    "lifetime_orders": "lifetime orders",
    "lifetime_value": "lifetime value",
    "lifetime_currency": "lifetime currency",
    "last_order_at": "last ordered",
    "created_via": "brought by",
}
IDENTITY_WORDS: Final = {
    "email": "e-mail address",
    "phone": "phone number",
    "external_id": "external id",
    "anonymous_id": "anonymous id",
}
PURCHASE_WORDS: Final = {
    "count": "order count",
    "sum": "order total",
    "average": "average order",
    "largest": "largest order",
    "smallest": "smallest order",
    "refunds": "refund count",
    "first": "first order",
    "last": "latest order",
}

INSTANTS: Final = frozenset({"created_at", "updated_at", "last_seen_at", "last_order_at"})


def _of_profile(condition: Condition) -> Mention:
    name = condition.members["field"]
    clock = Clock("profile", kinds=(name,)) if name in INSTANTS else None
    return mentions.value(topic=f"profile:{name}", condition=condition, instant=clock, turns="day")


def _of_attribute(condition: Condition) -> Mention:
    return mentions.value(topic=f"attribute:{condition.members['field']}", condition=condition)


def _of_orders(condition: Condition) -> Mention:
    return mentions.facts(topics={"orders"}, source="orders", condition=condition)


PROFILE: Final = Form(
    on="profile",
    meaning="A field of the profile.",
    types=(Type.TEXT, Type.ENUM, Type.NUMBER, Type.DATE, Type.DATETIME),
    members=(Choice("field", PROFILE_WORDS),),
    tracked=True,
    mentions=_of_profile,
)
ATTRIBUTE: Final = Form(
    on="attribute",
    meaning="A custom attribute, by its key; its definition says which type it has.",
    types=(Type.TEXT, Type.ENUM, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.DATETIME, Type.LIST),
    members=(Name("field"),),
    head="attribute",
    tracked=True,
    mentions=_of_attribute,
)
IDENTITY: Final = Form(
    on="identity",
    meaning="An identifier under which the customer is recognised; true when one of several fits.",
    types=(Type.TEXT,),
    members=(Choice("field", IDENTITY_WORDS),),
    head="identifier",
    mentions=lambda condition: Mention(frozenset({"identity"})),
)
TAGS: Final = Form(
    on="tags",
    meaning="The tags of the customer.",
    types=(Type.LIST,),
    head="tags",
    mentions=lambda condition: Mention(frozenset({"tags"}), frozenset({Clock("tags")})),
)
PURCHASES: Final = Form(
    on="purchases",
    meaning="Orders and refunds in a window: how many, their sum in one currency, the largest, the first, the latest.",
    types=(Type.NUMBER, Type.DATETIME),
    members=(Choice("field", PURCHASE_WORDS), Name("currency", lead="in currency", required=False), Window()),
    counts=True,
    mentions=_of_orders,
)
SEGMENT: Final = Form(
    on="segment",
    meaning="Membership in another segment.",
    types=(Type.MEMBERSHIP,),
    head="customer",
    mentions=lambda condition: Mention(frozenset({f"segment:{condition.value}"})),
)
BUCKET: Final = Form(
    on="bucket",
    meaning="A random number from 0 up to but not including 100, the same for a customer and a seed for ever.",
    types=(Type.NUMBER,),
    members=(Name("field"),),
    head="random share",
    example={"on": "bucket", "field": "spring-test", "op": "less_than", "value": 10},
    mentions=lambda condition: Mention(),
)
SCORE: Final = Form(
    on="score",
    meaning="The lead score of the customer in a score model, by the slug of the model; 0 for people without points.",
    types=(Type.NUMBER,),
    members=(Name("field"),),
    head="score",
    example={"on": "score", "field": "engagement", "op": "at_least", "value": 50},
    mentions=lambda condition: Mention(frozenset({"scores"}), periods=frozenset({mentions.HOUR})),
)
OWN: Final = (PROFILE, ATTRIBUTE, IDENTITY, TAGS, PURCHASES, SEGMENT, BUCKET, SCORE)

"""What segment rules may ask about predictions: score, label, when it was made.

Who has none, whose has expired and who said no to profiling is unknown to a condition, also below a negation.
"""

from typing import Final

from customers.rules.segments import mentions
from customers.rules.segments.forms import Choice, Form, Name
from customers.rules.segments.mentions import Clock, Mention
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition

FIELD_WORDS: Final = {"score": "score", "label": "label", "scored_at": "date"}
ENDS: Final = "prediction_ends"
MADE: Final = "prediction_made"
ASKED: Final = {
    "score": frozenset({"at_least", "at_most", "more_than", "less_than", "between"}),
    "label": frozenset({"is", "is_one_of"}),
    "scored_at": frozenset({"within_last", "longer_ago_than", "before", "after", "on", "between_dates"}),
}
"""No operator that holds for lack of a value."""


def topic_of(model: str) -> str:
    """The topic under which customers with another prediction of this model are touched."""
    return f"prediction:{model}"


def _mentions(condition: Condition) -> Mention:
    """A prediction comes, ends, grows older; the person says no to profiling."""
    kinds = (condition.members["model"],)
    found = Mention(frozenset({topic_of(*kinds), "consent"}), frozenset({Clock(ENDS, kinds=kinds)}))
    if condition.members["field"] != "scored_at":
        return found
    return found | mentions.value(topic=topic_of(*kinds), condition=condition, instant=Clock(MADE, kinds=kinds))


PREDICTION: Final = Form(
    on="prediction",
    meaning=(
        "What an outside model says about the customer, by the name of the model. Expired and missing predictions, and"
        " those of people who said no to profiling, count on no side: not below a negation either."
    ),
    types=(Type.NUMBER, Type.ENUM, Type.DATETIME),
    members=(Name("model"), Choice("field", FIELD_WORDS)),
    head="prediction",
    example={"on": "prediction", "model": "churn", "field": "score", "op": "at_least", "value": 0.8},
    mentions=_mentions,
    only=frozenset().union(*ASKED.values()),
)

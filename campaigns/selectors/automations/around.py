"""What a graph may name at this moment, and everything that stands against publishing one."""

from collections.abc import Mapping
from typing import Any, Final

from campaigns.models import Promotion
from campaigns.rules.automations.checks import Surroundings, problems
from campaigns.rules.automations.schema import GraphProblem, shape_problems
from campaigns.rules.offers import PromotionState
from campaigns.selectors.automations.sources import wrong_with
from campaigns.selectors.campaigns import email_purposes
from campaigns.selectors.links import link_problems
from campaigns.selectors.templates import attribute_keys, with_blocks, words_problems
from customers.rules.sealed import SEALED_CLASSES
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import RuleError
from customers.selectors.attributes import attribute_rules
from customers.selectors.segments.registry import grammar

OWN_DATES: Final[Mapping[str, str]] = {
    "birth_date": "Birthday",
    "created_at": "Day of the first contact",
    "last_order_at": "Day of the latest order",
}


def dates() -> dict[str, str]:
    """Dates of a profile that people can come in by, with their names; none that is stored sealed."""
    rules = [rule for rule in attribute_rules() if rule.type == Type.DATE and rule.pii_class not in SEALED_CLASSES]
    own = {f"attributes.{rule.key}": rule.key for rule in rules}
    return {**OWN_DATES, **own}


def graph_problems(graph: Any, *, purpose: str) -> list[GraphProblem]:
    """Everything that keeps a graph from being published; [] when nothing does."""
    if found := shape_problems(graph):
        return found
    around = Surroundings(
        attributes=attribute_keys(),
        promotions=list(
            Promotion.objects.filter(state=PromotionState.ACTIVE).order_by("key").values_list("key", flat=True)[:1_000]
        ),
        purposes=[key for key, _ in email_purposes()],
        dates=dates(),
        words=_words_problems,
        trigger=wrong_with,
        rule=_rule_problems,
    )
    return problems(graph, purpose=purpose, around=around)


def _words_problems(subject: str, body: str) -> list[str]:
    return [*words_problems(subject, body), *link_problems(with_blocks(body))]


def _rule_problems(rule: Mapping[str, Any]) -> list[str]:
    try:
        grammar().read(rule)
    except RuleError as refusal:
        return [problem.message for problem in refusal.problems]
    return []

"""An automation in plain words: how people come in, what each step does and where it leads, why somebody left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.rules.automations import delays
from campaigns.rules.automations.conditions import condition_words
from campaigns.rules.automations.entering import policy_of
from campaigns.rules.automations.graph import Graph, Reentry, StepType, links, walk

OUTCOMES: Final[Mapping[str, str]] = {
    "entered": "Came in",
    "waits": "Waits",
    "waited": "The wait was over",
    "listens": "Waits for it to happen",
    "happened": "It happened",
    "timeout": "It did not happen in time",
    "yes": "The rule holds",
    "no": "The rule does not hold",
    "branch": "Chosen by the hash of this person",
    "queued": "The message was handed to sending",
    "not_sent": "No message: its sending was cancelled",
    "tagged": "Tags changed",
    "told": "Told to webhooks",
    "no_listener": "In the feed of changes alone: no active webhook asks for it",
    "code": "A code was made",
    "no_code": "No code: the promotion is not active",
    "end": "The way ends here",
    "goal": "Reached the goal",
    "moved": "Went on in another version",
    "failed": "The step failed",
    "again": "Tried again",
    "taken_out": "Taken out by a person",
    "held_out": "Nothing: in the global holdout",
}
ENDINGS: Final[Mapping[str, str]] = {
    "": "Under way",
    "finished": "Went through to the end",
    "goal": "Reached the goal",
    "archived": "The automation was put away",
    "removed": "Taken out by a person",
    "merged": "Became one with another profile",
    "deleted": "Erased",
    "step_gone": "The step was not there any more in the new version",
    "too_many_steps": "Went through too many steps",
}
SIMULATED: Final[Mapping[str, str]] = {
    "would_send": "Would be sent",
    "refused": "Refused by consent or suppression",
    "still_here": "Would be here now",
    "under_way": "Would be under way now",
    "told": "Webhooks would be told",
    "code": "A code would be made",
    "tagged": "Tags would change",
    "too_old": "It had happened too long ago",
    "was_in_before": "Was in before, and nobody comes in twice",
    "is_in_already": "Was under way already",
    "was_in_lately": "Was in too short a time before",
}
"""What simulations say in other words than what happened."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step of the list: its number and key, its kind, what it does, and its ways on (label, number or end)."""

    number: int
    key: str
    kind: str
    title: str
    does: str
    ways: tuple[tuple[str, str], ...]


def lines(graph: Graph) -> list[Line]:
    """The steps in the order in which they are reached; those nobody reaches come last."""
    order = [*(reached := walk(graph)), *(key for key in graph["steps"] if key not in reached)]
    numbers = {key: number for number, key in enumerate(order, 1)}
    found = []
    for key in order:
        step = graph["steps"][key]
        ways = tuple(
            (_way(link.label), f"step {numbers[link.to]}" if link.to in numbers else "the end") for link in links(step)
        )
        kind = StepType(step["type"]).label
        found.append(Line(numbers[key], key, step["type"], step.get("title") or kind, does(step), ways))
    return found


def entry_words(entry: Mapping[str, Any]) -> str:
    """How people come in."""
    if entry["on"] == "api":
        return "When a system of yours puts them in, or somebody by hand"
    if entry["on"] == "date":
        days = entry.get("days", 0)
        when = (
            "on" if not days else f"{abs(days)} day{'s' if abs(days) > 1 else ''} {'before' if days < 0 else 'after'}"
        )
        each = ", every year" if entry.get("yearly", True) else ""
        return f"{when} {entry['field']}{each}, at {entry['at']} where they are".capitalize()
    return f"When {trigger_words(entry)}"


def trigger_words(trigger: Mapping[str, Any]) -> str:
    """What is listened for."""
    if trigger["on"] == "segment":
        return f"they come into the segment {trigger['segment']}"
    what = "an order is recorded" if trigger["on"] == "order" else f"{trigger['event']} happens"
    conditions = [condition_words(one) for one in trigger.get("where", ())]
    text = f"{what} where {' and '.join(conditions)}" if conditions else what
    return f"{text}, for the same {trigger['key']}" if trigger.get("key") else text


def reentry_words(graph: Graph) -> str:
    """Who comes in again."""
    policy = policy_of(graph)
    if policy["policy"] == Reentry.AFTER_DAYS:
        return f"Again {policy.get('days', 30)} days after coming in, once the last time is over"
    return str(Reentry(policy["policy"]).label)


def does(step: Mapping[str, Any]) -> str:
    """What a step does, in a sentence."""
    kind = step["type"]
    if kind == StepType.WAIT:
        return f"Wait {delays.words(step)}, in the person's time."
    if kind == StepType.WAIT_FOR:
        return f"Wait until {trigger_words(step['for'])}, at most {delays.words(step['timeout'])}."
    if kind == StepType.AB:
        total = sum(branch["weight"] for branch in step["branches"]) or 1
        shares = [f"{branch['key']} {branch['weight'] * 100 / total:.0f} %" for branch in step["branches"]]
        return f"Split at random: {', '.join(shares)}; the same person always goes the same way."
    return _acts(kind, step)


def _acts(kind: str, step: Mapping[str, Any]) -> str:
    if kind == StepType.SPLIT:
        return "Split by whether the rule holds for the person at that moment."
    if kind == StepType.SEND:
        return f"Send “{step['subject']}” if consent and limits allow it."
    if kind == StepType.TAG:
        add, remove = (", ".join(step.get(name, ())) for name in ("add", "remove"))
        return " ".join([f"Put on {add}." if add else "", f"Take off {remove}." if remove else ""]).strip()
    if kind == StepType.WEBHOOK:
        return f"Tell webhooks “{step['name']}”."
    if kind == StepType.OFFER:
        return f"Give a code of {step['promotion']}, kept in the attribute {step['attribute']}."
    return "The way ends here."


def outcome_words(outcome: str, details: Mapping[str, Any]) -> str:
    """Why a step of somebody's history went as it did."""
    said = OUTCOMES.get(outcome, outcome)
    parts = sorted(details.items(), key=lambda part: (part[0] != "because", part[0]))
    more = [f"{name.replace('_', ' ')} {_spoken(value)}" for name, value in parts if value]
    return f"{said}: {', '.join(more)}" if more else said


def _spoken(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _way(label: str) -> str:
    return {"": "then", "happened": "if it happens", "timeout": "if not in time", "yes": "if so", "no": "if not"}.get(
        label, f"branch {label}"
    )

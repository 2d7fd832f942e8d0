"""The graph of an automation: how people come in, its steps, where each leads, and what ends it; plain JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import TextChoices

VERSION: Final = 1
MAX_STEPS: Final = 100
Graph = Mapping[str, Any]
Step = Mapping[str, Any]


class StepType(TextChoices):
    """What a step does; the first two wait, the next two choose, the others act."""

    WAIT = "wait", "Wait"
    WAIT_FOR = "wait_for", "Wait for"
    SPLIT = "split", "Split by a rule"
    AB = "ab", "Split at random"
    SEND = "send", "Send a message"
    TAG = "tag", "Change tags"
    WEBHOOK = "webhook", "Tell a webhook"
    OFFER = "offer", "Give a code"
    EXIT = "exit", "End"


WAITS: Final = (StepType.WAIT, StepType.WAIT_FOR)


class Reentry(TextChoices):
    """Whether somebody who was in already comes in again."""

    NEVER = "never", "Never"
    AFTER_EXIT = "after_exit", "Once the last time is over"
    AFTER_DAYS = "after_days", "So many days after coming in"
    ALWAYS = "always", "Always, also while under way"


@dataclass(frozen=True, slots=True)
class Link:
    """A way out of a step: what leads there (a word for the branch), and to which step; None ends the run."""

    label: str
    to: str | None


def links(step: Step) -> tuple[Link, ...]:
    """The ways out of a step in their order; none for one that ends."""
    kind = step["type"]
    if kind == StepType.EXIT:
        return ()
    if kind == StepType.WAIT_FOR:
        return (Link("happened", step.get("next")), Link("timeout", step.get("otherwise")))
    if kind == StepType.SPLIT:
        return (Link("yes", step.get("yes")), Link("no", step.get("no")))
    if kind == StepType.AB:
        return tuple(Link(branch["key"], branch.get("next")) for branch in step["branches"])
    return (Link("", step.get("next")),)


def triggers(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything that listens, with its JSON Pointer: the entry, the goals, the steps that wait for something."""
    if graph["entry"]["on"] in ("event", "order", "segment"):
        yield "/entry", graph["entry"]
    for number, goal in enumerate(graph.get("goals", ())):
        yield f"/goals/{number}", goal
    for key, step in graph["steps"].items():
        if step["type"] == StepType.WAIT_FOR:
            yield f"/steps/{key}/for", step["for"]


def kind_of(trigger: Mapping[str, Any]) -> str:
    """What a trigger listens to, as signals are named: `event:click`, `order`, `segment:vip`."""
    on = trigger["on"]
    return f"{on}:{trigger[on]}" if on in ("event", "segment") else str(on)


def walk(graph: Graph) -> list[str]:
    """Keys of the steps that can be reached, nearest first."""
    steps, found = graph["steps"], [graph["start"]]
    for key in found:
        found += [link.to for link in links(steps[key]) if link.to in steps and link.to not in found]
    return list(dict.fromkeys(found))


def senders(graph: Graph) -> list[str]:
    """Keys of the steps that send a message."""
    return [key for key, step in graph["steps"].items() if step["type"] == StepType.SEND]

"""What keeps a graph from being published: steps nobody reaches, rings without a wait, missing words, no purpose."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from campaigns.rules.automations.delays import is_delay
from campaigns.rules.automations.graph import Graph, Reentry, StepType, links, senders, triggers, walk
from campaigns.rules.automations.schema import GraphProblem

Check = Callable[[Mapping[str, Any]], Sequence[str]]
"""What is wrong with a part, in sentences."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a graph may name: attributes of profiles, promotions with codes, purposes for e-mail; and three checks that
    know the library, the event log and the grammar of segments."""

    attributes: Collection[str]
    promotions: Collection[str]
    purposes: Collection[str]
    dates: Collection[str]
    words: Callable[[str, str], Sequence[str]]
    trigger: Check
    rule: Check


def problems(graph: Graph, *, purpose: str, around: Surroundings) -> list[GraphProblem]:
    """Everything that stands against publishing a graph whose shape is right; [] when nothing does."""
    found = _dangling(graph)
    if found:
        return found
    found += [*_unreached(graph), *_rings(graph), *_ways_in(graph, around), *_limits(graph)]
    if senders(graph) and purpose not in around.purposes:
        message = "Choose the purpose on which its messages rest: without one nobody may be written to."
        found.append(GraphProblem("/purpose", "missing_purpose", message))
    for key, step in graph["steps"].items():
        found += [GraphProblem(f"/steps/{key}", code, text) for code, text in _step(step, around)]
    for pointer, trigger in triggers(graph):
        found += [GraphProblem(pointer, "unknown_trigger", text) for text in around.trigger(trigger)]
    return found


def _dangling(graph: Graph) -> list[GraphProblem]:
    steps = graph["steps"]
    named = [("/start", graph["start"])]
    named += [(f"/steps/{key}", link.to) for key, step in steps.items() for link in links(step) if link.to]
    return [
        GraphProblem(pointer, "unknown_step", f"It leads to “{target}”, which is no step.")
        for pointer, target in named
        if target not in steps
    ]


def _unreached(graph: Graph) -> list[GraphProblem]:
    reached = set(walk(graph))
    return [
        GraphProblem(f"/steps/{key}", "unreachable", "No way leads to this step.")
        for key in graph["steps"]
        if key not in reached
    ]


def _rings(graph: Graph) -> list[GraphProblem]:
    """Steps that could follow each other for ever without time going by."""
    steps = graph["steps"]
    quick = {
        key: [link.to for link in links(step) if link.to]
        for key, step in steps.items()
        if step["type"] != StepType.WAIT_FOR and not (step["type"] == StepType.WAIT and is_delay(step))
    }
    while True:
        done = [key for key, ways in quick.items() if not any(way in quick for way in ways)]
        if not done:
            break
        for key in done:
            del quick[key]
    ringed = [key for key in quick if key in _after(quick, key)]
    message = "These steps lead back to themselves without a wait between them."
    return [GraphProblem(f"/steps/{key}", "ring_without_wait", message) for key in ringed]


def _after(ways: Mapping[str, Sequence[str]], start: str) -> set[str]:
    found: list[str] = list(ways[start])
    for key in found:
        found += [way for way in ways.get(key, ()) if way not in found]
    return set(found)


def _ways_in(graph: Graph, around: Surroundings) -> list[GraphProblem]:
    entry, found = graph["entry"], []
    if entry["on"] == "date" and entry["field"] not in around.dates:
        message = f"There is no date “{entry['field'][:60]}”; choose one of {', '.join(sorted(around.dates))}."
        found.append(GraphProblem("/entry/field", "unknown_date", message))
    keyed = entry.get("key") or entry["on"] == "api"
    for pointer, trigger in triggers(graph):
        if pointer.endswith("/for") and trigger.get("key") and not keyed:
            message = "It waits for the same key as on entry, but the entry has none."
            found.append(GraphProblem(f"{pointer}/key", "missing_key", message))
    policy = graph.get("reentry") or {}
    if policy.get("policy") == Reentry.AFTER_DAYS and not policy.get("days"):
        found.append(GraphProblem("/reentry/days", "missing_days", "Say after how many days somebody may come again."))
    return found


def _limits(graph: Graph) -> list[GraphProblem]:
    limits = graph.get("limits") or {}
    found = []
    if bool(limits.get("quiet_from")) != bool(limits.get("quiet_until")):
        found.append(GraphProblem("/limits", "half_quiet_hours", "Quiet hours need a beginning and an end."))
    if limits.get("time_zone") and limits["time_zone"] not in available_timezones():
        message = "Name an IANA time zone such as Europe/Berlin."
        found.append(GraphProblem("/limits/time_zone", "unknown_zone", message))
    return found


def _step(step: Mapping[str, Any], around: Surroundings) -> list[tuple[str, str]]:
    kind = step["type"]
    if kind == StepType.SEND:
        return [("missing_content", text) for text in around.words(step["subject"], step["body"])]
    if kind == StepType.SPLIT:
        return [("invalid_rule", text) for text in around.rule(step["rule"])]
    if kind == StepType.WAIT and not is_delay(step):
        return [("no_time", "Say how long to wait.")]
    if kind == StepType.WAIT_FOR and not is_delay(step["timeout"]):
        return [("no_time", "Say how long to wait at most.")]
    if kind == StepType.TAG and not step.get("add") and not step.get("remove"):
        return [("no_tags", "Name a tag to put on or to take off.")]
    return _ab_or_offer(step, around)


def _ab_or_offer(step: Mapping[str, Any], around: Surroundings) -> list[tuple[str, str]]:
    if step["type"] == StepType.AB:
        keys = [branch["key"] for branch in step["branches"]]
        if len(set(keys)) < len(keys):
            return [("same_branch", "Two branches have the same name.")]
        if not sum(branch["weight"] for branch in step["branches"]):
            return [("no_weight", "At least one branch needs a weight.")]
    if step["type"] == StepType.OFFER:
        found = []
        if step["promotion"] not in around.promotions:
            found.append(("unknown_promotion", f"There is no active promotion “{step['promotion'][:60]}”."))
        if step["attribute"] not in around.attributes:
            found.append(("unknown_attribute", f"There is no attribute “{step['attribute'][:60]}” for the code."))
        return found
    return []

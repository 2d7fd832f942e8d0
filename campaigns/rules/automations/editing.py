"""Changing a graph step by step: each answers a new graph and leaves the old one as it was."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from campaigns.rules.automations.graph import StepType, links

_WAYS: Final = {"happened": "next", "timeout": "otherwise", "yes": "yes", "no": "no", "": "next"}


def new_key(graph: Mapping[str, Any], kind: str) -> str:
    """A key for another step of this kind that no step has: `send-2`."""
    number = 1 + len(graph["steps"])
    base = re.sub("_", "-", kind)
    while f"{base}-{number}" in graph["steps"]:
        number += 1
    return f"{base}-{number}"


def set_way(step: dict[str, Any], label: str, to: str | None) -> None:
    """The way out of a step that has this label leads there."""
    if step["type"] == StepType.AB:
        for branch in step["branches"]:
            if branch["key"] == label:
                branch["next"] = to
    elif step["type"] != StepType.EXIT:
        step[_WAYS[label]] = to


def put_step(graph: Mapping[str, Any], key: str, step: Mapping[str, Any]) -> dict[str, Any]:
    """The graph with another step under this key."""
    return {**deepcopy(dict(graph)), "steps": {**graph["steps"], key: dict(step)}}


def insert_step(
    graph: Mapping[str, Any], step: Mapping[str, Any], *, after: str, label: str
) -> tuple[dict[str, Any], str]:
    """The graph with a step on a way out of another one (at the beginning when `after` is empty), and its key.

    It leads on to where the way led before.
    """
    found, key = deepcopy(dict(graph)), new_key(graph, str(step["type"]))
    fresh = dict(step)
    if after:
        before = next((link.to for link in links(found["steps"][after]) if link.label == label), None)
        set_way(found["steps"][after], label, key)
    else:
        before, found["start"] = found["start"], key
    ways = links(fresh)
    if ways:
        set_way(fresh, ways[0].label, before)
    found["steps"][key] = fresh
    return found, key


def remove_step(graph: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The graph without a step: whatever led to it leads to where its first way out led. The last step stays."""
    found = deepcopy(dict(graph))
    if len(found["steps"]) == 1:
        return found
    gone = found["steps"].pop(key)
    ways = links(gone)
    to = ways[0].to if ways and ways[0].to != key else None
    for step in found["steps"].values():
        for link in links(step):
            if link.to == key:
                set_way(step, link.label, to)
    if found["start"] == key:
        found["start"] = to or next(iter(found["steps"]))
    return found

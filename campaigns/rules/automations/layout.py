"""Where the steps of a graph stand on the canvas: one row a stage, one column a branch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.rules.automations.graph import Graph, links, walk

WIDTH: Final = 220
HEIGHT: Final = 68
GAP_X: Final = 36
GAP_Y: Final = 48


@dataclass(frozen=True, slots=True)
class Box:
    """A step on the canvas: its number in the list, its left upper corner in pixels."""

    key: str
    number: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from a step to another, with the word of its branch and the path of a line (SVG)."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Canvas:
    """Everything on it, and its size in pixels."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int


def place(graph: Graph) -> Canvas:
    """The canvas of a graph: each step one row below the last that leads forward to it, branches side by side."""
    order = walk(graph)
    rows = _rows(graph, order)
    columns: dict[int, int] = {}
    boxes = {}
    for number, key in enumerate(order, 1):
        column = columns.get(rows[key], 0)
        columns[rows[key]] = column + 1
        boxes[key] = Box(key, number, column * (WIDTH + GAP_X), rows[key] * (HEIGHT + GAP_Y))
    arrows: list[Arrow] = []
    into: Counter[str] = Counter()
    for key in order:
        ways = links(graph["steps"][key])
        for place, link in enumerate(ways, 1):
            if link.to in boxes:
                arrows.append(_arrow(boxes[key], boxes[link.to], link.label, place / (len(ways) + 1), into[link.to]))
                into[link.to] += bool(link.label)
    width = max(columns.values()) * (WIDTH + GAP_X)
    return Canvas(tuple(boxes.values()), tuple(arrows), width, (max(rows.values()) + 1) * (HEIGHT + GAP_Y))


def _rows(graph: Graph, order: list[str]) -> Mapping[str, int]:
    """The row of each step: one below whichever reached it first, so that ways back point up."""
    rows = {order[0]: 0}
    for key in order:
        for link in links(graph["steps"][key]):
            if link.to is not None:
                rows.setdefault(link.to, rows[key] + 1)
    return rows


def _arrow(start: Box, end: Box, label: str, share: float, above: int) -> Arrow:
    """A way that leaves its step at this share of the width; its word stands where it arrives, over those before it."""
    x1, y1 = start.x + round(WIDTH * share), start.y + HEIGHT
    x2, y2 = end.x + WIDTH // 2, end.y
    word_y = y2 - 9 - 13 * above
    if end.y > start.y:
        return Arrow(f"M{x1} {y1} V{(y1 + y2) // 2} H{x2} V{y2 - 4}", label, x2 + 7, word_y)
    side = max(start.x, end.x) + WIDTH + GAP_X // 2
    return Arrow(f"M{x1} {y1} V{y1 + 14} H{side} V{y2 - 14} H{x2} V{y2 - 4}", label, x2 + 7, word_y)

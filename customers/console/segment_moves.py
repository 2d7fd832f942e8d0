"""Changing the shape of a rule in the builder: adding, removing, putting parts elsewhere."""

from collections.abc import Callable, Iterator

from customers.console.segment_form import THEN, Box, boxes, first_line
from customers.console.segment_where import WhereRow
from customers.rules.segments.where import MAX_WHERE


def changed(box: Box, wish: str) -> Box:
    """The fields after a wish, of which an unknown one changes nothing.

    `add PLACE`, `group PLACE`, `remove PLACE`, `up PLACE`, `down PLACE`, `move PLACE before|after|into PLACE`,
    `where PLACE`, `unwhere PLACE NUMBER`; the event that follows in a sequence stands at its line's place and `~then`.
    """
    verb, *words = wish.split(" ")
    act = _VERBS.get(verb)
    if act is not None:
        act(box, words)
    return box


def _add(box: Box, words: list[str]) -> None:
    for inner in _at(box, words):
        inner.items.append(first_line(_following(inner)))


def _group(box: Box, words: list[str]) -> None:
    for inner in _at(box, words):
        place = _following(inner)
        inner.items.append(Box(place, "any", [first_line(f"{place}.0")]))


def _remove(box: Box, words: list[str]) -> None:
    for inner in boxes(box):
        inner.items = [item for item in inner.items if item.path not in words]


def _up(box: Box, words: list[str]) -> None:
    _step(box, words, -1)


def _down(box: Box, words: list[str]) -> None:
    _step(box, words, 1)


def _step(box: Box, words: list[str], by: int) -> None:
    for inner in boxes(box):
        places = [item.path for item in inner.items]
        for word in words:
            if word in places and 0 <= places.index(word) + by < len(places):
                item = inner.items.pop(places.index(word))
                inner.items.insert(places.index(word) + by, item)
                item.moved = "up" if by < 0 else "down"
                renumber(box)
                return


def _move(box: Box, words: list[str]) -> None:
    """Put a part before or after another, or at the end of a group; never into itself."""
    if len(words) != 3:
        return
    source, how, target = words
    if target == source or target.startswith(f"{source}."):
        return
    everywhere = {item.path: (inner, item) for inner in boxes(box) for item in inner.items}
    group = next((inner for inner in boxes(box) if inner.path == target), None)
    if source not in everywhere or (target not in everywhere and group is None):
        return
    owner, item = everywhere[source]
    if how == "into" and group is not None:
        owner.items.remove(item)
        group.items.append(item)
    elif how in ("before", "after") and target in everywhere:
        owner.items.remove(item)
        beside, other = everywhere[target]
        place = next(number for number, one in enumerate(beside.items) if one is other)
        beside.items.insert(place + (how == "after"), item)
    item.moved = "down"
    renumber(box)


def _where(box: Box, words: list[str]) -> None:
    for place, rows in _asked_of_events(box):
        if place in words and len(rows) < MAX_WHERE:
            rows.append(WhereRow())


def _unwhere(box: Box, words: list[str]) -> None:
    for place, rows in _asked_of_events(box):
        if words[:1] == [place] and words[1:] and words[1].isdigit() and int(words[1]) < len(rows):
            del rows[int(words[1])]


def _asked_of_events(box: Box) -> Iterator[tuple[str, list[WhereRow]]]:
    """Every place that holds conditions on the properties of an event, and these."""
    for line in box.lines():
        yield line.path, line.where
        yield f"{line.path}{THEN}", line.step_where


def renumber(box: Box) -> None:
    """Every place says again where its part stands."""
    for number, item in enumerate(box.items):
        item.path = f"{box.path}.{number}"
        if isinstance(item, Box):
            renumber(item)


def _at(box: Box, words: list[str]) -> Iterator[Box]:
    return (inner for inner in list(boxes(box)) if inner.path in words)


def _following(box: Box) -> str:
    return f"{box.path}.{max((int(item.path.rpartition('.')[2]) for item in box.items), default=-1) + 1}"


_VERBS: dict[str, Callable[[Box, list[str]], None]] = {
    "add": _add,
    "group": _group,
    "remove": _remove,
    "up": _up,
    "down": _down,
    "move": _move,
    "where": _where,
    "unwhere": _unwhere,
}

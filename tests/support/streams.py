"""Reading an event stream as the HTML Standard says (section 9.2.6), for answers in a test."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sent:
    """One event: its id, its name (`message` by itself), its data."""

    id: str
    name: str
    data: dict[str, Any]


def events_in(lines: Iterable[str]) -> Iterator[Sent]:
    """The events in these lines, each when it is complete."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Sent(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
            fields = {}

"""Which stretches of days a report is due for, and the digest that shows it was not changed."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

Stretch = tuple[date, date]


def stretches_due(today: date) -> list[Stretch]:
    """The month before this one, and in January the year before too."""
    last = today.replace(day=1) - timedelta(days=1)
    month = (last.replace(day=1), last)
    return [month, (date(last.year, 1, 1), last)] if today.month == 1 else [month]


def digest_of(figures: Mapping[str, Any]) -> str:
    """SHA-256 of the figures as JSON with sorted keys."""
    return sha256(json.dumps(figures, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

"""Calls about results: shown in the OpenAPI document, executed by a test."""

from core.api.schema import Example

EXAMPLES = [
    Example(
        "getAttribution",
        "October, when nobody bought anything",
        query={"begins": "2026-10-01T00:00:00Z", "ends": "2026-11-01T00:00:00Z", "currency": "EUR"},
        answer={"orders": 0, "channels": [], "outages": []},
    ),
]

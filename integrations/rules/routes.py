"""Addresses of the API as people read them."""

import re
from typing import Final

_ARGUMENT: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_VERSION: Final = re.compile(r"api/(v[0-9]+)(?:/|$)")


def template_of(route: str) -> str:
    """`/api/v1/customers/{customer_id}` for the route of the URL map."""
    return "/" + _ARGUMENT.sub(r"{\1}", route).lstrip("^/").rstrip("$")


def version_of(route: str) -> str:
    """`v1`; `unversioned` for the older addresses, `events` for those of the SDKs of Segment, `unmatched` for none."""
    if found := _VERSION.match(route):
        return found.group(1)
    return {"v1": "events", "api": "unversioned"}.get(route.partition("/")[0], "unmatched")

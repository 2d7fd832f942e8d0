"""Headers in the OpenAPI document: what each operation reads besides its parameters, and what its answers carry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.urls import is_valid_path

from integrations.rules.canaries import KEY_HEADER, MOST_KEY, next_address

Operation = dict[str, Any]

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
EVERYWHERE: Final[dict[str, Any]] = {
    "X-Request-Id": {"description": "Id of this request, as in logs and audit.", "schema": _TEXT},
    "API-Version": {"description": "Version of the API (SemVer).", "schema": _TEXT},
    "X-API-Version": {"description": "The same, under the name that other APIs use.", "schema": _TEXT},
    "X-RateLimit-Limit": {"description": "Calls of the window that runs out first.", "schema": _COUNT},
    "X-RateLimit-Remaining": {"description": "Calls left in it.", "schema": _COUNT},
    "X-RateLimit-Reset": {"description": "Unix time at which it is empty again.", "schema": _COUNT},
    "X-RateLimit-Used": {"description": "Calls used in it.", "schema": _COUNT},
    "X-RateLimit-Resource": {"description": "Which set of windows counted this call.", "schema": _TEXT},
    "RateLimit": {"description": 'All windows: `"burst";r=99;t=20`.', "schema": _TEXT},
    "RateLimit-Policy": {"description": 'Their limits: `"burst";q=100;w=20`.', "schema": _TEXT},
}
"""What every answer carries, refusals too."""

_OTHERS: Final[dict[str, Any]] = {
    "Deprecation": {"description": "Since when this is deprecated, `@` and Unix time (RFC 9745).", "schema": _TEXT},
    "Sunset": {"description": "When it ends (RFC 8594).", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "What would be accepted, and where that is described.", "schema": _TEXT},
    "Allow": {"description": "The verbs that this address offers.", "schema": _TEXT},
    "ETag": {"description": "The version of what is answered: for `If-None-Match` and `If-Match`.", "schema": _TEXT},
    "Location": {"description": "The address of what was made, or of the answer that is being made.", "schema": _TEXT},
    "Link": {
        "description": "Next and previous page, or what takes the place of this.",
        "schema": _TEXT,
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the answer to an earlier call with the same `Idempotency-Key`.",
        "schema": _TEXT,
    },
    "X-Cache": {
        "description": "`hit` for an answer kept from an earlier call: it costs less.",
        "schema": _TEXT,
    },
    "X-Poll-After": {"description": "Seconds after which it is worth asking again.", "schema": _COUNT},
    "Content-Location": {"description": "The address in the next version that answered this call.", "schema": _TEXT},
}
HEADERS: Final = {**EVERYWHERE, **_OTHERS}
TAGGED: Final = frozenset(
    {
        "evaluateFlags",
        "getConsent",
        "getCustomer",
        "getEvent",
        "getJurisdiction",
        "getScoreModel",
        "getSegment",
        "getSink",
        "getVisitorConsent",
        "getWebhook",
        "listChanges",
        "listCustomerChanges",
        "listJurisdictions",
        "listNotices",
        "listPurposes",
    }
)
"""Reads that answer 304 to a caller who has this version already."""

POLLED: Final = frozenset({"listChanges", "listCustomerChanges"})
"""Feeds that say when to ask again."""

VERSIONED: Final = frozenset(
    {"Automation", "Campaign", "CustomerAnswer", "Endpoint", "ScoreModel", "Segment", "Sink", "Template"}
)
"""Shapes of single objects whose version is told with them."""

KEPT: Final = frozenset({"listEvents"})
"""Reads that may be kept for some seconds, say so, and answer 304 as well."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation of the document."""

    path: str
    method: str
    operation: Operation

    @property
    def reads(self) -> set[str]:
        """The parameters that it takes, of every kind."""
        return {parameter["name"] for parameter in self.operation.get("parameters", ())}

    @property
    def tagged(self) -> bool:
        """Whether it answers 304."""
        return self.operation["operationId"] in TAGGED | KEPT

    @property
    def versioned(self) -> bool:
        """Whether it answers a single object that has versions."""
        good = [response for status, response in self.operation["responses"].items() if status.startswith("2")]
        media = [response.get("content", {}).get("application/json", {}) for response in good]
        return any(one.get("schema", {}).get("$ref", "").rpartition("/")[2] in VERSIONED for one in media)

    @property
    def has_twin(self) -> bool:
        """Whether the next version has this address, so that it can answer a share of the calls."""
        following = next_address(self.path)
        return bool(following and "{" not in following and is_valid_path(following))


_READ: Final[tuple[tuple[str, str, Callable[[_Call], bool]], ...]] = (
    ("X-Request-Id", "Your id of this call; without it one is made.", lambda call: True),
    ("If-None-Match", "An `ETag`: 304 while it is still the newest.", lambda call: call.tagged),
    (
        "If-Match",
        "An `ETag`: 412 when somebody changed the object since.",
        lambda call: "412" in call.operation["responses"],
    ),
    (
        KEY_HEADER,
        f"While the next version answers a share of your calls: calls with the same key (at most {MOST_KEY} characters "
        "count), such as the id of a user of yours, always go to the same version.",
        lambda call: call.has_twin,
    ),
)
_ANSWERED: Final[tuple[tuple[str, Callable[[_Call], bool]], ...]] = (
    ("ETag", lambda call: call.tagged or call.versioned),
    ("Location", lambda call: call.method == "post" or "202" in call.operation["responses"]),
    ("Link", lambda call: "cursor" in call.reads),
    ("Idempotent-Replayed", lambda call: "Idempotency-Key" in call.reads),
    ("X-Cache", lambda call: call.operation["operationId"] in KEPT),
    ("X-Poll-After", lambda call: call.operation["operationId"] in POLLED),
    ("Content-Location", lambda call: call.has_twin),
)


def put_headers(path: str, method: str, operation: Operation) -> None:
    """Describe what the operation reads from headers, and what its answers carry."""
    call = _Call(path, method, operation)
    told = [(name, text) for name, text, reads in _READ if name not in call.reads and reads(call)]
    added = [{"in": "header", "name": name, "schema": _TEXT, "description": text} for name, text in told]
    operation["parameters"] = [*operation.get("parameters", ()), *added]
    if call.tagged:
        operation["responses"] = dict(
            sorted({**operation["responses"], "304": {"description": "You have this version already."}}.items())
        )
    special = [name for name, answers in _ANSWERED if answers(call)]
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            names = [*EVERYWHERE, *(special if status < "400" else ())]
            refs = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            response["headers"] = response.get("headers", {}) | refs

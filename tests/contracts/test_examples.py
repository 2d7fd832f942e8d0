"""The examples of the OpenAPI document are calls that work and answers that come back."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from openapi_schema_validator import OAS31Validator

from core.api.schema import Example
from marketing_hub.api_v1 import examples
from marketing_hub.documents import schema
from marketing_hub.openapi_samples import address
from marketing_hub.sandbox import clock

pytestmark = pytest.mark.django_db

SUCCESS = 200
PATHS = {"reference": "12345", "user_id": "12345", "event_type": "click"}


OF_HTTP = frozenset(
    {
        "Allow",
        "Cache-Control",
        "Content-Disposition",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "Cross-Origin-Opener-Policy",
        "Permissions-Policy",
        "Referrer-Policy",
        "Vary",
        "X-Accel-Buffering",
        "X-Content-Type-Options",
        "X-Frame-Options",
    }
)
"""Headers that say nothing of the API."""


def headers_of(described: dict[str, Any]) -> set[str]:
    """The headers that an answer of the document has."""
    if "$ref" in described:
        described = schema()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    return set(described.get("headers", ()))


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Path, verb and operation by operation id."""
    paths = schema()["paths"].items()
    return {op["operationId"]: (path, method, op) for path, item in paths for method, op in item.items()}


def problems(value: Any, described: dict[str, Any]) -> list[str]:
    """Where `value` does not keep to a schema of the document."""
    validator = OAS31Validator({**described, "components": schema()["components"]})
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]


def differences(shown: Any, real: Any, at: str = "") -> list[str]:
    """Where the real answer lacks what the example shows; '...' stands for any text."""
    if isinstance(shown, dict) and isinstance(real, dict):
        missing = [f"{at}/{name} is absent" for name in shown if name not in real]
        return missing + [
            d for name in shown if name in real for d in differences(shown[name], real[name], f"{at}/{name}")
        ]
    if isinstance(shown, list) and isinstance(real, list) and len(shown) <= len(real):
        return [d for index, item in enumerate(shown) for d in differences(item, real[index], f"{at}/{index}")]
    return [] if shown == real or (shown == "..." and isinstance(real, str)) else [f"{at}: {real!r} is not {shown!r}"]


def looked_up(value: str, answers: dict[str, Any]) -> str:
    """The value, or the member of an earlier answer that `$operation.member` names."""
    operation, _, member = value.removeprefix("$").partition(".")
    if not value.startswith("$"):
        return value
    found = answers[operation].json()
    for part in member.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def others() -> list[Example]:
    """Calls of operations that tell no story: their request examples, and reading where there is nothing to send."""
    told = {example.operation for example in examples()}
    found = []
    for name, (path, method, operation) in operations().items():
        if name in told or not path.startswith("/api/"):
            continue
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        shown = [each["value"] for each in media.get("examples", {}).values()]
        bodies = shown or ([media["example"]] if "example" in media else [None] if method == "get" else [])
        keys = {p["name"]: PATHS.get(p["name"], "") for p in operation.get("parameters", ()) if p["in"] == "path"}
        query = {
            p["name"]: str(p["example"])
            for p in operation.get("parameters", ())
            if p["in"] == "query" and "example" in p
        }
        for number, body in enumerate(bodies):
            headers = {"Idempotency-Key": f"{name}-{number}"} if method in ("post", "patch") else {}
            found.append(Example(name, f"{method} {path}", keys, query, headers, body, status=SUCCESS))
    return found


def faults(example: Example, caller: Any, answers: dict[str, Any]) -> list[str]:
    """What is wrong with one example; its answer is kept in `answers` for the calls behind it."""
    path, method, operation = operations()[example.operation]
    settings.SANDBOX = path.startswith("/api/v1/sandbox/")
    headers = {name.replace("-", "_"): value for name, value in example.headers.items()}
    example = replace(example, path={name: looked_up(value, answers) for name, value in example.path.items()})
    answer = caller(method, address(path, example), example.body, **headers)
    answers[example.operation] = answer
    status = answer.status_code if example.status == SUCCESS and answer.status_code < 300 else example.status
    if answer.status_code != status:
        return [f"{answer.status_code} instead of {example.status}: {answer.content[:300]!r}"]
    found = []
    if example.body is not None:
        found += problems(example.body, operation["requestBody"]["content"]["application/json"]["schema"])
    described = operation["responses"].get(str(status))
    if described is None:
        return [*found, f"the document has no answer {status}"]
    strange = [name for name in answer.headers if name not in OF_HTTP and name not in headers_of(described)]
    found += [f"the document has no header {name}" for name in strange]
    media = answer.headers.get("Content-Type", "").partition(";")[0]
    if media not in described.get("content", {media: {}}):
        return [*found, f"the document has no {media}"]
    if "application/json" in described.get("content", {}):
        found += problems(answer.json(), described["content"]["application/json"]["schema"])
        found += differences(example.answer, answer.json()) if example.answer is not None else []
    return found


def test_examples__in_order__work_and_answer_as_the_document_says(caller, request):
    request.addfinalizer(partial(setattr, settings, "SANDBOX", settings.SANDBOX))
    with connection.cursor() as cursor:
        clock.build(cursor)  # for what only a sandbox answers
    everything = caller(*settings.API_SCOPES, tier="unlimited")

    calls = [*examples(), *others()]
    answers: dict[str, Any] = {}
    found = [f"{e.operation}, {e.title}: {problem}" for e in calls for problem in faults(e, everything, answers)]

    assert found == [], "\n".join(found)


def test_examples__operations__exist():
    assert {example.operation for example in examples()} <= set(operations())


def test_examples__operations_that_take_a_body__show_one():
    silent = []
    for name, (_, _, operation) in operations().items():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None and not media.keys() & {"example", "examples"}:
            silent.append(name)

    assert silent == [], "add an Example to the app's api/examples.py"

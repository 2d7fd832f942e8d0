"""The examples of the OpenAPI document are calls that work and answers that come back."""

from typing import Any

import pytest
from django.conf import settings
from openapi_schema_validator import OAS31Validator

from core.api.schema import Example
from marketing_hub.api_v1 import examples
from marketing_hub.documents import schema
from marketing_hub.openapi_samples import address

pytestmark = pytest.mark.django_db


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


def faults(example: Example, caller: Any) -> list[str]:
    """What is wrong with one example."""
    path, method, operation = operations()[example.operation]
    headers = {name.replace("-", "_"): value for name, value in example.headers.items()}
    answer = caller(method, address(path, example), example.body, **headers)
    if answer.status_code != example.status:
        return [f"{answer.status_code} instead of {example.status}: {answer.content[:300]!r}"]
    found = []
    if example.body is not None:
        found += problems(example.body, operation["requestBody"]["content"]["application/json"]["schema"])
    described = operation["responses"].get(str(example.status))
    if described is None:
        return [*found, f"the document has no answer {example.status}"]
    if described.get("content"):
        found += problems(answer.json(), described["content"]["application/json"]["schema"])
        found += differences(example.answer, answer.json()) if example.answer is not None else []
    return found


def test_examples__in_order__work_and_answer_as_the_document_says(caller):
    everything = caller(*settings.API_SCOPES, tier="unlimited")

    found = [f"{e.operation}, {e.title}: {problem}" for e in examples() for problem in faults(e, everything)]

    assert found == [], "\n".join(found)


def test_examples__operations__exist():
    assert {example.operation for example in examples()} <= set(operations())

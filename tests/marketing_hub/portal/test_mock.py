"""The mock: every operation answers its example, whole by its schema; bodies are held to theirs."""

import os
import subprocess
import sys
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from marketing_hub.documents import schema
from marketing_hub.env import BASE_DIR
from marketing_hub.portal.mock import MockApi
from marketing_hub.portal.models import operations

TOKEN = {"Authorization": "Bearer anything"}


@pytest.fixture(scope="module")
def mock():
    transport = httpx.WSGITransport(MockApi(schema()))
    with httpx.Client(transport=transport, base_url="http://mock", headers=TOKEN) as client:
        yield client


def filled(path: str) -> str:
    return "/".join("12345" if part.startswith("{") else part for part in path.split("/"))


def shown(operation: dict[str, Any]) -> Any:
    """The first body that the document shows for an operation, None without one."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return next((each["value"] for each in media.get("examples", {}).values()), media.get("example"))


def problems(value: Any, described: dict[str, Any]) -> list[str]:
    validator = OAS31Validator({**described, "components": schema()["components"]})
    return [
        f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}" for fault in validator.iter_errors(value)
    ]


def test_mock__every_operation__answers_what_its_schema_and_example_say(mock):
    found = []
    for path, method, operation in operations():
        answer = mock.request(method, filled(path), json=shown(operation))
        described = operation["responses"].get(str(answer.status_code), {})
        media = described.get("content", {}).get("application/json")
        if not answer.is_success:
            found.append(f"{operation['operationId']}: {answer.status_code} {answer.text[:300]}")
        elif media:
            found += [f"{operation['operationId']} {text}" for text in problems(answer.json(), media["schema"])]

    assert found == [], "\n".join(found)


def test_mock__customer__is_the_one_of_the_example(mock):
    jane = mock.get("/api/v1/customers").json()["data"][0]

    assert (jane["email"], jane["last_name"]) == ("jane.doe@example.com", "Doe")


def test_mock__body_against_its_schema__is_refused_like_by_the_product(mock):
    refused = mock.post("/api/v1/customers/batch/upsert", json={"inputs": "none"})
    broken = mock.post("/api/v1/customers/batch/upsert", content=b"{", headers={"Content-Type": "application/json"})

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")
    assert refused.json()["details"]
    assert broken.json()["code"] == "malformed_json"


def test_mock__asked_for_another_answer__gives_it(mock):
    answer = mock.get("/api/v1/customers", headers={"Prefer": "code=429"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert answer.json()["error"] == "RateLimitExceeded"
    assert (answer.json()["message"], answer.json()["code"]) == ("Quota exceeded", "rate_limited")


@pytest.mark.parametrize(
    ("code", "error"),
    [(401, "invalid_token"), (403, "insufficient_scope"), (500, "internal_error"), (503, "unavailable")],
)
def test_mock__asked_for_a_refusal__says_what_this_one_says(mock, code, error):
    answer = mock.get("/api/v1/customers", headers={"Prefer": f"code={code}"})

    assert (answer.status_code, answer.json()["code"]) == (code, error)


def test_mock__no_credential_or_no_operation__is_refused(mock):
    assert mock.get("/api/v1/me", headers={"Authorization": ""}).status_code == 401
    assert mock.get("/api/v1/nothing").json()["code"] == "resource_missing"


def test_command__port_zero__serves_on_a_free_one():
    process = subprocess.Popen(
        [sys.executable, "manage.py", "mock", "--port", "0"],
        cwd=BASE_DIR,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        answer = httpx.get(f"{address}/customers", headers=TOKEN, timeout=60)
    finally:
        process.terminate()
        process.wait(60)

    assert answer.json()["data"]

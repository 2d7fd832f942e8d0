"""Whatever is sent to an operation, its answer is one of those that the OpenAPI document describes, and none is 5xx."""

import json
import os
from collections.abc import Iterable
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.actors import SYSTEM
from customers.services.customers import create_customer
from marketing_hub.documents import schema_json
from marketing_hub.wsgi import application

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {
    "reference": "12345",
    "user_id": "12345",
    "userId": "12345",
    "key": "analytics",
    "place": "DE",
    "type": "click",
}


def without_new_connections(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The product, in the connection and transaction of the test."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    try:
        return [b"".join(application(environ, start_response))]
    finally:
        for moment in (request_started, request_finished):
            moment.connect(close_old_connections)


api = schemathesis.openapi.from_dict(json.loads(schema_json()))
api.config.generation.update(with_security_parameters=False)
api.app = without_new_connections


@api.hook
def map_path_parameters(_: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every other address names something that exists."""
    names = {name: str(value) for name, value in (path_parameters or {}).items()}
    if not names or sum(map(len, names.values())) % 2:
        return path_parameters
    return {name: KNOWN.get(name, value) for name, value in names.items()}


@pytest.fixture
def authorization(settings, caller) -> str:
    """The header of a client that may do everything, in a place where customer 12345 exists."""
    profile = {"external_id": "12345", "email": "jane.doe@example.com", "country": "DE"}
    create_customer(properties=profile, by=SYSTEM, now=timezone.now())
    return f"Bearer {caller(*settings.API_SCOPES, tier='unlimited').token}"


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_operation__any_request__gets_a_described_answer_and_no_5xx(case, authorization):
    case.call_and_validate(headers={"Authorization": authorization}, checks=CHECKS)

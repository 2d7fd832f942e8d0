"""Calls of SDKs on the fast path: the same few statements for one call or a hundred."""

import json
import tempfile
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actors import SYSTEM
from customers.selectors import direct
from engagement.models import Event
from integrations.services.write_keys import issue_write_key

pytestmark = pytest.mark.django_db(transaction=True)
AGREED = {"consent": {"categoryPreferences": {"analytics": True}}}


@pytest.fixture
def send():
    key = issue_write_key(source="Shop backend", by=SYSTEM, now=timezone.now()).secret
    http = Client()

    def post(calls):
        answer = http.post("/v1/batch", json.dumps({"batch": calls, "writeKey": key}), content_type="application/json")
        return answer.json()

    return post


def pages(size, **more):
    return [{"type": "page", "userId": "12345", "name": f"Page {number}", **more} for number in range(size)]


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("context", [{}, AGREED], ids=["silent", "agreed"])
def test_calls__consent_on_record__are_one_statement_and_no_query_of_django(send, person, size, context):
    person()
    send(pages(1, messageId="warm"))
    session = direct._idle[-1].connection

    with tempfile.NamedTemporaryFile() as trace, CaptureQueriesContext(connection) as queries:
        session.pgconn.trace(trace.fileno())
        answer = send(pages(size, context=context))
        session.pgconn.untrace()
        sent = [line.split("\t") for line in Path(trace.name).read_text().splitlines()]

    assert answer["accepted"] == size, answer
    assert sum("Execute" in field for line in sent for field in line) == 1
    assert len(queries) == 0, queries.captured_queries


def counted(send, calls):
    with CaptureQueriesContext(connection) as queries:
        answer = send(calls)
    assert answer["accepted"] == len(calls), answer
    return len(queries)


def test_calls__people_who_become_known__cost_the_same_statements_for_any_number(send):
    def newcomers(first, size):
        traits = {"firstName": "Jane"}
        return [
            {"type": "identify", "userId": f"u{first + n}", "traits": traits, "context": AGREED} for n in range(size)
        ]

    send(newcomers(0, 1))

    assert counted(send, newcomers(100, 2)) == counted(send, newcomers(200, 40))
    assert Event.objects.count() == 43

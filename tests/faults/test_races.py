"""The same thing asked by many at the same moment, over HTTP, happens once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import partner
from tests.support.stack import Stack

pytestmark = pytest.mark.fault
CALLERS = 24


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack({"WEB_WORKERS": "2", "WEB_THREADS": "8"}) as running:
        yield running


@pytest.fixture(scope="module")
def token(stack: Stack) -> str:
    return partner.register(stack)


def at_once(stack: Stack, token: str, call: Callable[[httpx.Client, int], httpx.Response]) -> list[httpx.Response]:
    """The answers to the calls of all callers, made at the same moment."""
    barrier = Barrier(CALLERS)

    def one(number: int) -> httpx.Response:
        with partner.connect(stack, token) as http:
            http.get("/healthz")
            barrier.wait(30)
            return call(http, number)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(one, range(CALLERS)))


def counted(stack: Stack, question: str, *values: Any) -> Any:
    """One number out of the database."""
    with stack.connect() as database:
        return database.execute(question, values).fetchone()[0]


def breakdowns(stack: Stack) -> list[str]:
    """What the web server wrote about exceptions."""
    return [line for line in stack.log("web").splitlines() if "Traceback" in line]


def test_click__same_event_id_from_all_callers__is_accepted_once(stack: Stack, token: str):
    with partner.connect(stack, token) as http:
        person = partner.people_who_said_yes(http, 1)[0]
    key = uuid4()
    click = {"eventId": str(key), "userId": person, "campaignId": "spring", "elementId": "buy", "deviceType": "mobile"}
    click["timestamp"] = "2026-06-10T13:45:00Z"

    answers = at_once(stack, token, lambda http, _: http.post("/api/v1/engagement/click", json=click))

    assert {answer.status_code for answer in answers} <= {200, 202}, breakdowns(stack)
    assert counted(stack, "SELECT count(*) FROM engagement_event WHERE event_id = %s", key) == 1
    assert sorted(answer.json()["status"] for answer in answers) == ["accepted"] + ["duplicate"] * (CALLERS - 1)
    assert sorted(answer.status_code for answer in answers) == [200] * (CALLERS - 1) + [202]


def test_click__first_of_its_month_from_all_callers__is_accepted_from_each(stack: Stack, token: str):
    with partner.connect(stack, token) as http:
        person = partner.people_who_said_yes(http, 1)[0]
    click = {"userId": person, "campaignId": "spring", "elementId": "buy", "deviceType": "mobile"}

    answers = [
        at_once(
            stack,
            token,
            lambda http, _, month=month: http.post(
                "/api/v1/engagement/click", json=click | {"timestamp": f"2026-{month:02}-10T13:45:00Z"}
            ),
        )
        for month in (1, 2, 3, 4)
    ]

    assert {answer.status_code for round_ in answers for answer in round_} == {202}, breakdowns(stack)


def test_upsert__same_email_from_all_callers__leaves_one_customer(stack: Stack, token: str):
    email = f"race-{uuid4().hex}@example.com"

    def upsert(http: httpx.Client, number: int) -> httpx.Response:
        body = {"id_property": "email", "inputs": [{"id": email, "properties": {"first_name": f"Name {number}"}}]}
        key = {"Idempotency-Key": f"{email}-{number}"}
        return http.post("/api/v1/customers/batch/upsert", json=body, headers=key)

    answers = at_once(stack, token, upsert)

    results = [answer.json()["results"][0] for answer in answers]
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(result["status"] for result in results) == ["created"] + ["updated"] * (CALLERS - 1)
    assert len({result["id"] for result in results}) == 1
    assert counted(stack, "SELECT count(*) FROM customers_customer WHERE email = %s", email) == 1

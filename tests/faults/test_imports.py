"""An import whose worker is killed in the middle goes on where it was and ends with exactly the right figures."""

from typing import Any

import httpx
import pytest

from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
ROWS = 20_000
BROKEN_EVERY = 100
TELL_STALLED = "UPDATE core_job SET beat_at = beat_at - interval '5 minutes' WHERE state = 'running'"


def people() -> bytes:
    """A file in which every hundredth e-mail address is none."""
    lines = ["customer id,email,first name"]
    for number in range(ROWS):
        email = "broken" if number % BROKEN_EVERY == 0 else f"import-{number}@example.com"
        lines.append(f"import-{number},{email},Name {number}")
    return "\n".join(lines).encode()


def job_at(http: httpx.Client, address: str) -> dict[str, Any]:
    """The job as the API tells it."""
    answer = http.get(address)
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_import__worker_killed_midway__resumes_and_stores_each_row_once():
    with Stack() as stack, partner.connect(stack, partner.register(stack)) as http:
        mapping = '{"columns": {"customer id": "external_id", "email": "email", "first name": "first_name"}}'
        form = {"type": "customers", "mapping": mapping}
        sent = http.post("/api/v1/jobs", data=form, files={"file": ("people.csv", people(), "text/csv")})
        assert sent.status_code == 202, sent.text
        address = sent.headers["Location"]
        assert eventually(lambda: job_at(http, address)["done"])

        stack.kill_worker()
        broken_off = job_at(http, address)
        stack.start("worker")
        with stack.connect() as database:
            database.execute(TELL_STALLED)
        assert eventually(lambda: job_at(http, address)["state"] == "succeeded", 75), job_at(http, address)

        refused = ROWS // BROKEN_EVERY
        job = job_at(http, address)
        with stack.connect() as database:
            stored = database.execute("SELECT count(*), count(DISTINCT external_id) FROM customers_customer").fetchone()
            rows = database.execute("SELECT count(*), count(DISTINCT row) FROM customers_refusedrow").fetchone()
        assert broken_off["state"] == "running"
        assert 0 < broken_off["done"] < ROWS
        assert (job["done"], job["total"]) == (ROWS, ROWS)
        assert job["result"]["created"] == ROWS - refused
        assert job["result"]["reasons"] == {"invalid_email": refused}
        assert stored == (ROWS - refused, ROWS - refused)
        assert rows == (refused, refused)

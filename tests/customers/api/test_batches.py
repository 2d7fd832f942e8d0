"""Batches at the size that partners send them: 50,000 records in 100 calls."""

import pytest

from customers.models import Customer, Identity

pytestmark = pytest.mark.django_db
CALLS, RECORDS = 100, 500


def inputs(call):
    return [
        {
            "id": f"crm-{call}-{number}",
            "properties": {"email": f"p{call}x{number}@example.com", "first_name": "Jane", "country": "DE"},
        }
        for number in range(RECORDS)
    ]


@pytest.mark.slow
def test_batch__50_000_records_in_100_calls__are_all_stored_once(caller):
    partner = caller("customers:write", tier="unlimited")

    for call in range(CALLS):
        body = {"id_property": "external_id", "inputs": inputs(call)}
        answer = partner.post("/api/v1/customers:batch", body, idempotency_key=f"call-{call}")
        assert answer.status_code == 200, answer.content[:300]
        assert {row["status"] for row in answer.json()["results"]} == {"created"}

    assert Customer.objects.count() == CALLS * RECORDS
    assert Identity.objects.count() == 2 * CALLS * RECORDS
    again = partner.post("/api/v1/customers:batch", body, idempotency_key="once-more").json()["results"]
    assert {row["status"] for row in again} == {"unchanged"}
    assert Customer.objects.count() == CALLS * RECORDS


def test_batch__501_records__is_refused_and_nothing_is_stored(caller):
    partner = caller("customers:write")
    body = {"id_property": "external_id", "inputs": [*inputs(0), {"id": "one-too-many"}]}

    answer = partner.post("/api/v1/customers:batch", body, idempotency_key="k")

    assert (answer.status_code, answer.json()["code"]) == (400, "batch_too_large")
    assert not Customer.objects.exists()

"""The duplicate finder at work, and what people say about its pairs."""

import csv
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Conflict, InvalidInput
from customers.models import Customer, DuplicatePair, MatchKey, Merge, PairState
from customers.selectors.duplicates import count_open, list_pairs
from customers.services.attributes import define_attribute
from customers.services.customers import (
    UpsertInput,
    create_customer,
    delete_customer,
    update_customer,
    upsert_customers,
)
from customers.services.duplicates import decide_pair, scan, start_scan
from customers.services.identities import link_identity
from customers.services.merges import approve_merge
from tests.engagement.support import committed

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_ann", "usr_bob"))
JANE = {"first_name": "Jane", "last_name": "Harrington", "birth_date": "1984-05-23"}


def known(**properties):
    """A stored customer."""
    return create_customer(properties=properties, by=SYSTEM, now=NOON)


def look():
    """One scan to its end; what it says."""
    committed()
    job = start_scan(by=SYSTEM, now=NOON, run_here=True)
    scan(job_id=job.public_id, clock=timezone.now)
    job.refresh_from_db()
    return job.result


@pytest.fixture
def twins():
    """Two profiles of one person, who misspelt herself."""
    return known(email="jane@example.com", **JANE), known(phone="+4930901820", **JANE | {"last_name": "Harington"})


def test_scan__two_profiles_of_one_person__are_a_pair_with_evidence_and_no_values(twins):
    known(email="else@example.com", first_name="Otto", last_name="Brandt")

    result = look()

    pair = DuplicatePair.objects.get()
    assert (result["pairs"], pair.left_id, pair.right_id) == (1, twins[0].pk, twins[1].pk)
    assert {one["field"]: one["agreement"] for one in pair.evidence} == {
        "first_name": "same", "last_name": "close", "birth_date": "same",
    }  # fmt: skip
    assert "Jane" not in str(pair.evidence)
    assert "jane" not in "".join(MatchKey.objects.values_list("key", flat=True))


def test_scan__again__looks_only_at_who_changed(twins):
    look()

    quiet = look()
    update_customer(customer=twins[0], properties={"language": "de"}, by=SYSTEM, now=NOON)
    one = look()

    assert (quiet["customers"], one["customers"], one["pairs"]) == (0, 1, 0)


def test_scan__while_one_is_on_its_way__is_refused():
    start_scan(by=SYSTEM, now=NOON, run_here=True)

    with pytest.raises(Conflict):
        start_scan(by=SYSTEM, now=NOON, run_here=True)


def test_decide_pair__different__stays_so_and_is_not_merged_by_an_identifier(twins):
    look()
    decide_pair(pair=DuplicatePair.objects.get(), decision="different", reason="sisters", by=ANN, now=NOON)
    update_customer(customer=twins[0], properties={"language": "de"}, by=SYSTEM, now=NOON)
    look()

    with pytest.raises(Conflict):
        link_identity(customer=twins[1], kind="email", value="jane@example.com", by=SYSTEM, now=NOON)
    assert DuplicatePair.objects.get().state == PairState.DIFFERENT
    assert count_open() == 0
    assert not Merge.objects.exists()


def test_decide_pair__merge__asks_a_second_person_and_leaves_the_queue_when_done(twins):
    look()

    merge = decide_pair(pair=DuplicatePair.objects.get(), decision="merge", by=ANN, now=NOON)
    approve_merge(merge=merge, by=BOB, now=NOON)

    assert merge.survivor_id == twins[0].pk
    assert Customer.objects.get(pk=twins[1].pk).merged_into_id == twins[0].pk
    assert not list_pairs().exists()


def test_decide_pair__unknown_word__is_refused(twins):
    look()

    with pytest.raises(InvalidInput):
        decide_pair(pair=DuplicatePair.objects.get(), decision="perhaps", by=ANN, now=NOON)

    assert DuplicatePair.objects.get().state == PairState.OPEN


def test_delete_customer__in_a_pair__takes_pair_and_keys_along(twins):
    look()

    delete_customer(customer=twins[0], reason="asked", by=SYSTEM, now=NOON)

    assert not DuplicatePair.objects.exists()
    assert not MatchKey.objects.filter(customer=twins[0]).exists()


def test_scan__febrl_dataset1_as_customers__finds_what_the_measure_promises(shared_data):
    for key in ("street", "city", "postcode"):
        define_attribute(key=key, value_type="text", values={"purpose": "delivery"}, by=SYSTEM, now=NOON)
    with (shared_data / "contacts/febrl/dataset1.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    inputs = [UpsertInput(row["rec_id"], _properties(row)) for row in rows]
    for start in range(0, len(inputs), 500):
        upsert_customers(id_property="external_id", inputs=inputs[start : start + 500], by=SYSTEM, now=NOON)

    look()

    names = dict(Customer.objects.values_list("pk", "external_id"))
    found = [{names[pair.left_id], names[pair.right_id]} for pair in DuplicatePair.objects.all()]
    right = [pair for pair in found if len({name.split("-")[1] for name in pair}) == 1]
    assert Customer.objects.count() == 1000
    assert len(right) >= 490
    assert len(found) - len(right) <= 5


def _properties(row):
    born = row["date_of_birth"]
    date = f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == 8 else ""
    try:
        datetime.fromisoformat(date)
    except ValueError:
        date = ""
    street = f"{row['street_number']} {row['address_1']}".strip()
    attributes = {"street": street, "city": row["suburb"], "postcode": row["postcode"]}
    return {
        "first_name": row["given_name"],
        "last_name": row["surname"],
        "birth_date": date,
        "attributes": {key: value for key, value in attributes.items() if value},
    }


def test_count_open__more_than_the_limit__stops_there(django_assert_num_queries):
    people = [create_customer(properties={"external_id": f"p{n}"}, by=SYSTEM, now=NOON) for n in range(4)]
    for left, right in pairwise(people):
        DuplicatePair.objects.create(public_id=DuplicatePair.new_public_id(), left=left, right=right, score=15)

    with django_assert_num_queries(1) as queries:
        assert count_open(limit=2) == 2

    assert "LIMIT 2" in queries.captured_queries[0]["sql"]
    assert count_open() == 3

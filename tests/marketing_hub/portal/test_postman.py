"""The Postman collection: every operation is in it once, and each example says what the documentation says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from marketing_hub.api_v1 import examples
from marketing_hub.portal import postman
from marketing_hub.portal.models import operations

pytestmark = pytest.mark.django_db


def requests(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The requests below a folder, in their order."""
    for child in item.get("item", ()):
        yield from requests(child)
    if "request" in item:
        yield item


def test_collection__operations__are_all_there():
    named = [item["name"].partition(":")[0] for item in requests(postman.collection())]
    told = {example.operation for example in examples()}

    assert set(named) - {"Get a token"} == {operation["operationId"] for _, _, operation in operations()}
    assert [name for name in set(named) - told if named.count(name) != 1] == []


def test_walk_through__stream__is_left_out_since_a_runner_would_wait_for_ever():
    _, walk, others = postman.collection()["item"]

    assert not [item["name"] for item in requests(walk) if "/api/v1/stream" in item["request"]["url"]["raw"]]
    assert [item["name"] for item in requests(others) if "/api/v1/stream" in item["request"]["url"]["raw"]]


def test_walk_through__each_item__sends_and_expects_what_its_example_does():
    walk = postman.collection()["item"][1]
    ending = [example for example in examples() if example.operation != "stream"]

    told = list(requests(walk))

    assert walk["name"] == postman.WALK
    assert len(told) == len(ending)
    for item, example in zip(told, ending, strict=True):
        body = item["request"].get("body")
        saved = item["response"][0]
        assert item["name"] == f"{example.operation}: {example.title}"
        assert (json.loads(body["raw"]) if body else None) == example.body
        assert saved["code"] == example.status
        assert (json.loads(saved["body"]) if saved["body"] else None) == example.answer
        assert "$" not in item["request"]["url"]["raw"]


def test_walk_through__variables__are_set_by_an_earlier_request():
    known, unknown = {"baseUrl", "token", "clientId", "clientSecret"}, []
    for item in requests(postman.collection()["item"][1]):
        used = {part.partition("}}")[0] for part in item["request"]["url"]["raw"].split("{{")[1:]}
        unknown += [f"{item['name']}: {name}" for name in used - known]
        script = "\n".join(line for event in item["event"] for line in event["script"]["exec"])
        known |= {part.partition('"')[0] for part in script.split('collectionVariables.set("')[1:]}

    assert unknown == []


def test_files__served_and_written__are_the_same(tmp_path):
    call_command("postman", folder=tmp_path / "new", verbosity=0)

    for name, path in (("collection", "/api/postman.json"), ("environment", "/docs/postman/environment.json")):
        assert Client().get(path).content == (tmp_path / "new" / f"{name}.json").read_bytes()
    assert Client().get("/docs/postman/collection.json").json()["info"]["schema"] == postman.FORMAT

"""What counts as taking something away from callers, and what does not."""

import copy
from datetime import date

import pytest
import yaml
from django.core.management import CommandError, call_command

from marketing_hub.contract import breaks
from marketing_hub.management.commands import contract

TODAY = date(2026, 11, 21)
TEXT = {"type": "string"}
OLD = {
    "info": {"version": "1.0.0"},
    "paths": {
        "/people/{id}": {
            "post": {
                "security": [{"oauth2": ["people:read"]}],
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": TEXT},
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Input"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "tags": {"type": "array", "items": TEXT},
                },
            },
            "P": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": TEXT, "score": {"type": ["integer", "null"]}, "kind": {"enum": ["a"]}},
            },
        }
    },
}
OPERATION = ("paths", "/people/{id}", "post")
INPUT, ANSWER = ("components", "schemas", "Input"), ("components", "schemas", "P")


def changed(*path, to):
    """The old document with one place replaced, or taken out with `to=None`."""
    document = copy.deepcopy(OLD)
    place = document
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return document


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed(*OPERATION, to=None), "the operation is gone"),
        (changed(*OPERATION, "parameters", 1, to=None), "the parameter limit is gone"),
        (changed(*OPERATION, "parameters", 1, "schema", "maximum", to=100), "tighter maximum"),
        (changed(*OPERATION, "parameters", 1, "schema", "minimum", to=2), "tighter minimum"),
        (changed(*OPERATION, "parameters", 1, "required", to=True), "limit is required now"),
        (changed(*OPERATION, "requestBody", to=None), "takes no body any more"),
        (changed(*OPERATION, "security", to=[{"oauth2": ["people:write"]}]), "needs the scope people:write"),
        (changed(*OPERATION, "responses", to={"202": {}}), "answers 200 no more"),
        (changed(*INPUT, "properties", "kind", "enum", to=["a"]), "takes no 'b' any more"),
        (changed(*INPUT, "properties", "kind", to=None), "body.kind is not taken any more"),
        (changed(*INPUT, "properties", "tags", "items", to={"type": "integer"}), "body.tags[] takes no string"),
        (changed(*INPUT, "properties", "tags", "maxItems", to=5), "tighter maxItems"),
        (changed(*INPUT, "required", to=["kind"]), "body.kind is required now"),
        (changed(*ANSWER, "properties", "score", to=None), "200.score is not answered any more"),
        (changed(*ANSWER, "properties", "id", to={"type": "integer"}), "200.id may be integer now"),
        (changed(*ANSWER, "required", to=[]), "200.id may be absent now"),
    ],
)
def test_breaks__something_taken_away__is_said(new, said):
    found = breaks(OLD, new, on=TODAY)

    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("POST /people/{id}")


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed("paths", "/new", to={"get": {"responses": {}}}),
        changed(*OPERATION, "parameters", 1, "schema", "maximum", to=500),
        changed(*INPUT, "properties", "kind", "enum", to=["a", "b", "c"]),
        changed(*INPUT, "properties", "more", to=TEXT),
        changed(*ANSWER, "properties", "more", to=TEXT),
        changed(*ANSWER, "properties", "score", to={"type": "integer"}),
        changed(*ANSWER, "properties", "kind", "enum", to=["a", "b"]),
        {**changed(*OPERATION, to=None), "info": {"version": "2.0.0"}},
    ],
)
def test_breaks__something_added_or_another_major_version__is_none(new):
    assert breaks(OLD, new, on=TODAY) == []


def test_breaks__operation_after_its_sunset__may_go():
    ended = changed(*OPERATION, "deprecated", to=True)
    ended["paths"]["/people/{id}"]["post"]["x-sunset"] = "2026-11-21"
    without = changed(*OPERATION, to=None)

    assert breaks(ended, without, on=TODAY) == []
    assert breaks(ended, without, on=date(2026, 11, 20)) == ["POST /people/{id}: the operation is gone"]


def test_breaks__variable_of_the_address_renamed__is_none():
    renamed = copy.deepcopy(OLD)
    renamed["paths"] = {"/people/{reference}": renamed["paths"].pop("/people/{id}")}

    assert breaks(OLD, renamed, on=TODAY) == []


def test_command__released_versions__are_kept(capsys):
    call_command("contract")

    assert "kept: 1.0.0" in capsys.readouterr().out


def test_command__operation_missing__names_it_and_fails(tmp_path, monkeypatch, capsys):
    document = yaml.load(contract.CURRENT.read_text(), yaml.CSafeLoader)
    del document["paths"]["/api/v1/me"]
    (tmp_path / "openapi.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    monkeypatch.setattr(contract, "CURRENT", tmp_path / "openapi.yaml")

    with pytest.raises(CommandError, match="1 promises"):
        call_command("contract")

    assert "1.0.0: GET /api/v1/me: the operation is gone" in capsys.readouterr().err

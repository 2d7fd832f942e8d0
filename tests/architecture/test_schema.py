"""The OpenAPI document is valid, complete in words, and the committed one is the generated one."""

import ast

import yaml
from django.conf import settings
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.errors import DomainError
from marketing_hub.documents import schema, schema_yaml
from marketing_hub.error_codes import ERROR_CODES
from tests.architecture.sources import ROOT, python_files, tree


def operations():
    return [(f"{method} {path}", op) for path, item in schema()["paths"].items() for method, op in item.items()]


def test_document__generation__gives_no_warning():
    GENERATOR_STATS.reset()

    with GENERATOR_STATS.silence():
        SchemaGenerator().get_schema(request=None, public=True)

    found = [*GENERATOR_STATS._error_cache, *GENERATOR_STATS._warn_cache]
    GENERATOR_STATS.reset()
    assert found == []


def test_document__form__is_valid_openapi():
    document = yaml.safe_load(schema_yaml())

    assert document["openapi"] == "3.1.1"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_document__committed_file__is_the_generated_one():
    committed = (ROOT / "docs/api/openapi.yaml").read_bytes()

    assert committed == schema_yaml(), "run: manage.py schema --file docs/api/openapi.yaml"


def test_document__operation_ids__are_single_and_camel_case():
    ids = [op["operationId"] for _, op in operations()]

    assert len(ids) == len(set(ids))
    assert [name for name in ids if not name.isalnum() or not name[0].islower()] == []


def test_document__every_operation__has_words_security_and_refusals():
    for name, op in operations():
        assert op.get("summary"), name
        assert op.get("description"), name
        assert op["tags"], name
        assert any("apiKey" in way for way in op["security"]) or name.startswith(("post /v1/", "get /v1/")), name
        assert {"401", "403", "429", "500", "503"} <= set(op["responses"]), name


def test_document__scopes__are_all_there():
    flows = schema()["components"]["securitySchemes"]["oauth2"]["flows"]

    assert set(flows["clientCredentials"]["scopes"]) == set(settings.API_SCOPES)


def test_document__security__knows_tokens_bound_to_certificates():
    scheme = schema()["components"]["securitySchemes"]["mutualTLS"]
    ways = {name: [set(way) for way in op["security"]] for name, op in operations()}

    assert scheme["type"] == "mutualTLS" and "certificate_required" in scheme["description"]
    assert {"oauth2", "mutualTLS"} in ways["get /api/v1/customers"]
    assert {"mutualTLS"} not in [way for each in ways.values() for way in each]


def test_error_codes__in_the_source__stand_in_the_catalogue():
    refusals = {"Problem", *(kind.__name__ for kind in kinds(DomainError))}
    raised = {
        value.value
        for file in python_files()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in refusals
        for value in [k.value for k in node.keywords if k.arg == "code"] + node.args[1:2]
        if isinstance(value, ast.Constant)
    }
    raised |= {kind.default_code for kind in kinds(DomainError)}

    assert raised - {row.code for row in ERROR_CODES} == set()


def kinds(kind):
    """The class and all classes below it."""
    return {kind}.union(*(kinds(child) for child in kind.__subclasses__()))


def test_error_codes__in_the_catalogue__are_used_somewhere():
    said = {
        node.value
        for file in python_files()
        if not file.name.startswith("error_codes")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert [row.code for row in ERROR_CODES if row.code not in said] == []

"""Every address names who may enter: a scope at the API, a permission in the console."""

import re

import pytest
from django.conf import settings

from core.api.schema import OPERATIONS
from core.console.pages import Page
from marketing_hub.documents import schema
from tests.support.routes import ANY, api_routes, patterns

AGENTS_ONLY = {"v1/agent/<str:agent_id>", "v1/data-rights-request", "v1/data-rights-request/<str:request_id>"}
"""Addresses of the Data Rights Protocol: agents prove themselves by signature and a token of its own, not by OAuth."""
OPEN_TO_CONTROLLERS = {"opendsr/v2/discovery", "opendsr/v2/certificates/<str:kid>.pem"}
"""Addresses of OpenDSR that tell what is supported and by which certificate our signatures are verified."""
OPEN_TO_ALL = {
    "console/sign-in",
    "console/sign-in/code",
    "console/sign-in/provider",
    "console/sign-in/provider/return",
    "console/sign-out",
    "console/theme",
    "console/welcome/<str:public_id>/<str:token>",
}


@pytest.mark.parametrize("prefix", ["api/v1/", "v1/", "ofrep/v1/", "opendsr/v2/"])
def test_api_routes__scopes__stand_in_the_table(prefix):
    known = (ANY, *settings.API_SCOPES)
    strangers = [route.path for route in api_routes(prefix) if route.scope not in known]

    assert set(strangers) == {"v1/": AGENTS_ONLY, "opendsr/v2/": OPEN_TO_CONTROLLERS}.get(prefix, set())


def test_addresses_of_controllers__each_verb__needs_the_scope_to_write_requests():
    doors = {str(r): r.scope for r in api_routes("opendsr/v2/") if r.path not in OPEN_TO_CONTROLLERS}

    one = "opendsr/v2/requests/<str:subject_request_id>"
    assert doors == dict.fromkeys(["POST opendsr/v2/requests", f"GET {one}", f"DELETE {one}"], "privacy:write")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("path", sorted(AGENTS_ONLY))
def test_addresses_of_agents__without_proof_of_an_agent__give_nothing(client, settings, path, method):
    settings.DRP_BUSINESS_ID = "NORTHWIND_SHOP"

    answer = client.generic(method, "/" + re.sub(r"<[^>]+>", "unknown", path), b"e30=", content_type="text/plain")

    assert answer.status_code in (401, 403, 405)
    assert answer.status_code == 401 or not answer.content


def test_api_routes__unversioned__are_addresses_of_versioned_views():
    versioned = {(route.view, route.method) for route in [*api_routes(), *api_routes("ofrep/v1/")]}
    documents = ("api/docs", "api/redoc", "api/schema", "api/schema.json", "api/schema.yaml")
    documents += ("api/changelog", "api/changelog.atom", "api/errors/<slug:code>", "api/postman.json", "api/status")
    aliases = [r for r in api_routes("api/") if not r.path.startswith("api/v1/") and r.path not in documents]

    assert [str(route) for route in aliases if (route.view, route.method) not in versioned] == []


def test_api_routes__document__has_each_of_them_and_no_other():
    described = {(path, method.upper()) for path, item in schema()["paths"].items() for method in item}
    routes = api_routes()
    shown = [route for route in routes if (route.template, route.method) in described]
    other_names = ("api/v1/privacy/requests", "api/v1/customers/<path:user_id>/consent")
    second = [route for route in routes if route.path.startswith(other_names)]

    assert {(route.template, route.method) for route in shown} == {
        (path, method) for path, method in described if path.startswith("/api/v1/")
    }
    assert [str(route) for route in routes if route not in shown and route not in second] == []
    assert {(route.view, route.method) for route in second} <= {(route.view, route.method) for route in shown}


def test_plain_operations__scopes__are_those_of_their_doors():
    every = [*api_routes(), *api_routes("v1/"), *api_routes("ofrep/v1/")]
    doors = {(route.template, route.method.lower()): route.scope for route in every}

    assert [o.path for o in OPERATIONS if doors.get((o.path, o.method)) != o.scope] == []


def test_scopes__in_the_name_of_staff__each_need_a_permission():
    assert set(settings.SCOPE_PERMISSIONS) == set(settings.API_SCOPES)
    assert set(settings.SCOPE_PERMISSIONS.values()) <= set(settings.PERMISSION_NAMES)


def test_console_routes__permissions__stand_in_the_table():
    strangers = []
    for path, entry in patterns():
        page = getattr(entry.callback, "view_class", None)
        if path.startswith("console/") and path not in OPEN_TO_ALL:
            known = page is not None and issubclass(page, Page) and page.permission in settings.PERMISSION_NAMES
            strangers += [] if known else [path]

    assert strangers == []

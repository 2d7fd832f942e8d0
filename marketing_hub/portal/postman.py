"""The API as a Postman collection (format 2.1.0) with its environment: what is shown is what the examples do."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings

from core.api.schema import Example
from marketing_hub.api_v1 import examples
from marketing_hub.documents import schema
from marketing_hub.portal.models import operations

FORMAT: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
WALK: Final = "Walk through"
_SUCCESS: Final = 200
_LACKS: Final = (
    'const lacks = (a, b, at) => a === "..." ? (typeof b === "string" ? [] : [at])'
    " : Array.isArray(a) ? a.flatMap((v, i) => lacks(v, (b || [])[i], `${at}/${i}`))"
    ' : a && typeof a === "object" ? Object.keys(a).flatMap((k) => lacks(a[k], (b || {})[k], `${at}/${k}`))'
    " : a === b ? [] : [at];"
)
_TOKEN_SCRIPT: Final = (
    'pm.test("gives a token", () => pm.response.to.have.status(200));',
    'pm.environment.set("token", pm.response.json().access_token);',
)

Item = dict[str, Any]


def collection() -> Item:
    """A token, then the examples in their order (each checks its answer), then every other operation by tag."""
    rest = [(path, method, operation) for path, method, operation in operations() if not _told(operation)]
    tags = groupby(sorted(rest, key=lambda entry: entry[2]["tags"][0]), key=lambda entry: entry[2]["tags"][0])
    others = [{"name": tag, "item": [_bare(*entry) for entry in entries]} for tag, entries in tags]
    return {
        "info": {
            "name": f"{settings.CONSOLE_BRAND} API",
            "description": f"Made from the OpenAPI document, version {schema()['info']['version']}. Run it from the "
            f"top on an empty database as far as *{WALK}* goes: each request there rests on those before it.",
            "schema": FORMAT,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "item": [_token(), {"name": WALK, "item": list(_walk())}, {"name": "Other operations", "item": others}],
    }


def environment() -> Item:
    """Where the collection is run against, and as whom; the token is filled in by its first request."""
    values: dict[str, str] = {"baseUrl": settings.PUBLIC_URL, "clientId": "", "clientSecret": "", "token": ""}
    secret = {"clientSecret", "token"}
    return {
        "name": f"{settings.CONSOLE_BRAND}",
        "values": [
            {"key": key, "value": value, "type": "secret" if key in secret else "default", "enabled": True}
            for key, value in values.items()
        ],
        "_postman_variable_scope": "environment",
    }


def as_json(value: Item) -> bytes:
    """The file as it is written and served."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _told(operation: dict[str, Any]) -> bool:
    return any(example.operation == operation["operationId"] for example in examples()) and _ends(operation)


def _ends(operation: dict[str, Any]) -> bool:
    """Whether its answer has an end: a runner would wait for a stream for ever."""
    return all("text/event-stream" not in answer.get("content", {}) for answer in operation["responses"].values())


def _token() -> Item:
    pair = [{"key": "username", "value": "{{clientId}}"}, {"key": "password", "value": "{{clientSecret}}"}]
    return {
        "name": "Get a token",
        "request": {
            "auth": {"type": "basic", "basic": [{**part, "type": "string"} for part in pair]},
            "method": "POST",
            "url": "{{baseUrl}}/oauth/token",
            "body": {"mode": "urlencoded", "urlencoded": [{"key": "grant_type", "value": "client_credentials"}]},
        },
        "event": [_test(_TOKEN_SCRIPT)],
    }


def _walk() -> Iterator[Item]:
    """The examples, in folders of what follows each other under one tag."""
    by_id = {operation["operationId"]: (path, method, operation) for path, method, operation in operations()}
    shown = [example for example in examples() if _ends(by_id[example.operation][2])]
    asked_for = {v.removeprefix("$") for e in shown for v in e.path.values() if v.startswith("$")}
    for tag, told in groupby(shown, key=lambda example: by_id[example.operation][2]["tags"][0]):
        yield {"name": tag, "item": [_shown(e, *by_id[e.operation][:2], asked_for) for e in told]}


def _shown(example: Example, path: str, method: str, asked_for: set[str]) -> Item:
    """One example: its request, its answer as a saved one, and a script that compares the two."""
    for name, value in example.path.items():
        filled = f"{{{{{value.removeprefix('$')}}}}}" if value.startswith("$") else quote(value, safe="")
        path = path.replace("{" + name + "}", filled)
    request = _request(path, method, example.query, example.headers, example.body)
    answer = "" if example.answer is None else json.dumps(example.answer, indent=1, ensure_ascii=False)
    saved = {"name": example.title, "originalRequest": request, "code": example.status, "body": answer}
    return {
        "name": f"{example.operation}: {example.title}",
        "request": request,
        "response": [{**saved, "_postman_previewlanguage": "json"}],
        "event": [_test(tuple(_checks(example, asked_for)))],
    }


def _checks(example: Example, asked_for: set[str]) -> Iterator[str]:
    wanted = "to.be.within(200, 299)" if example.status == _SUCCESS else f"to.eql({example.status})"
    yield f'pm.test("answers {example.status}", () => pm.expect(pm.response.code).{wanted});'
    if example.answer is not None:
        yield _LACKS
        yield f"const want = {json.dumps(example.answer)};"
        yield 'pm.test("answers what is shown", () => pm.expect(lacks(want, pm.response.json(), "")).to.eql([]));'
    for name in sorted(name for name in asked_for if name.startswith(f"{example.operation}.")):
        steps = "".join(f"[{step if step.isdigit() else json.dumps(step)}]" for step in name.split(".")[1:])
        yield f'pm.collectionVariables.set("{name}", pm.response.json(){steps});'


def _bare(path: str, method: str, operation: dict[str, Any]) -> Item:
    """An operation that no example tells of: its address, with variables of the path to fill in."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = next((each["value"] for each in media.get("examples", {}).values()), media.get("example"))
    return {
        "name": f"{operation['operationId']}: {operation['summary']}",
        "request": _request(path.replace("{", ":").replace("}", ""), method, {}, {}, shown),
        "response": [],
    }


def _request(path: str, method: str, query: dict[str, str], headers: dict[str, str], body: Any) -> Item:
    raw = f"{{{{baseUrl}}}}{path}" + (f"?{urlencode(query)}" if query else "")
    url: Item = {"raw": raw, "host": ["{{baseUrl}}"], "path": path.strip("/").split("/")}
    if query:
        url["query"] = [{"key": key, "value": quote(value, safe="")} for key, value in query.items()]
    request: Item = {"method": method.upper(), "url": url}
    request["header"] = [{"key": key, "value": value} for key, value in headers.items()]
    if body is not None:
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {"mode": "raw", "raw": json.dumps(body, indent=1, ensure_ascii=False)}
    return request


def _test(lines: tuple[str, ...]) -> Item:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": list(lines)}}

"""Examples and code samples of the OpenAPI document."""

import json
from typing import Any, Final
from urllib.parse import quote, urlencode

from core.api.schema import Example

Operation = dict[str, Any]

_HOST: Final = "https://hub.example.com"
_PYTHON: Final = """import httpx

answer = httpx.request(
    "{method}",
    "{url}",
    headers={{"Authorization": f"Bearer {{token}}"{headers}}},
{body})
answer.raise_for_status()"""


def put_examples(path: str, method: str, operation: Operation, examples: list[Example]) -> None:
    """Show the examples at parameters, body and answers of the operation, and as code; without one, a bare call."""
    for number, example in enumerate(examples):
        name = f"{operation['operationId']}{number + 1 if number else ''}"
        for parameter in operation.get("parameters", ()):
            value = {"path": example.path, "query": example.query}.get(parameter["in"], {}).get(parameter["name"])
            if value is not None and not value.startswith("$"):
                parameter.setdefault("example", value)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if example.body is not None:
                media.pop("example", None)
                media.setdefault("examples", {})[name] = {"summary": example.title, "value": example.body}
        answer = operation["responses"].get(str(example.status), {}).get("content", {}).get("application/json")
        if answer is not None and example.answer is not None:
            answer.pop("example", None)
            answer.setdefault("examples", {})[name] = {"summary": example.title, "value": example.answer}
    first = examples[0] if examples else Example(operation["operationId"], "")
    operation["x-codeSamples"] = samples(path, method, first)


def address(path: str, example: Example) -> str:
    """The path with its variables filled in and the query behind it."""
    for name, value in example.path.items():
        if value.startswith("$"):
            continue
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return f"{path}?{urlencode(example.query)}" if example.query else path


def samples(path: str, method: str, example: Example) -> list[dict[str, str]]:
    """The call with curl and with Python."""
    url = _HOST + address(path, example)
    curl = f'curl -X {method.upper()} "{url}" -H "Authorization: Bearer $TOKEN"'
    curl += "".join(f" -H '{name}: {value}'" for name, value in example.headers.items())
    if example.body is not None:
        curl += f" -H 'Content-Type: application/json' -d '{json.dumps(example.body)}'"
    python = _PYTHON.format(
        method=method.upper(),
        url=url,
        headers="".join(f", {name!r}: {value!r}" for name, value in example.headers.items()),
        body="" if example.body is None else f"    json={example.body!r},\n",
    )
    return [
        {"lang": "Shell", "label": "curl", "source": curl},
        {"lang": "Python", "label": "Python", "source": python},
    ]

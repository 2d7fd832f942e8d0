"""Code samples of the OpenAPI document, filled from its examples."""

import json
from typing import Any, Final

Operation = dict[str, Any]

_HOST: Final = "https://hub.example.com"
_PYTHON: Final = """import httpx

answer = httpx.{method}(
    "{url}",
    headers={{"Authorization": f"Bearer {{token}}"}},
{body})
answer.raise_for_status()"""


def samples(path: str, method: str, operation: Operation) -> list[dict[str, str]]:
    """The call with curl and with Python, filled from the first examples of the operation."""
    url = _HOST + path
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path":
            url = url.replace("{" + parameter["name"] + "}", str(example_of(parameter) or parameter["name"]))
    body = example_of(next(iter(operation.get("requestBody", {}).get("content", {}).values()), {}))
    curl = f'curl -X {method.upper()} "{url}" -H "Authorization: Bearer $TOKEN"'
    if body is not None:
        curl += f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    python = _PYTHON.format(method=method, url=url, body="" if body is None else f"    json={body!r},\n")
    return [
        {"lang": "Shell", "label": "curl", "source": curl},
        {"lang": "Python", "label": "Python", "source": python},
    ]


def example_of(described: dict[str, Any]) -> Any:
    """The first example of a parameter or a media type; None without one."""
    if "example" in described:
        return described["example"]
    examples = described.get("examples")
    return next(iter(examples.values())).get("value") if examples else None

"""Examples and code samples of the OpenAPI document."""

import json
import shlex
from typing import Any, Final
from urllib.parse import quote, urlencode

from core.api.schema import Example
from marketing_hub.portal.samples import Sampler

Operation = dict[str, Any]

SAMPLE_HOST: Final = "https://hub.example.com"
_PYTHON: Final = """import httpx

answer = httpx.request(
    "{method}",
    "{url}",
    headers={{"Authorization": f"Bearer {{token}}"{headers}}},
{body})
answer.raise_for_status()"""
_JAVASCRIPT: Final = """const answer = await fetch("{url}", {{
  method: "{method}",
  headers: {{Authorization: `Bearer ${{token}}`{headers}}},
{body}}});
if (!answer.ok) throw new Error(await answer.text());"""
_PHP: Final = """$call = curl_init({url});
curl_setopt_array($call, [
    CURLOPT_CUSTOMREQUEST => '{method}',
    CURLOPT_HTTPHEADER => ["Authorization: Bearer $token"{headers}],
{body}    CURLOPT_RETURNTRANSFER => true,
]);
$answer = json_decode(curl_exec($call), true);"""


def put_examples(path: str, method: str, operation: Operation, examples: list[Example]) -> None:
    """Show the examples at parameters, body and answers of the operation, and as code; without one, a bare call."""
    for number, example in enumerate(examples):
        name = f"{operation['operationId']}{number + 1 if number else ''}"
        for parameter in operation.get("parameters", ()):
            value = {"path": example.path, "query": example.query}.get(parameter["in"], {}).get(parameter["name"])
            if value is not None and not value.startswith("$"):
                parameter.setdefault("example", _typed(value, parameter.get("schema", {})))
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


def _typed(value: str, schema: dict[str, Any]) -> str | int | float:
    """What stands in the query as the schema sees it."""
    kind = schema.get("type")
    return int(value) if kind == "integer" else float(value) if kind == "number" else value


def make_examples_whole(document: dict[str, Any]) -> None:
    """Let each answer shown have every member that its schema promises, so that programs can rely on examples."""
    sampler = Sampler(document)
    for item in document["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                for media in response.get("content", {}).values():
                    for shown in media.get("examples", {}).values():
                        shown["value"] = sampler.whole(media["schema"], shown["value"])


def address(path: str, example: Example) -> str:
    """The path with its variables filled in and the query behind it."""
    for name, value in example.path.items():
        if value.startswith("$"):
            continue
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return f"{path}?{urlencode(example.query)}" if example.query else path


def samples(path: str, method: str, example: Example) -> list[dict[str, str]]:
    """The call with curl, Python, JavaScript and PHP."""
    verb, url = method.upper(), SAMPLE_HOST + address(path, example)
    makers = (("Shell", "curl", _curl), ("Python", "Python", _python), ("JavaScript", "JavaScript", _javascript))
    return [
        {"lang": language, "label": label, "source": made(verb, url, example)}
        for language, label, made in (*makers, ("PHP", "PHP", _php))
    ]


def _curl(verb: str, url: str, example: Example) -> str:
    parts = [f'curl -X {verb} "{url}" -H "Authorization: Bearer $TOKEN"']
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in example.headers.items()]
    if example.body is not None:
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(example.body))}"]
    return " ".join(parts)


def _python(verb: str, url: str, example: Example) -> str:
    return _PYTHON.format(
        method=verb,
        url=url,
        headers="".join(f", {name!r}: {value!r}" for name, value in example.headers.items()),
        body="" if example.body is None else f"    json={example.body!r},\n",
    )


def _javascript(verb: str, url: str, example: Example) -> str:
    headers = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in _sent(example).items())
    body = "" if example.body is None else f"  body: JSON.stringify({json.dumps(example.body)}),\n"
    return _JAVASCRIPT.format(method=verb, url=url, headers=headers, body=body)


def _php(verb: str, url: str, example: Example) -> str:
    headers = "".join(f", {_php_text(f'{name}: {value}')}" for name, value in _sent(example).items())
    body = "" if example.body is None else f"    CURLOPT_POSTFIELDS => {_php_text(json.dumps(example.body))},\n"
    return _PHP.format(method=verb, url=_php_text(url), headers=headers, body=body)


def _sent(example: Example) -> dict[str, str]:
    return example.headers | ({} if example.body is None else {"Content-Type": "application/json"})


def _php_text(text: str) -> str:
    """The text as a literal of PHP."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""The PHP client: one method for each operation of the OpenAPI document, on the hand-written transport of sdk/php."""

import re
from typing import Any, Final

from marketing_hub.portal.models import operations

_HEAD: Final = """<?php

declare(strict_types=1);

namespace MarketingHub;

/** The API, one method for each operation. Made from the OpenAPI document by `make sdk`; do not change it by hand. */
final class Hub extends Transport
{
"""
_METHOD: Final = """    /**
{words}
     */
    public function {name}({arguments}): Answer
    {{
        return $this->send('{method}', {address}, {query}, $headers, {body});
    }}
"""


def source() -> str:
    """The text of Hub.php."""
    return _HEAD + "\n".join(_method(*entry) for entry in operations()) + "}\n"


def _method(path: str, method: str, operation: dict[str, Any]) -> str:
    parameters = operation.get("parameters", ())
    names = {where: [p["name"] for p in parameters if p["in"] == where] for where in ("path", "query", "header")}
    arguments = [f"string ${_variable(name)}" for name in re.findall(r"{(\w+)}", path)]
    has_body = "requestBody" in operation
    arguments += ["array $body"] if has_body else []
    arguments += ["array $query = []"] if names["query"] else []
    arguments += ["array $headers = []"]
    lines = [f"{operation['summary'].rstrip('.')}."]
    lines += [
        f"Query: {', '.join(names['query'])}." if names["query"] else "",
        f"Headers: {', '.join(names['header'])}.",
    ]
    return _METHOD.format(
        words="\n".join(f"     * {line}" for line in lines).replace("*/", "* /"),
        name=operation["operationId"],
        arguments=", ".join(arguments),
        method=method.upper(),
        address=_address(path),
        query="$query" if names["query"] else "[]",
        body="$body" if has_body else "null",
    )


def _variable(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _address(path: str) -> str:
    """The path as an expression of PHP, with its variables percent-encoded."""
    parts = re.split(r"{(\w+)}", path)
    return " . ".join(f"rawurlencode(${_variable(p)})" if i % 2 else f"'{p}'" for i, p in enumerate(parts) if p)

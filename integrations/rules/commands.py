"""Requests as commands for a shell."""

import shlex
from collections.abc import Mapping


def as_curl(*, url: str, headers: Mapping[str, str], body: str) -> str:
    """A curl command that posts `body`; every part is quoted for a POSIX shell, so it runs as it stands."""
    parts = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    return " \\\n  ".join([f"curl -X POST {shlex.quote(url)}", *parts, f"--data-raw {shlex.quote(body)}"])

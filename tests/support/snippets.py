"""The fenced code of a page as one shell script, so that what a reader copies is what a test has run."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from marketing_hub.portal.markdown import NOT_RUN

HOSTS = ("https://hub.example.com", "http://127.0.0.1:8000")
SHELLS, PROGRAMS, DATA, TEXTS = {"bash", "sh"}, {"python"}, {"json"}, {"text", "ini", "nginx"}
PAGES, CONSOLE, TYPED, SERVED = {"html", "javascript"}, {"console"}, {"typescript"}, {"php"}
_FENCE = re.compile(r"^```([a-z]*) ?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)")


@dataclass(frozen=True)
class Snippet:
    """One fenced block: its language, the words behind it, the code."""

    language: str
    words: str
    code: str

    @property
    def runs(self) -> bool:
        """Whether it says nothing against being run, and is no mere text."""
        return not self.words.startswith(NOT_RUN) and self.language not in TEXTS


def snippets(file: Path) -> list[Snippet]:
    """The fenced blocks of a page in their order."""
    return [Snippet(*found) for found in _FENCE.findall(file.read_text())]


def script(blocks: list[Snippet]) -> str:
    """Bash that does what the blocks do, one after the other, and ends with the first that fails."""
    return "\n".join(_lines(block) for block in blocks if block.runs)


def _lines(block: Snippet) -> str:
    if block.language in SHELLS:
        return block.code  # as pasted: what a later program reads has to be exported on the page
    if block.language in CONSOLE:
        commands = [line.removeprefix("$ ") for line in block.code.splitlines() if line.startswith("$ ")]
        return "\n".join(commands)
    if block.language in PROGRAMS:
        return f"python - <<'END_OF_PROGRAM'\n{block.code}\nEND_OF_PROGRAM"
    if block.language in DATA:
        return _call(block)
    return ""


def _call(block: Snippet) -> str:
    """JSON behind `POST /api/v1/...` is sent there; any other must be JSON, which is found out here."""
    json.loads(block.code)
    call = _CALL.fullmatch(block.words)
    if call is None:
        return ""
    headers = """-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'"""
    address = f'-X {call[1]} "{HOSTS[0]}{call[2]}"'
    return f"curl -sS --fail-with-body {headers} {address} -d @- <<'END_OF_BODY'\n{block.code}\nEND_OF_BODY"

"""The pages of README and docs/ work: the code of each runs, in its order, against the running product."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from marketing_hub.demo.cast import DEVELOPER_SCOPES
from marketing_hub.env import BASE_DIR
from marketing_hub.portal.postman import WALK
from tests.support.partner import EVERYTHING
from tests.support.snippets import CONSOLE, DATA, HOSTS, PAGES, PROGRAMS, SERVED, SHELLS, TEXTS, TYPED, script, snippets
from tests.support.stack import Stack

pytestmark = pytest.mark.fault

README = BASE_DIR / "README.md"
FILES = {file.relative_to(BASE_DIR).as_posix(): file for file in (README, *sorted((BASE_DIR / "docs").rglob("*.md")))}
WITH_CODE = [name for name, file in FILES.items() if any(block.runs for block in snippets(file))]
MOST_NOT_RUN = 8
NODE = BASE_DIR / "var/sdk/typescript/node_modules"
SCOPES = re.compile(r"^Scopes of this page: (.*?\.)$", re.MULTILINE | re.DOTALL)
READERS = """
import json, sys
from django.utils import timezone
from core.actors import SYSTEM
from integrations.services.clients import register_client
from integrations.services.write_keys import issue_write_key
from marketing_hub.demo.cast import welcome_jane
now = timezone.now()
welcome_jane(by=SYSTEM, now=now)
print(json.dumps(["write key", issue_write_key(source="reader", by=SYSTEM, now=now).secret]))
for scopes in json.load(sys.stdin):
    made = register_client(name="reader", scopes=scopes, tier="unlimited", by=SYSTEM, now=now)
    print(json.dumps([made.client.client_id, made.secret]))
"""
REFUSED = re.compile(r'"error": ?"|"status": ?"rejected"')
ANY_CLIENT = ("docs/guides/migrating.md",)
FOR_PARTNERS = ("docs/quickstarts/", "docs/guides/")


def named_scopes(name: str) -> list[str]:
    """The scopes that a page says its reader's client needs: its code is run with these and no others."""
    found = SCOPES.search(FILES[name].read_text())
    return re.findall(r"`([a-z_.]+:[a-z]+)`", found[1]) if found else []


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


@pytest.fixture(scope="module")
def readers(stack: Stack) -> dict[tuple[str, ...], dict[str, str]]:
    """What readers have at hand, by the scopes of their client: id, secret, token, write key. Jane is there too."""
    kinds = sorted({scopes_of(name) for name in WITH_CODE} | {EVERYTHING})
    said = stack.manage("shell", "-c", READERS, stdin=json.dumps(kinds))
    (_, key), *pairs = (json.loads(line) for line in said.splitlines() if line.startswith("["))
    found = {}
    for scopes, pair in zip(kinds, pairs, strict=True):
        form = {"grant_type": "client_credentials"}
        token = httpx.post(f"{stack.base_url}/oauth/token", data=form, auth=tuple(pair), timeout=30).json()
        names = {"CLIENT_ID": pair[0], "CLIENT_SECRET": pair[1], "TOKEN": token["access_token"]}
        found[scopes] = {"WRITE_KEY": key, **names}
    return found


@pytest.fixture(scope="module")
def credentials(readers: dict[tuple[str, ...], dict[str, str]]) -> dict[str, str]:
    """A reader who may do everything."""
    return readers[EVERYTHING]


def scopes_of(name: str) -> tuple[str, ...]:
    return tuple(sorted(named_scopes(name))) or EVERYTHING


@pytest.mark.parametrize("name", WITH_CODE)
def test_page__its_code__runs_in_its_order(
    stack: Stack, readers: dict[tuple[str, ...], dict[str, str]], tmp_path: Path, name: str
):
    credentials = readers[scopes_of(name)]
    code = script(snippets(FILES[name]))
    for host in HOSTS:
        code = code.replace(host, stack.base_url)
    python = f"{BASE_DIR}/.venv/bin/python"
    code = code.replace(".venv/bin/python manage.py", "python manage.py")
    code = code.replace("YOUR_WRITE_KEY", credentials["WRITE_KEY"])
    code = code.replace("python manage.py", f"{python} {BASE_DIR}/manage.py").replace("/srv/outside", str(tmp_path))
    given = {key: value for key, value in credentials.items() if f"{key}=$(" not in code}  # the page makes the others

    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=tmp_path,
        env={**stack.environment, **given, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert not REFUSED.search(outcome.stdout), outcome.stdout
    if name == "README.md":
        for words in ('"email":"jane.doe@example.com"', '"pagination":{"limit":3', "marketer"):
            assert words in outcome.stdout


@pytest.mark.parametrize("name", ["docs/guides/pagination.md", "docs/guides/sync.md"])
def test_page_that_reads_in_a_loop__window_of_its_limits_full__waits_and_goes_on(name: str):
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(429 if len(asked) == 1 else 200)
            self.send_header("Retry-After", "0")
            self.end_headers()
            page = {"data": [], "pagination": {"has_more": False}, "next_token": "t", "has_more": False}
            self.wfile.write(json.dumps(page).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        [code] = [block.code for block in snippets(FILES[name]) if block.language in PROGRAMS]
        code = code.replace(HOSTS[0], f"http://127.0.0.1:{server.server_port}")
        ended = subprocess.run([sys.executable, "-c", code], env={"TOKEN": "t"}, timeout=60, check=False)
        server.shutdown()

    assert ended.returncode == 0
    assert len(asked) == 2
    assert asked[0] == asked[1]


@pytest.mark.skipif(not (NODE / "openapi-fetch").is_dir(), reason="no npm packages here: run make sdk first")
def test_typescript_client__generated__compiles_and_reads(stack: Stack, credentials: dict[str, str], tmp_path: Path):
    shutil.copytree(BASE_DIR / "sdk/typescript/src", tmp_path / "src")
    shutil.copy(BASE_DIR / "sdk/typescript/tsconfig.json", tmp_path)
    shutil.copy(BASE_DIR / "sdk/typescript/package.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE)
    shown = [block.code for block in snippets(BASE_DIR / "docs/guides/sdks.md") if block.language in TYPED]
    (tmp_path / "src/shown.ts").write_text(
        "declare const process: { env: Record<string, string | undefined> };\n"
        "declare const console: { log(...words: unknown[]): void };\n"
        + "\n".join(shown).replace(HOSTS[0], stack.base_url)
    )
    steps = (
        f"node node_modules/.bin/openapi-typescript {BASE_DIR}/docs/api/openapi.yaml -o src/schema.ts",
        "node node_modules/.bin/tsc",
        "node dist/shown.js",
    )

    outcome = subprocess.run(
        ["bash", "-ec", "\n".join(steps)],
        cwd=tmp_path,
        env={**os.environ, **credentials},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "cus_" in outcome.stdout


@pytest.mark.skipif(shutil.which("php") is None, reason="no php on the PATH to run the PHP client with")
def test_php_client__generated__does_what_its_guide_shows(stack: Stack, credentials: dict[str, str], tmp_path: Path):
    folder = tmp_path / "src"
    shutil.copytree(BASE_DIR / "sdk/php/src", folder)
    stack.manage("phpsdk", "--file", str(folder / "Hub.php"))
    [shown] = [block.code for block in snippets(BASE_DIR / "docs/guides/sdks.md") if block.language in SERVED]
    loads = "".join(f"require '{folder}/{name}.php';\n" for name in ("Answer", "ApiError", "Transport", "Hub"))
    uses, rest = shown.split("\n\n", 1)
    (tmp_path / "shown.php").write_text(f"<?php\n{uses}\n{loads}{rest.replace(HOSTS[0], stack.base_url)}")

    outcome = subprocess.run(
        ["php", "shown.php"],
        cwd=tmp_path,
        env={**os.environ, **credentials},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    first, second = outcome.stdout.splitlines()
    assert re.fullmatch(r"cus_\w+ Grace", first)
    assert second == "invalid_parameter: Invalid 'created_after'"


@pytest.mark.skipif(not (NODE / "newman").is_dir(), reason="no npm packages here: run make sdk first")
def test_postman_collection__run_from_the_top__answers_as_it_shows(tmp_path: Path):
    with Stack() as fresh:
        words = ("client", "create", "--name", "newman", "--scopes", " ".join(EVERYTHING), "--tier", "unlimited")
        client = json.loads(fresh.manage(*words, "--json"))
        fresh.manage("postman", "--folder", str(tmp_path))
        values = {"baseUrl": fresh.base_url, "clientId": client["client_id"], "clientSecret": client["client_secret"]}
        given = [word for name, value in values.items() for word in ("--env-var", f"{name}={value}")]
        run = ["node", NODE / ".bin/newman", "run", "collection.json", "-e", "environment.json"]
        what = ["--folder", "Get a token", "--folder", WALK, "--reporter-cli-no-success-assertions"]
        outcome = subprocess.run(
            [*run, *given, *what],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    assert outcome.returncode == 0, outcome.stdout[-8000:]


def _uses_a_token(name: str) -> bool:
    return "TOKEN" in FILES[name].read_text() and name not in ANY_CLIENT


def test_pages_for_partners__that_use_a_token__name_scopes_that_the_demos_client_has():
    partners = [name for name in WITH_CODE if name.startswith(FOR_PARTNERS)]
    silent = [name for name in partners if _uses_a_token(name) and not named_scopes(name)]
    beyond = {name: set(named_scopes(name)) - set(DEVELOPER_SCOPES) for name in partners}

    assert silent == []
    assert {name: scopes for name, scopes in beyond.items() if scopes} == {}


def test_snippets__languages__are_those_that_are_run():
    known = SHELLS | PROGRAMS | DATA | PAGES | CONSOLE | TEXTS | TYPED | SERVED
    strange = [f"{name}: {b.language or 'none'}" for name, file in FILES.items() for b in snippets(file)]

    assert [text for text in strange if text.rpartition(" ")[2] not in known] == []


def test_snippets__not_run__are_few_and_say_why():
    marked = [(name, b) for name, file in FILES.items() for b in snippets(file) if b.words.startswith("not run")]

    assert [name for name, block in marked if not re.fullmatch(r"not run: \S.{15,}", block.words)] == []
    assert len(marked) <= MOST_NOT_RUN


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH to read scripts of pages with")
def test_snippets__scripts_of_pages__can_be_read(tmp_path: Path):
    unreadable = []
    for name, file in FILES.items():
        text = "\n".join(block.code for block in snippets(file) if block.language in PAGES and block.runs)
        for number, code in enumerate(re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", text, re.DOTALL)):
            place = tmp_path / f"{number}.mjs"
            place.write_text(code)
            told = subprocess.run(["node", "--check", place], capture_output=True, text=True, timeout=60, check=False)
            unreadable += [f"{name}: {told.stderr}"] if told.returncode else []

    assert unreadable == []


def test_readme__files_it_points_to__exist():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())

    assert links
    assert [link for link in links if not os.path.lexists(BASE_DIR / link)] == []

"""The lines of the README that a person copies work, in their order, against the running product."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketing_hub.env import BASE_DIR
from tests.support.stack import Stack

pytestmark = pytest.mark.fault

README = (BASE_DIR / "README.md").read_text()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


def test_readme__shell_lines__do_what_they_say(stack: Stack, tmp_path: Path):
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("http://127.0.0.1:8000", stack.base_url)
    lines = lines.replace(".venv/bin/python manage.py", f"{BASE_DIR}/.venv/bin/python {BASE_DIR}/manage.py")

    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=tmp_path,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr
    assert '"error"' not in outcome.stdout, outcome.stdout
    for words in ('"email":"jane.doe@example.com"', '"pagination":{"limit":3', "marketer"):
        assert words in outcome.stdout


def test_readme__files_it_points_to__exist():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not os.path.lexists(BASE_DIR / link)] == []

"""Commands while there is no database: a sentence and an exit status, no traceback."""

import os
import subprocess
import sys

import pytest
from django.db import OperationalError

from marketing_hub import absent
from marketing_hub.env import BASE_DIR


def run(tmp_path, sandbox):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "client", "create", "--name", "N", "--scopes", "customers:read"],
        env={**kept, "HUB_DATA_DIR": str(tmp_path), "SANDBOX": sandbox},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("sandbox", "words"), [("1", "The sandbox is not up yet"), ("0", "The database does not answer")]
)
def test_command__before_the_first_start__ends_in_a_sentence(tmp_path, sandbox, words):
    outcome = run(tmp_path, sandbox)

    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith(words)
    assert "Traceback" not in outcome.stderr


def test_refusing__error_of_a_statement__stays_what_it_is():
    class Cancelled(Exception):
        sqlstate = "57014"

    with pytest.raises(OperationalError), absent.refusing():
        raise OperationalError("canceling statement") from Cancelled()

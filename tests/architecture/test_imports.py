"""The floors and rooms hold."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT


def test_import_contracts__whole_tree__are_kept():
    command = Path(sys.executable).with_name("lint-imports")

    outcome = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert outcome.returncode == 0, outcome.stdout[-3000:]

"""Packages for Node as npm gives them to partners, installed once for a test run."""

import shutil
import subprocess
from pathlib import Path

import pytest


def installed(folder: Path, *packages: str) -> Path:
    """The folder, with these packages (`name@version`) in it; skips the test where npm cannot do that."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not on this machine")
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *packages]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install the packages within four minutes")
    if done.returncode:
        pytest.skip(f"npm could not install the packages: {done.stderr[-200:]}")
    return folder

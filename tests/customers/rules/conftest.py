import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def export_formats(shared_data: Path) -> dict[str, list[str]]:
    """Header rows of real export files, by the name of the tool that writes them."""
    formats = json.loads((shared_data / "contacts/export_headers.json").read_text())["formats"]
    return {entry["tool"]: entry["headers"] for entry in formats}

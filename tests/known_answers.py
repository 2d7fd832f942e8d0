"""Public data sets and vectors with known answers, kept beside the checkout because not all may be bundled."""

import os
from pathlib import Path

import pytest

_FOLDER = Path(os.environ.get("HUB_SHARED_DIR", Path(__file__).resolve().parents[2] / "shared"))


def shared_data(relative: str) -> Path:
    """The path of a file below `data/`; skips the calling test when the data is not on this machine."""
    path = _FOLDER / "data" / relative
    if not path.exists():
        pytest.skip(f"data/{relative} is not in {_FOLDER}; set HUB_SHARED_DIR to the folder that holds data/")
    return path

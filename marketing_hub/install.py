"""`make setup`: the virtual environment `.venv` with the pinned packages. Needs nothing but Python's own library.

`python3 -I marketing_hub/install.py requirements.txt` does nothing when that file was installed before, unchanged.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
CONSTRAINTS = "constraints.txt"
PIP = ROOT / "marketing_hub" / "wheels" / "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def install(requirements: str) -> None:
    """Afterwards `.venv` holds the packages of that file, and what those need in the versions of `constraints.txt`.

    SystemExit with a sentence when that cannot be.
    """
    wanted, stamp = _fingerprint(ROOT / requirements, ROOT / CONSTRAINTS), VENV / f"{requirements}.installed"
    if PYTHON.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        _make_environment()
    _tell(f"installing the packages of {requirements}; the first time this takes a few minutes")
    files = ["-r", str(ROOT / requirements), "-c", str(ROOT / CONSTRAINTS)]
    words = ["install", "--quiet", "--disable-pip-version-check", *files]
    if subprocess.run([PYTHON, "-m", "pip", *words], check=False).returncode:
        raise SystemExit(f"The packages of {requirements} could not be installed; the lines above say why.")
    stamp.write_text(wanted)


def _make_environment() -> None:
    _tell(f"making {VENV} with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    complete = find_spec("ensurepip") is not None
    venv.create(VENV, with_pip=complete, symlinks=True)
    if not complete:
        _bring_pip()


def _bring_pip() -> None:
    """Install the pip we carry where the system's Python comes without one (Debian without python3-venv)."""
    if hashlib.sha256(PIP.read_bytes()).hexdigest() != PIP_SHA256:
        raise SystemExit(f"{PIP} is not the file that was expected; nothing was installed.")
    subprocess.run([PYTHON, PIP / "pip", "install", "--quiet", "--no-index", PIP], check=True)


def _fingerprint(*files: Path) -> str:
    """Answer a digest of the files and of those they name with -r."""
    parts = []
    for file in files:
        parts.append(text := file.read_text())
        parts += [_fingerprint(file.parent / line[3:].strip()) for line in text.splitlines() if line.startswith("-r ")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        raise SystemExit("Python 3.11 or newer is needed; name one: make PYTHON=python3.12 run")
    if sys.platform == "win32":
        raise SystemExit("Linux or macOS is needed; on Windows use WSL.")
    install(sys.argv[1])

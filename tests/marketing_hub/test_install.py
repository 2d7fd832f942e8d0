"""`make setup`: nothing is done twice, and pip from elsewhere is the one that was expected or none."""

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketing_hub import install


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A package index on this machine that offers one pip, and the folder it serves."""
    folder = tmp_path / "index"
    (folder / "simple" / "pip").mkdir(parents=True)
    (folder / install.PIP).write_bytes(b"not the pip that was expected")
    page = {"files": [{"filename": install.PIP, "url": f"../../{install.PIP}"}]}
    (folder / "simple" / "pip" / "index.html").write_text(json.dumps(page))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/simple", folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "PYTHON": tmp_path / ".venv" / "bin" / "python",
    }.items():
        monkeypatch.setattr(install, name, value)
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n")
    return tmp_path


def test_install__called_twice__works_once_until_a_file_changes(place, capsys):
    install.install("requirements-dev.txt")
    first = capsys.readouterr().out
    install.install("requirements-dev.txt")
    second = capsys.readouterr().out
    (place / "requirements.txt").write_text("# still nothing\n")
    install.install("requirements-dev.txt")
    third = capsys.readouterr().out

    assert "making" in first
    assert second == ""
    assert "installing" in third
    assert "making" not in third


def test_install__package_does_not_exist__is_refused(place):
    (place / "requirements.txt").write_text("-r missing.txt\n")
    (place / "missing.txt").write_text("./no-such-folder\n")

    with pytest.raises(SystemExit, match="could not be installed"):
        install.install("requirements.txt")

    assert not (place / ".venv" / "requirements.txt.installed").exists()


def test_bring_pip__another_file_than_expected__is_refused(monkeypatch, index):
    monkeypatch.setenv("PIP_INDEX_URL", index[0])

    with pytest.raises(SystemExit, match="is not the file that was expected; nothing was installed"):
        install._bring_pip()


def test_bring_pip__index_without_it__names_the_package_of_the_system(monkeypatch, index):
    (index[1] / "simple" / "pip" / "index.html").write_text(json.dumps({"files": []}))
    monkeypatch.setenv("PIP_INDEX_URL", index[0])

    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        install._bring_pip()


def test_bring_pip__the_expected_file__is_run_to_install_itself(monkeypatch, index, tmp_path):
    wheel = index[1] / install.PIP
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    called: list[list[str]] = []
    monkeypatch.setenv("PIP_INDEX_URL", index[0])
    monkeypatch.setattr(install, "PIP_SHA256", digest)
    monkeypatch.setattr(subprocess, "run", lambda words, check: called.append([str(word) for word in words]))

    install._bring_pip()

    assert called[0][1].endswith(f"{install.PIP}/pip")
    assert called[0][2:5] == ["install", "--quiet", "--no-index"]


def test_install__file__needs_nothing_but_python_itself():
    source = Path(install.__file__).read_text()
    modules = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}

    assert modules <= set(sys.stdlib_module_names)

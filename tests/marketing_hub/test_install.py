"""`make setup`: nothing is done twice, and the pip we carry is the one that was expected or none."""

import subprocess
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path

import pytest

from marketing_hub import install


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
    (tmp_path / "constraints.txt").write_text("# nothing\n")
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


@pytest.mark.parametrize("changed", ["requirements.txt", "constraints.txt"])
def test_fingerprint__any_file_changed__is_another(place, changed):
    files = (place / "requirements-dev.txt", place / "constraints.txt")
    before = install._fingerprint(*files)
    (place / changed).write_text("# something\n")

    after = install._fingerprint(*files)

    assert after != before


def test_constraints__packages_of_this_environment__are_the_versions_named():
    named = dict(
        line.split("==") for line in (install.ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    here = {found.metadata["Name"]: found.version for found in distributions()}

    assert {name: version for name, version in here.items() if named.get(name, version) != version} == {}
    assert len(named) > 50


def test_install__package_does_not_exist__is_refused(place):
    (place / "requirements.txt").write_text("-r missing.txt\n")
    (place / "missing.txt").write_text("./no-such-folder\n")

    with pytest.raises(SystemExit, match="could not be installed"):
        install.install("requirements.txt")

    assert not (place / ".venv" / "requirements.txt.installed").exists()


def test_bring_pip__another_file_than_expected__is_refused(monkeypatch, place):
    wheel = place / install.PIP.name
    wheel.write_bytes(b"not the pip that was expected")
    monkeypatch.setattr(install, "PIP", wheel)

    with pytest.raises(SystemExit, match="is not the file that was expected; nothing was installed"):
        install._bring_pip()

    assert not (place / ".venv").exists()


def test_bring_pip__environment_without_pip__has_one_afterwards(place):
    venv.create(place / ".venv", with_pip=False, symlinks=True)

    install._bring_pip()

    shown = subprocess.run([install.PYTHON, "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("pip 26.3 ")


def test_install__file__needs_nothing_but_python_itself():
    source = Path(install.__file__).read_text()
    modules = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}

    assert modules <= set(sys.stdlib_module_names)

"""docs/operations/configuration.md lists exactly the environment variables that the code reads."""

import ast
import re

from tests.architecture.sources import ROOT, python_files, tree

READERS = {"text", "flag", "number", "seconds", "choice", "zone", "csv", "url", "secret", "keyring", "database_url"}
OURS_TO_SET = {"DJANGO_SETTINGS_MODULE", "PATH"}
FILES_BESIDE_THE_APPS = [ROOT / "tests" / "conftest.py"]


def read_by(node: ast.AST) -> str | None:
    """The variable that this expression reads: env.text("X"), os.environ.get("X"), os.environ["X"]."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        owner, name = ast.unparse(node.func.value), node.args[0]
        reads = (owner == "env" and node.func.attr in READERS) or (owner, node.func.attr) == ("os.environ", "get")
        return name.value if reads and isinstance(name, ast.Constant) else None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and ast.unparse(node.value) == "os.environ":
        return node.slice.value if isinstance(node.slice, ast.Constant) else None
    return None


def test_configuration_page__against_the_code__lists_every_variable_and_no_other():
    files = [file for file in python_files() if file.name != "settings_test.py"] + FILES_BESIDE_THE_APPS
    read = {name for file in files for node in ast.walk(tree(file)) if (name := read_by(node))} - OURS_TO_SET
    page = (ROOT / "docs" / "operations" / "configuration.md").read_text()

    listed = re.findall(r"^\| `([A-Z0-9_]+)`", page, re.MULTILINE)

    assert sorted(listed) == sorted(read)

"""The product's own Python files, parsed once for all architecture tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "customers", "consent", "campaigns", "engagement", "integrations", "marketing_hub")
DOMAIN_APPS = ("customers", "consent", "campaigns", "engagement", "integrations")


def python_files(*, migrations: bool = False) -> list[Path]:
    """Every product file, sorted; migrations only on demand."""
    files = (file for app in APPS for file in (ROOT / app).rglob("*.py"))
    return sorted(file for file in files if ("migrations" in file.parts) == migrations)


@cache
def tree(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text())


def room_of(file: Path) -> str:
    """`services`, `api`, ... for a file in a room; the file's stem for a file beside the rooms."""
    relative = file.relative_to(ROOT)
    return relative.parts[1] if len(relative.parts) > 2 else relative.stem


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def short(file: Path) -> str:
    """The path below the root."""
    return str(file.relative_to(ROOT))

"""What each room may hold: writes in services only, no signals, bounded sizes, no swallowed failures."""

import ast

from tests.architecture.sources import DOMAIN_APPS, ROOT, functions, python_files, room_of, short, tree

WRITES = {
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "save",
    "delete",
}
MAY_WRITE = {"services"}
FILE_LIMIT, FUNCTION_LIMIT, TEMPLATE_LIMIT, CORE_LIMIT = 400, 40, 120, 2_500
CONSOLE_LIMIT = 1_600


def test_domain_apps__writes__stand_in_services_only():
    found = []
    for file in python_files():
        if short(file).split("/")[0] not in DOMAIN_APPS or room_of(file) in MAY_WRITE:
            continue
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                owner = ast.unparse(node.func.value)
                if "objects" in owner or (
                    node.func.attr in ("save", "delete") and not owner.startswith(("cache", "super()"))
                ):
                    found.append(f"{short(file)}:{node.lineno} {owner}.{node.func.attr}")

    assert found == []


def test_all_apps__django_signals__are_not_received():
    found = [
        short(file)
        for file in python_files()
        for node in ast.walk(tree(file))
        if (isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("django.dispatch"))
        or (isinstance(node, ast.ImportFrom) and node.module in ("django.db.models.signals", "django.core.signals"))
    ]

    assert found == []


def test_models__save_and_delete__are_not_overridden():
    found = [
        f"{short(file)}:{function.lineno}"
        for file in python_files()
        if room_of(file) == "models"
        for function in functions(file)
        if function.name in ("save", "delete")
    ]

    assert found == []


def test_all_files__length__stays_under_the_limits():
    long_files = [f"{short(f)}: {n}" for f in python_files() if (n := f.read_text().count("\n")) > FILE_LIMIT]
    long_functions = [
        f"{short(file)}:{f.lineno} {f.name}: {n}"
        for file in python_files()
        for f in functions(file)
        if (n := (f.end_lineno or f.lineno) - f.lineno + 1) > FUNCTION_LIMIT
    ]
    long_templates = [
        f"{short(f)}: {n}"
        for f in (ROOT / "templates").rglob("*.html")
        if (n := f.read_text().count("\n")) > TEMPLATE_LIMIT
    ]

    assert long_files + long_functions + long_templates == []


def test_core__size__stays_a_foundation():
    core = [file for file in python_files() if short(file).startswith("core/")]
    lines = {file: file.read_text().count("\n") for file in core}
    console = sum(n for file, n in lines.items() if short(file).startswith(("core/console/", "core/menu.py")))

    assert sum(lines.values()) - console <= CORE_LIMIT
    assert console <= CONSOLE_LIMIT


def test_all_files__broad_handlers__are_absent():
    found = [
        f"{short(file)}:{node.lineno}"
        for file in python_files()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]

    assert found == []


def test_services__public_functions__take_keywords_only():
    found = [
        f"{short(file)}:{node.lineno} {node.name}"
        for file in python_files()
        if room_of(file) == "services"
        for node in tree(file).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.args.args
    ]

    assert found == []


def test_all_files__imports__stand_at_the_top():
    found = [
        f"{short(file)}:{node.lineno}"
        for file in python_files()
        for function in functions(file)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert found == []

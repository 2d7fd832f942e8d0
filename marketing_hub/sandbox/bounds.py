"""What keeps the sandbox and the live product apart from the first line on; read by the settings."""

from pathlib import Path
from typing import Any, Final

from marketing_hub import env

SUFFIX: Final = env.SANDBOX_SUFFIX


def guard_database(*, sandbox: bool, name: str) -> None:
    """ConfigError when a sandbox is given any other database than one of its own, or the live product a sandbox's."""
    if sandbox and not name.endswith(SUFFIX):
        raise env.ConfigError(
            f"SANDBOX is on: DATABASE_URL must name a database that ends with {SUFFIX}, so that test credentials can "
            "never reach live data."
        )
    if not sandbox and name.endswith(SUFFIX):
        raise env.ConfigError("DATABASE_URL names the database of a sandbox; set SANDBOX=1, or name another one.")


def database(entry: dict[str, Any], *, sandbox: bool) -> dict[str, Any]:
    """The same entry; functions of a sandbox are looked up where its clock stands (`marketing_hub.sandbox.clock`)."""
    guard_database(sandbox=sandbox, name=entry["NAME"])
    path = {"options": "-c search_path=public,clock,pg_catalog"} if sandbox else {}
    return entry | {"OPTIONS": entry["OPTIONS"] | path}


def data_dir(*, sandbox: bool) -> Path:
    """Where files of customers are kept: imports, exports, packages, mail; a sandbox has a folder of its own."""
    return env.data_dir() / "sandbox" if sandbox else env.data_dir()

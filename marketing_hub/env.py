"""Typed readers of environment variables: a wrong or missing value stops the start with one sentence.

Each reader answers a checked value of its own type or raises ConfigError, whose text names the variable and says
what it must be. A variable that is set to nothing counts as not set. In development a variable that is not set is
looked up in `development.env` of the data folder, where `make run` writes the secrets it made and the addresses of
the servers it started, so that `manage.py` in a second terminal speaks to the same servers; before the first start
the addresses are those where it will start them. With SANDBOX=1 the database is
that of the sandbox beside it.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import available_timezones

BASE_DIR: Final = Path(__file__).resolve().parent.parent
SANDBOX_SUFFIX: Final = "_sandbox"
_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EXIT_CONFIGURATION: Final = 2


class ConfigError(Exception):
    """The configuration is wrong; the text is one sentence for the person who starts the product."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a ConfigError raised inside into its sentence on standard error and exit status 2, without a traceback."""
    try:
        yield
    except ConfigError as error:
        sys.stderr.write(f"Configuration refused: {error}\n")
        raise SystemExit(_EXIT_CONFIGURATION) from None


def text(name: str, default: str | None = None) -> str:
    """Answer the value with surrounding blanks removed, or the default; without a default the variable is required."""
    value = _lookup(name)
    if value is not None:
        return value
    if default is None:
        raise ConfigError(f"{name} is not set; it must be given.")
    return default


def flag(name: str, default: bool = False) -> bool:
    """Answer True for 1, true, yes, on and False for 0, false, no, off, in any case."""
    value = _lookup(name)
    if value is None:
        return default
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise ConfigError(f"{name} is {value!r}; it must be 1, true, yes, on, 0, false, no or off.")


def number(name: str, default: int, minimum: int | None = None, maximum: int | None = None) -> int:
    """Answer a whole number between the bounds, both included."""
    value = _lookup(name)
    wanted = f"it must be a whole number{_range(minimum, maximum)}."
    if value is None:
        return default
    try:
        found = int(value)
    except ValueError:
        raise ConfigError(f"{name} is {value!r}; {wanted}") from None
    if (minimum is not None and found < minimum) or (maximum is not None and found > maximum):
        raise ConfigError(f"{name} is {found}; {wanted}")
    return found


def seconds(name: str, default: float, minimum: float = 0) -> float:
    """Answer a length of time in seconds, written as 90, 1.5, 30s, 5m, 2h or 1d."""
    value = _lookup(name)
    if value is None:
        return default
    digits, unit = (value[:-1], _UNITS[value[-1]]) if value[-1] in _UNITS else (value, 1)
    try:
        found = float(digits) * unit
    except ValueError:
        found = float("nan")
    if not minimum <= found < float("inf"):
        raise ConfigError(
            f"{name} is {value!r}; it must be a time of at least {minimum:g} s, such as 90, 30s, 5m or 2h."
        )
    return found


def choice(name: str, default: str, options: Sequence[str]) -> str:
    """Answer one of the options, spelled exactly."""
    value = text(name, default)
    if value not in options:
        raise ConfigError(f"{name} is {value!r}; it must be one of {', '.join(options)}.")
    return value


def zone(name: str, default: str) -> str:
    """A time zone of the IANA database, such as Europe/Berlin."""
    value = text(name, default)
    if value not in available_timezones():
        raise ConfigError(f"{name} is {value!r}; it must be a time zone such as Europe/Berlin.")
    return value


def csv(name: str, default: Sequence[str] = ()) -> list[str]:
    """Answer the comma-separated values, blanks around each removed and empty ones left out."""
    value = _lookup(name)
    if value is None:
        return list(default)
    return [part.strip() for part in value.split(",") if part.strip()]


def url(name: str, default: str | None = None, schemes: Sequence[str] = ("https", "http")) -> str:
    """Answer an address with one of the schemes and something after it; its value is never repeated in a refusal."""
    value = text(name, default)
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/")):
        raise ConfigError(f"{name} must be an address that starts with {' or '.join(f'{s}://' for s in schemes)}.")
    return value


def secret(name: str, default: str | None = None) -> str:
    """Answer a secret from NAME, or from the file that NAME_FILE names; its value is never repeated in a refusal."""
    value, path = _lookup(name), _lookup(f"{name}_FILE")
    if value is not None and path is not None:
        raise ConfigError(f"{name} and {name}_FILE are both set; only one of them may be.")
    if path is not None:
        return _read_secret(name, Path(path))
    if value is None and default is None:
        raise ConfigError(f"{name} is not set; it must hold a secret, or {name}_FILE the path of a file with it.")
    return value or default or ""


def keyring(name: str) -> dict[str, str]:
    """Keys by id, the one that seals first, as `id:text,id:text`; also from NAME_FILE. Empty when it is not set."""
    found: dict[str, str] = {}
    for part in secret(name, "").replace("\n", ",").split(","):
        key_id, _, value = part.strip().partition(":")
        if not part.strip():
            continue
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", key_id) or len(value) < 32 or key_id in found:
            raise ConfigError(f"{name} must be `id:text,id:text`, each id once, each text of 32 characters or more.")
        found[key_id] = value
    return found


def database_url(name: str, default: str | None = None) -> dict[str, Any]:
    """Answer a Django DATABASES entry for postgresql://user:password@host:port/name?option=value.

    A unix socket is named by its folder: percent-encoded as the host, or as ?host=/folder. Other options of the
    query go to libpq unchanged (sslmode, connect_timeout, ...). The address may come from NAME_FILE.
    """
    value = secret(name, default)
    wanted = f"{name} must look like postgresql://user:password@host:5432/name or postgresql:///name?host=/folder"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ConfigError(f"{wanted}; its host or port cannot be read.") from None
    if parts.scheme not in ("postgres", "postgresql"):
        raise ConfigError(f"{wanted}; it starts with another scheme.")
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise ConfigError(f"{wanted}; the name of the database is missing.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": options.pop("port", str(port or "")),
        "OPTIONS": options,
    }


def sandbox_url(live: str) -> str:
    """The address of the database that the sandbox has beside this one."""
    parts = urlsplit(live)
    return live if parts.path.endswith(SANDBOX_SUFFIX) else parts._replace(path=parts.path + SANDBOX_SUFFIX).geturl()


def data_dir() -> Path:
    """Answer the folder of everything the product writes on this machine: HUB_DATA_DIR, else `var` of the checkout."""
    return Path(os.environ.get("HUB_DATA_DIR", "").strip() or BASE_DIR / "var").expanduser().absolute()


def read_file(path: Path) -> dict[str, str]:
    """Answer the NAME=value lines of a file; none when the file does not exist."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def _lookup(name: str) -> str | None:
    value = os.environ.get(name, "").strip()
    return value or _development_values().get(name) or None


def _development_values() -> dict[str, str]:
    if os.environ.get("HUB_ENV", "").strip() not in ("", "development"):
        return {}
    sockets = data_dir() / "sockets"
    addresses = {
        "DATABASE_URL": f"postgresql://hub@/marketing_hub?host={sockets}",
        "REDIS_URL": f"unix://{sockets}/redis.sock?db=0",
        "CELERY_BROKER_URL": f"redis+socket://{sockets}/redis.sock?virtual_host=1",
    }
    values = addresses | read_file(data_dir() / "development.env")
    if os.environ.get("SANDBOX", "").strip().lower() in _YES:
        values["DATABASE_URL"] = sandbox_url(values["DATABASE_URL"])
    if os.environ.get("REDIS_URL", "").strip():
        del values["CELERY_BROKER_URL"]
    return values


def _read_secret(name: str, path: Path) -> str:
    try:
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE must be the path of a readable text file ({type(error).__name__}).") from None
    if not value:
        raise ConfigError(f"{name}_FILE names an empty file; it must hold the secret.")
    return value


def _range(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return "" if maximum is None else f" of at most {maximum}"

"""Development only: the folders in which the embedded servers live, and the account they run under.

PostgreSQL refuses to run as root, so root hands the servers to a system user. A folder which that user cannot enter
is refused, or another one is taken; permissions of a folder that we did not make are never changed.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from marketing_hub import env
from marketing_hub.processes import Account, StartError

_ROOT_DATA: Final = Path("/var/lib/marketing_hub")
_SYSTEM_USERS: Final = ("postgres", "nobody")
_SOCKET_LIMIT: Final = 80
_THROWAWAY: Final = "hub-test-"
_SWEEP_AGE: Final = 600.0


@dataclass(frozen=True)
class Home:
    """The folders of one pair of servers and the account they run under (None: our own)."""

    data: Path
    sockets: Path
    logs: Path
    account: Account | None
    durable: bool = True

    @property
    def postgres_data(self) -> Path:
        """The PostgreSQL cluster."""
        return self.data / "postgresql"

    @property
    def redis_data(self) -> Path:
        """The append-only file of Redis."""
        return self.data / "redis"

    def database_url(self, name: str = "marketing_hub", user: str = "hub") -> str:
        """Answer the DATABASE_URL of a database of this PostgreSQL."""
        return f"postgresql://{user}@/{name}?host={quote(str(self.sockets), safe='/')}"

    def redis_url(self, database: int = 0) -> str:
        """Answer the REDIS_URL of a database of this Redis."""
        return f"unix://{self.sockets}/redis.sock?db={database}"

    def broker_url(self, database: int = 1) -> str:
        """Answer the CELERY_BROKER_URL of a database of this Redis."""
        return f"redis+socket://{self.sockets}/redis.sock?virtual_host={database}"


def locate() -> Home:
    """Answer the servers' home of this checkout, its folders made; ConfigError when no folder can serve.

    That is HUB_DATA_DIR, else `var` of the checkout. When root started us and the system user cannot enter the
    checkout (it stands in a private folder), a folder under /var/lib/marketing_hub takes the place of `var`.
    """
    state = env.data_dir()
    make_folder(state)
    account = _system_account() if os.geteuid() == 0 else None
    data = _open_to(account, state) if account else state
    return _furnish(Home(data, _socket_folder(data), state / "log", account))


@contextmanager
def throwaway() -> Iterator[Home]:
    """Lend a home in the system's temporary folder, for servers that forgive no crash; deleted at the end.

    Homes of test runs that were killed more than ten minutes ago are deleted as well.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{_THROWAWAY}*"):
        with suppress(StartError, PermissionError, FileNotFoundError):
            if time.time() - old.stat().st_mtime > _SWEEP_AGE:
                with lock(old):
                    shutil.rmtree(old, ignore_errors=True)
    data = Path(tempfile.mkdtemp(prefix=_THROWAWAY))
    account = _system_account() if os.geteuid() == 0 else None
    data.chmod(0o755 if account else 0o700)
    try:
        with lock(data):
            yield _furnish(Home(data, _socket_folder(data), data / "log", account, durable=False))
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; StartError, naming the process that holds it, when another one does."""
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StartError(
                f"{folder} is in use by process {holder}; end that first, or set HUB_DATA_DIR to another folder."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _system_account() -> Account:
    """Answer the account for root's servers: HUB_SYSTEM_USER, else the first of postgres and nobody that exists."""
    wanted = os.environ.get("HUB_SYSTEM_USER", "").strip()
    for name in (wanted,) if wanted else _SYSTEM_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid:
                return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise env.ConfigError(
        f"HUB_SYSTEM_USER must name a user of this machine other than root, because PostgreSQL refuses to run as root; "
        f"{wanted or ' and '.join(_SYSTEM_USERS)} cannot be used."
    )


def _open_to(account: Account, state: Path) -> Path:
    """Answer a data folder that the account can enter; data that exist are never left behind for an empty folder."""
    given = bool(os.environ.get("HUB_DATA_DIR", "").strip())
    elsewhere = _ROOT_DATA / hashlib.sha256(str(env.BASE_DIR).encode()).hexdigest()[:12]
    if not given and (elsewhere / "postgresql").is_dir():
        return elsewhere
    if account.may_enter(state):
        return state
    if given or (state / "postgresql").is_dir():
        raise env.ConfigError(
            f"HUB_DATA_DIR is {state}, which the system user {account.name} cannot enter, and PostgreSQL refuses "
            f"to run as root; it must be a folder open to that user, such as {_ROOT_DATA}. "
            "Starting as an ordinary user helps as well."
        )
    make_folder(_ROOT_DATA)
    make_folder(elsewhere)
    return elsewhere


def _furnish(home: Home) -> Home:
    make_private(home, home.sockets)
    home.logs.mkdir(mode=0o700, exist_ok=True)
    return home


def make_folder(path: Path) -> None:
    """Make the folder open to read when it is missing; one that exists keeps its permissions."""
    if path.is_dir():
        if not os.access(path, os.W_OK | os.X_OK):
            raise env.ConfigError(f"HUB_DATA_DIR must be a folder that you may write to; {path} is not.")
        return
    try:
        path.mkdir(parents=True)
        path.chmod(0o755)
    except OSError as error:
        raise env.ConfigError(f"HUB_DATA_DIR must be a folder that can be made; {path}: {error.strerror}.") from None


def make_private(home: Home, path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700)
        if home.account:
            os.chown(path, home.account.uid, home.account.gid)
    require_owner(home, path)


def require_owner(home: Home, path: Path) -> None:
    owner = home.account.uid if home.account else os.geteuid()
    if path.is_symlink() or (path.exists() and path.stat().st_uid != owner):
        raise env.ConfigError(
            f"HUB_DATA_DIR must name a folder whose servers were always started by the same user; {path} belongs to "
            f"user number {path.lstat().st_uid}, not {owner}. Start as before, or set HUB_DATA_DIR to another folder."
        )


def _socket_folder(data: Path) -> Path:
    """Answer a folder whose sockets stay below the 107 characters that a unix socket address may have."""
    folder = data / "sockets"
    if len(str(folder)) <= _SOCKET_LIMIT:
        return folder
    return Path(tempfile.gettempdir()) / f"hub-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"

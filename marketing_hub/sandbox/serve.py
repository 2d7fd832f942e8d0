"""The sandbox beside `make run`: `python -m marketing_hub.sandbox.serve` makes it ready, then becomes its web server.

It has the environment of the live product, but for its database and its port.
"""

import os
import sys

from marketing_hub import addresses, env
from marketing_hub.processes import refusing

NICE = 5
"""The live product goes first while the sandbox is made ready."""


def environment() -> dict[str, str]:
    """What differs from the live product."""
    url = env.sandbox_url(env.text("DATABASE_URL"))
    port = str(addresses.sandbox_port())
    return {"SANDBOX": "1", "DATABASE_URL": url, "PORT": port, "SANDBOX_URL": "", "WEB_WORKERS": "1"}


def main() -> None:
    """Become `manage.py sandbox serve`."""
    os.environ |= environment()
    os.nice(NICE)
    os.execv(sys.executable, (sys.executable, str(env.BASE_DIR / "manage.py"), "sandbox", "serve"))  # noqa: S606


if __name__ == "__main__":
    with env.refusing(), refusing():
        main()

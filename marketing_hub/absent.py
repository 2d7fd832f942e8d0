"""What a command says while there is no database to work on: a sentence instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import OperationalError

_NOT_THERE: Final = (None, "3D000", "57P03")
"""No answer, no such database, still starting (PostgreSQL, appendix A)."""
_SANDBOX: Final = (
    "The sandbox is not up yet: there is no database of its own. It comes with `make run` (a minute or more after the "
    "first start), or with `python manage.py sandbox prepare`. Try again then."
)
_LIVE: Final = "The database does not answer. Start it (`make run` does), or look at DATABASE_URL. Try again then."


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a connection that cannot be made into a sentence on standard error and exit status 1."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _NOT_THERE:
            raise
        why = str(error).strip().partition("\n")[0]
        sys.stderr.write(f"{_SANDBOX if settings.SANDBOX else _LIVE}\n({why})\n")
        raise SystemExit(1) from None

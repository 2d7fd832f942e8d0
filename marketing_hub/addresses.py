"""Where the processes of this machine listen."""

from typing import Final

from marketing_hub import env

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  addresses to listen on, if somebody asks
_STREAM_BEHIND: Final = 10
_SANDBOX_BEHIND: Final = 20


def listening_on() -> str:
    """The address on which web server and stream server listen."""
    return env.text("HUB_HOST", "127.0.0.1")


def own_host() -> str:
    """The address at which this machine reaches them."""
    return _EVERYWHERE.get(listening_on(), listening_on())


def port() -> int:
    """The port of the web server."""
    return env.number("PORT", 8000, 1, 65535)


def sandbox_port() -> int:
    """The port of the sandbox's web server."""
    return env.number("SANDBOX_PORT", min(port() + _SANDBOX_BEHIND, 65535), 1, 65535)


def stream_port() -> int:
    """The port of the process that serves streams."""
    return env.number("STREAM_PORT", min(port() + _STREAM_BEHIND, 65535), 1, 65535)

"""Messages that the sandbox kept instead of sending them: e-mail and webhooks, the newest first."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from django.conf import settings

KINDS: Final = ("email", "webhook")
MOST_FILES: Final = 500
_BETWEEN: Final = b"-" * 79 + b"\n"


@dataclass(frozen=True, slots=True)
class Send:
    """One message: to whom or which address, its headers, and the body as it would have left."""

    kind: str
    at: datetime
    to: str
    subject: str
    headers: dict[str, str]
    body: str


def list_sends(*, kind: str = "", limit: int) -> list[Send]:
    """At most `limit`, of one kind or all, the newest first; only the newest MOST_FILES files are looked at."""
    found: list[Send] = []
    if kind in ("", "email"):
        found += _emails()
    if kind in ("", "webhook"):
        found += [_webhook(path) for path in _newest(settings.WEBHOOK_KEPT_PATH, "*.json")]
    return sorted(found, key=lambda send: send.at, reverse=True)[:limit]


def _newest(folder: str, pattern: str) -> list[Path]:
    return sorted(Path(folder).glob(pattern), key=lambda path: path.name)[-MOST_FILES:] if folder else []


def _webhook(path: Path) -> Send:
    said = json.loads(path.read_text())
    event = said["headers"].get("webhook-id", "")
    return Send("webhook", datetime.fromisoformat(said["at"]), said["url"], event, said["headers"], said["body"])


def _emails() -> Iterator[Send]:
    for path in _newest(settings.EMAIL_FILE_PATH, "*.log"):
        for content in path.read_bytes().split(_BETWEEN):
            if content.strip():
                yield _email(message_from_bytes(content, policy=default))


def _email(message: EmailMessage) -> Send:
    at = parsedate_to_datetime(message["Date"]).astimezone(UTC) if message["Date"] else datetime.fromtimestamp(0, UTC)
    headers = {name: str(value) for name, value in message.items()}
    return Send("email", at, str(message["To"] or ""), str(message["Subject"] or ""), headers, _text(message))


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    return str(body.get_content()).rstrip("\n") if body else ""

"""A door that keeps what would be sent: one file a request, for a product that must not reach anybody."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from core.ids import new_id
from integrations.connectors.http import Answer

MOST_KEPT: Final = 500


class KeptDoor:
    """Takes every request and puts it into `folder`; the newest MOST_KEPT stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in sorted(self._folder.glob("*.json"))[:-MOST_KEPT]:
            path.unlink()

    async def post(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """204, as a receiver that takes everything; the letter is in the folder."""
        at = datetime.now(UTC)
        said = {"at": at.isoformat(), "url": url, "headers": dict(headers), "body": body.decode()}
        name = f"{at:%Y%m%dT%H%M%S%f}-{new_id('kept')}.json"
        (self._folder / name).write_text(json.dumps(said))
        return Answer(204, "", 0)

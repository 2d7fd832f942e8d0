"""The codes of a promotion as a file, read while it is written."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from campaigns.models import Promotion
from campaigns.selectors.offers import codes_like, list_codes
from core import audit
from core.actors import Actor
from customers.selectors.imports import harmless

AT_ONCE: Final = 5_000
HEAD: Final = ("code", "redeemed", "max_redemptions", "created_at")


def stream_codes(*, promotion: Promotion, beginning: str = "", use: str = "", by: Actor) -> Iterator[str]:
    """CSV of its codes, or of those that `codes_like` narrows them to, in the order they were made.

    On record in the audit log with their number before the first line; in memory are AT_ONCE of them.
    """
    codes = codes_like(list_codes(promotion), beginning=beginning, use=use)
    narrowed = {name: ["", word] for name, word in (("beginning", beginning), ("use", use)) if word}
    changes = {"codes": [0, codes.count()], **narrowed}
    audit.record(by=by, action="promotion.codes_exported", target=promotion.public_id, changes=changes)
    rows = codes.order_by("pk").values_list("code", "redeemed", "max_redemptions", "created_at")
    return _lines(rows.iterator(chunk_size=AT_ONCE))


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    lines: list[Sequence[object]] = [HEAD]
    for code, redeemed, limit, created in rows:
        lines.append((*harmless([str(code)]), redeemed, limit, f"{created:%Y-%m-%dT%H:%M:%SZ}"))
        if len(lines) >= AT_ONCE:
            yield _text(lines)
            lines = []
    yield _text(lines)


def _text(lines: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()

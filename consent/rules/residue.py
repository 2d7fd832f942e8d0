"""Which of many values a text holds, in one pass over it that takes as long for a thousand values as for one."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[ -~]+")
_SPLIT: Final = re.compile(rb'[\t\n"]')
_ANCHORS: Final = (b"@", b"+")


class Residue:
    """Finds what erasure must not leave: addresses and numbers anywhere in a text, ids as whole cells or words.

    Texts are lines of PostgreSQL's COPY: cells parted by tabs, UTF-8. A whole value is a cell, or stands between two
    quotation marks (JSON). It may name a value that only looks like it is there, never miss one: whoever asks counts
    exactly afterwards. Values it cannot look for that way (see `odd`) count as found in every text.
    """

    def __init__(self, *, anywhere: Collection[str], whole: Collection[str]) -> None:
        self.odd = {value for value in anywhere if not _anchor(value)} | {v for v in whole if not _is_plain(v)}
        self._whole = {value.encode(): value for value in whole if value not in self.odd}
        self._tails = dict[bytes, dict[bytes, dict[bytes, str]]]()
        for anchor in _ANCHORS:
            self._tails[anchor] = _tails((v for v in anywhere if v not in self.odd and _anchor(v) == anchor), anchor)

    def found(self, text: bytes, /) -> set[str]:
        """The values that may be in this text; those that are not named are certainly not in it."""
        hits = {self._whole[word] for word in self._whole.keys() & set(_SPLIT.split(text))} | self.odd
        lower = text.lower()
        for anchor, tails in self._tails.items():
            sizes = sorted({len(tail) for tail in tails})
            at = lower.find(anchor) if sizes else -1
            while at >= 0:
                for size in sizes:
                    hits.update(_ending(lower, at, tails.get(lower[at + 1 : at + 1 + size], {})))
                at = lower.find(anchor, at + 1)
        return hits


def _ending(text: bytes, at: int, heads: dict[bytes, str]) -> Iterable[str]:
    """The values whose part before the anchor ends at this place of the text."""
    if not heads:
        return ()
    sizes = {len(head) for head in heads}
    return [heads[head] for size in sizes if at >= size and (head := text[at - size : at]) in heads]


def _tails(values: Iterable[str], anchor: bytes) -> dict[bytes, dict[bytes, str]]:
    """Each value under what stands behind its anchor, and there under what stands before."""
    found = defaultdict[bytes, dict[bytes, str]](dict)
    for value in values:
        head, _, tail = value.lower().encode().partition(anchor)
        found[tail][head] = value
    return dict(found)


def _anchor(value: str) -> bytes:
    """The first sign of a value by which it is looked for; empty for one that has none, or is not plain."""
    plain = value.encode() if _is_plain(value) else b""
    return next((anchor for anchor in _ANCHORS if anchor in plain), b"")


def _is_plain(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and not set(value) & {'"', "\\"}

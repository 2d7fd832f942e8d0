"""What a newer OpenAPI document takes away from callers of an older one: pure rules over two documents.

A caller that works with the old document must work with the new one, so what is sent may only widen and what is
answered may only grow. Values that sets of answers gain, and new members of answers, are no break: callers are told to
leave alone what they do not know.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

Document = dict[str, Any]
Schema = dict[str, Any]

_DEEPEST: Final = 8
_UPPER: Final = ("maximum", "maxLength", "maxItems")
_LOWER: Final = ("minimum", "minLength", "minItems")


def breaks(old: Document, new: Document, *, on: date) -> list[str]:
    """Each break as a sentence, in the order of addresses; none when the major version differs.

    An operation may go that the old document marks `deprecated` with an `x-sunset` (ISO 8601) on or before `on`.
    """
    if _major(old) != _major(new):
        return []
    return [text for path, item in sorted(old["paths"].items()) for text in _of_path(path, item, old, new, on)]


def _major(document: Document) -> str:
    return str(document["info"]["version"]).partition(".")[0]


def _of_path(path: str, item: Schema, old: Document, new: Document, on: date) -> Iterator[str]:
    """Compare by shape of the address: names of variables may change."""
    there = {_shape(other): operations for other, operations in new["paths"].items()}.get(_shape(path), {})
    for method, before in item.items():
        after, where = there.get(method), f"{method.upper()} {path}"
        if after is not None:
            comparison = _Comparison(old, new, where)
            yield from comparison.operation(before, after)
        elif not _ended(before, on):
            yield f"{where}: the operation is gone"


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _ended(operation: Schema, on: date) -> bool:
    sunset = operation.get("x-sunset", "")
    return bool(operation.get("deprecated") and sunset and date.fromisoformat(sunset[:10]) <= on)


class _Comparison:
    """One operation in both documents."""

    def __init__(self, old: Document, new: Document, where: str) -> None:
        self.old, self.new, self.where = old, new, where

    def operation(self, before: Schema, after: Schema) -> Iterator[str]:
        """Everything that this operation takes away."""
        yield from self._parameters(before.get("parameters", ()), after.get("parameters", ()))
        yield from self._body(before.get("requestBody"), after.get("requestBody"))
        yield from self._answers(before["responses"], after["responses"])
        lost = _scopes(after) - _scopes(before)
        if _scopes(before) and lost:
            yield f"{self.where}: needs the scope {', '.join(sorted(lost))} now"

    def _parameters(self, before: Any, after: Any) -> Iterator[str]:
        known = {(p["in"], p["name"]): p for p in after if p["in"] != "path"}
        for parameter in before:
            key = (parameter["in"], parameter["name"])
            if parameter["in"] == "path":
                continue
            now = known.pop(key, None)
            if now is None:
                yield f"{self.where}: the parameter {key[1]} is gone"
                continue
            if now.get("required") and not parameter.get("required"):
                yield f"{self.where}: the parameter {key[1]} is required now"
            yield from self._taken(parameter.get("schema", {}), now.get("schema", {}), key[1], 0)
        yield from (
            f"{self.where}: the new parameter {name} is required" for (_, name), p in known.items() if p.get("required")
        )

    def _body(self, before: Schema | None, after: Schema | None) -> Iterator[str]:
        if before is None:
            if after is not None and after.get("required"):
                yield f"{self.where}: a body is required now"
            return
        if after is None:
            yield f"{self.where}: takes no body any more"
            return
        for media, described in before["content"].items():
            if media not in after["content"]:
                yield f"{self.where}: takes no {media} any more"
                continue
            yield from self._taken(described.get("schema", {}), after["content"][media].get("schema", {}), "body", 0)

    def _answers(self, before: Schema, after: Schema) -> Iterator[str]:
        for status, answer in before.items():
            if not status.startswith("2"):
                continue
            if status not in after:
                yield f"{self.where}: answers {status} no more"
                continue
            for media, described in answer.get("content", {}).items():
                now = after[status].get("content", {}).get(media)
                if now is None:
                    yield f"{self.where}: answers no {media} any more"
                else:
                    yield from self._given(described.get("schema", {}), now.get("schema", {}), status, 0)

    def _taken(self, before: Schema, after: Schema, at: str, depth: int) -> Iterator[str]:
        """What is accepted may not narrow."""
        before, after = _resolved(before, self.old), _resolved(after, self.new)
        if depth > _DEEPEST or not before or not after:
            return
        yield from self._narrowed(before, after, at)
        members = after.get("properties", {})
        for name, described in before.get("properties", {}).items():
            if name in members:
                yield from self._taken(described, members[name], f"{at}.{name}", depth + 1)
            elif not before.get("additionalProperties"):
                yield f"{self.where}: {at}.{name} is not taken any more"
        asked = set(after.get("required", ())) - set(before.get("required", ()))
        yield from (f"{self.where}: {at}.{name} is required now" for name in sorted(asked))
        if "items" in before and "items" in after:
            yield from self._taken(before["items"], after["items"], f"{at}[]", depth + 1)

    def _narrowed(self, before: Schema, after: Schema, at: str) -> Iterator[str]:
        if gone := _types(before) - _types(after):
            yield f"{self.where}: {at} takes no {', '.join(sorted(gone))} any more"
        if "enum" in before and "enum" in after:
            lost = [value for value in before["enum"] if value not in after["enum"]]
            yield from (f"{self.where}: {at} takes no {value!r} any more" for value in lost)
        elif "enum" in after:
            yield f"{self.where}: {at} takes only some values now"
        for word in (*_UPPER, *_LOWER):
            if _tighter(word, before.get(word), after.get(word)):
                yield f"{self.where}: {at} has a tighter {word} now"

    def _given(self, before: Schema, after: Schema, at: str, depth: int) -> Iterator[str]:
        """What is answered may not shrink, nor become of another kind."""
        before, after = _resolved(before, self.old), _resolved(after, self.new)
        if depth > _DEEPEST or not before or not after:
            return
        if _types(before) and (new := _types(after) - _types(before)):
            yield f"{self.where}: {at} may be {', '.join(sorted(new))} now"
        members = after.get("properties", {})
        for name, described in before.get("properties", {}).items():
            if name in members:
                yield from self._given(described, members[name], f"{at}.{name}", depth + 1)
            else:
                yield f"{self.where}: {at}.{name} is not answered any more"
        sure = set(before.get("required", ())) - set(after.get("required", ()))
        yield from (f"{self.where}: {at}.{name} may be absent now" for name in sorted(sure) if name in members)
        if "items" in before and "items" in after:
            yield from self._given(before["items"], after["items"], f"{at}[]", depth + 1)


def _tighter(word: str, before: Any, after: Any) -> bool:
    if after is None:
        return False
    if before is None:
        return not (word in _LOWER and after == 0)
    return bool(after < before if word in _UPPER else after > before)


def _types(schema: Schema) -> set[str]:
    """The kinds of value; empty where the schema says nothing simple. An integer is a number, too."""
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _scopes(operation: Schema) -> set[str]:
    return {scope for way in operation.get("security", ()) for scope in way.get("oauth2", ())}


def _resolved(schema: Schema, document: Document) -> Schema:
    """The schema itself: references followed, a choice with null and a single part put together."""
    seen = 0
    while "$ref" in schema and seen < _DEEPEST:
        name = schema["$ref"].rpartition("/")[2]
        schema, seen = document["components"]["schemas"].get(name, {}), seen + 1
    for word in ("allOf", "oneOf", "anyOf"):
        parts = schema.get(word, ())
        plain = [part for part in parts if part.get("type") != "null" and "NullEnum" not in part.get("$ref", "")]
        if len(plain) == 1:
            inner = _resolved(plain[0], document)
            return {**inner, "type": [*_types(inner), "null"]} if len(plain) < len(parts) and _types(inner) else inner
    return schema

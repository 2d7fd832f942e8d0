"""JSON bodies of the REST views, held to a depth that everything behind them can walk."""

from typing import Any, Final

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser

from core.errors import InvalidInput

DEEPEST: Final = 100
_AS_IT_IS: Final = ("", "identity")


class JsonBody(JSONParser):
    """Reads JSON as REST framework does, and refuses what is encoded or nested deeper than `DEEPEST`."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value; ParseError for no JSON, InvalidInput for one that is nested too deep, 415 for a compressed one."""
        if parser_context["request"].META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in _AS_IT_IS:
            raise UnsupportedMediaType(str(media_type))
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise ParseError from error
        if _is_deep(value):
            raise _too_deep()
        return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [part for node in level if isinstance(node, (dict, list)) for part in _parts(node)]
        if not level:
            return False
    return True


def _parts(node: dict[str, Any] | list[Any]) -> list[Any]:
    return node if isinstance(node, list) else list(node.values())


def _too_deep() -> InvalidInput:
    return InvalidInput(f"The body may be nested {DEEPEST} deep at most.", code="malformed_json")

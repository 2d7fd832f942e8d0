"""What stands behind screens whose address has an argument: per URL name, a maker of the arguments."""

from collections.abc import Callable

EXAMPLES: dict[str, Callable[[], dict[str, str]]] = {}

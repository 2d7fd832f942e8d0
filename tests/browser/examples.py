"""What stands behind screens whose address has an argument: per URL name, a maker of the arguments."""

from collections.abc import Callable

from tests.factories.integrations import client_example, key_example

EXAMPLES: dict[str, Callable[[], dict[str, str]]] = {
    "api-client": client_example,
    "api-client-rotate": client_example,
    "api-client-scopes": client_example,
    "api-client-disable": client_example,
    "api-client-enable": client_example,
    "api-key-new": client_example,
    "api-key-revoke": key_example,
}

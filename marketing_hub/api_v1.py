"""The public API: what each app mounts under /api/v1, and the unversioned addresses that the same views answer at.

An app's `api.urls` offers `urlpatterns`, and may offer `aliases`: patterns below /api that documents of older date
print without a version, for example `engagement/click`; and `about_customers`: patterns below /customers/{id}, which
stand before those of customers, where any text may be an id. Its `api.examples` may offer `EXAMPLES`.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.urls import URLPattern, URLResolver

from core.api.schema import Example

APPS = ("customers", "consent", "campaigns", "engagement", "integrations", "marketing_hub.sandbox")


def _modules(name: str) -> Iterator[ModuleType]:
    for app in APPS:
        if find_spec(f"{app}.api") and find_spec(f"{app}.api.{name}"):
            yield import_module(f"{app}.api.{name}")


urlpatterns: list[URLPattern | URLResolver] = [
    *(pattern for module in _modules("urls") for pattern in getattr(module, "about_customers", ())),
    *(pattern for module in _modules("urls") for pattern in module.urlpatterns),
]
aliases: list[URLPattern | URLResolver] = [
    pattern for module in _modules("urls") for pattern in getattr(module, "aliases", ())
]


def examples() -> list[Example]:
    """The examples of all apps, floor by floor from the bottom."""
    return [example for module in _modules("examples") for example in module.EXAMPLES]

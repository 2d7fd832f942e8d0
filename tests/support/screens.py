"""Every screen of the console, found through its URLs, so that a new one is covered without being named."""

from dataclasses import dataclass

from django.urls import get_resolver, reverse

from core.console.pages import Page


@dataclass(frozen=True)
class Screen:
    """A mounted page, its URL name and the names of the arguments in its address."""

    name: str
    page: type[Page]
    arguments: tuple[str, ...]

    def url(self, **arguments: str) -> str:
        """Its address."""
        return reverse(f"console:{self.name}", kwargs=arguments)


def screens() -> list[Screen]:
    """All pages under the namespace `console`, by name."""
    _, console = get_resolver().namespace_dict["console"]
    found = []
    for pattern in console.url_patterns:
        page = getattr(pattern.callback, "view_class", None)
        if isinstance(page, type) and issubclass(page, Page):
            found.append(Screen(pattern.name, page, tuple(pattern.pattern.converters)))
    return sorted(found, key=lambda screen: screen.name)

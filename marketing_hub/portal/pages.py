"""The pages of the documentation: which there are, in which order, and how their links lead to each other."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings

from marketing_hub.portal.markdown import Document, read

FOLDER: Final = settings.BASE_DIR / "docs"
INDEX: Final = "overview"
SAMPLE_HOST: Final = "https://hub.example.com"


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the navigation: its words and where it leads."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Section:
    """A title of the navigation and the lines below it."""

    title: str
    links: tuple[Link, ...]


GENERATED: Final = {
    "limits": "Limits",
    "errors": "Error catalogue",
    "data": "Data model",
    "changelog": "Changes",
    "downloads": "Downloads",
    "support": "Support",
}
"""Pages made from code and schema instead of files: path below /docs/, title."""

_VIEWERS: Final = (Link("Reference of operations", "/api/redoc"), Link("Try it", "/api/docs"))
_ORDER: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("Start", (), (INDEX, "faq", "support")),
    ("Quick starts", ("quickstarts",), ("quickstarts/server", "quickstarts/web-app", "quickstarts/script")),
    (
        "Guides",
        ("api", "guides", "."),
        (
            "api/access",
            "api/registration",
            "guides/errors",
            "limits",
            "guides/pagination",
            "guides/sdks",
            "guides/mock",
            "webhooks",
            "streaming",
            "sinks",
            "guides/sync",
            "guides/unusual-use",
            "guides/consent",
            "guides/sandbox",
            "api/customers",
            "api/engagement",
            "api/browser",
            "api/segments",
        ),
    ),
    ("Reference", (), ("data", "errors", "downloads", "changelog", "guides/versioning", "guides/migrating")),
    ("Compliance", ("compliance",), ("compliance/consent", "compliance/decisions")),
    ("Operating", ("operations",), ("operations/running", "operations/configuration")),
    ("How it is built", ("models",), ("architecture", "console", "decisions/README")),
)
"""Title of a section, folders whose files belong to it, and what comes first in it."""


def url_of(name: str) -> str:
    """The address of a page: `/docs/webhooks` for docs/webhooks.md; a README stands for its folder."""
    return "/docs/" if name == INDEX else f"/docs/{name.removesuffix('/README')}"


@cache
def names() -> tuple[str, ...]:
    """Every file of the documentation, as its path below docs/ without `.md`."""
    files = sorted(FOLDER.rglob("*.md"))
    return tuple(file.relative_to(FOLDER).with_suffix("").as_posix() for file in files)


@cache
def page(name: str) -> Document:
    """The page of that name, one of `names()`, rendered once in a process."""
    text = (FOLDER / f"{name}.md").read_text()
    return read(text.replace(SAMPLE_HOST, settings.PUBLIC_URL), link=lambda address: target(name, address))


@cache
def title(name: str) -> str:
    """The title of a page without rendering it: the words of its first line."""
    with (FOLDER / f"{name}.md").open() as file:
        return file.readline().removeprefix("# ").replace("`", "").strip()


def target(name: str, address: str) -> str:
    """Where a link written in the file `name` leads; what is no file of the documentation stays as it is written."""
    path, mark, anchor = address.partition("#")
    if not path or "://" in path or path.startswith(("/", "mailto:")):
        return address
    place = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if place == "api/openapi.yaml":
        return "/api/schema.yaml"
    found = place.removesuffix(".md")
    if f"{found}/README" in names():
        found = f"{found}/README"
    return url_of(found) + mark + anchor if found in names() else address


@cache
def navigation() -> tuple[Section, ...]:
    """All sections; a file that no section names stands at the end of the section of its folder."""
    listed = {name for _, _, first in _ORDER for name in first}
    sections = []
    for title, folders, first in _ORDER:
        rest = [n for n in names() if n not in listed and (posixpath.dirname(n) or ".") in folders]
        links = _links([n for n in first if n in GENERATED or n in names()] + rest)
        sections.append(Section(title, _VIEWERS + links if title == "Reference" else links))
    return tuple(sections)


def _links(found: Iterable[str]) -> tuple[Link, ...]:
    return tuple(Link(GENERATED.get(name) or title(name), url_of(name)) for name in found)

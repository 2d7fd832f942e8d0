"""Personal words: a small, sandboxed part of Liquid, checked before anything is sent.

Only output, `if`, `unless`, `case` and comments; no loops, no assignments, no includes, and few filters. Every
placeholder of a field that somebody may lack needs a fallback: `{{ customer.first_name | default: "there" }}`. So do
the words of an offer, `{{ offer.code | default: "SPRING" }}`: not everybody may have it.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, Final

from liquid import Environment
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError

from campaigns.rules.content.blocks import by_locale, links_in

FIELDS: Final = frozenset({"first_name", "last_name", "country", "region", "language", "orders_count"})
"""Fields of a profile that words may use; attributes are named `customer.attributes.plan`."""
OFFER: Final = frozenset({"name", "code", "value", "ends_on"})
"""What words may say of the offer of a campaign; whole passages depend on it by `{% if offer %}`."""
ALWAYS_THERE: Final = frozenset({"customer.orders_count", "campaign.name"})
FILTERS: Final = ("default", "capitalize", "upcase", "downcase", "strip", "truncate", "round", "date")
TAGS: Final = ("content", "output", "illegal", "if", "unless", "case", "comment")
LONGEST: Final = 100_000
_LINK_LIKE: Final = re.compile(r"\[[^\[\]\n]*\]\(([^)\n]*)\)")
_MARKS: Final = frozenset("{}%")
_OUTPUT: Final = re.compile(r"{{.*?}}", re.DOTALL)


class _Sandbox(Environment):
    """Limits that no template can raise."""

    output_stream_limit = 200_000
    block_nesting_limit = 10


def _sandbox(autoescape: bool) -> Environment:
    environment = _Sandbox(autoescape=autoescape, strict_filters=True)
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tags = {name: environment.tags[name] for name in TAGS}
    return environment


_HTML: Final = _sandbox(autoescape=True)
_TEXT: Final = _sandbox(autoescape=False)


class Offering(Enum):
    """Whether words may name an offer: there is none, they may, or they must because a promotion was chosen."""

    NONE = "none"
    POSSIBLE = "possible"
    PROMISED = "promised"


class TemplateFault(ValueError):
    """The words cannot be used; the text says why."""


class Filled:
    """A template read once and filled for many people."""

    def __init__(self, source: str, *, html: bool) -> None:
        try:
            self._template = (_HTML if html else _TEXT).from_string(source)
            used = self._template.analyze()
        except LiquidError as error:
            raise TemplateFault(_said(error)) from error
        self._always = source if _MARKS.isdisjoint(source) else None
        if strange := sorted(set(used.filters) - set(FILTERS)):
            raise TemplateFault(f"The text cannot be read: there is no filter {strange[0]}.")
        self.names = {".".join(str(part) for part in one.segments) for many in used.variables.values() for one in many}

    def for_person(self, values: Mapping[str, Any]) -> str:
        """The words for one person; TemplateFault when they cannot be made."""
        if self._always is not None:
            return self._always
        try:
            return str(self._template.render(**values))
        except LiquidError as error:
            raise TemplateFault(_said(error)) from error


def faults(
    subject: str, body: str, *, attributes: Collection[str] = (), offering: Offering = Offering.NONE
) -> list[str]:
    """What keeps these words from being sent, each in a sentence; [] when nothing does.

    `attributes` are the keys that `customer.attributes` may name, `offering` says what of an offer.
    """
    found: list[str] = []
    if len(body) > LONGEST:
        return [f"The text is longer than {LONGEST:,} characters."]
    for locale, words in by_locale(subject, body).items():
        where = f"In the part for {locale}: " if locale else ""
        found += [f"{where}{fault}" for fault in _faults(words.subject, words.body, attributes)]
        found += [f"{where}{fault}" for fault in _faults_of_offer(words.subject, words.body, offering)]
    return found


def _faults(subject: str, body: str, attributes: Collection[str]) -> list[str]:
    found = [] if subject.strip() else ["The subject is missing."]
    found += [] if body.strip() else ["The text is missing."]
    for source in (subject, body):
        try:
            names = Filled(source, html=False).names
        except TemplateFault as fault:
            return [*found, str(fault)]
        found += [f"There is no field {name}." for name in sorted(names) if not _is_known(name, attributes)]
        for output in _OUTPUT.findall(source):
            found += _faults_of_output(output, attributes)
    for url in _LINK_LIKE.findall(body):
        if url not in links_in(body) or not re.match(r"https?://[^/\s{}]+\.[^\s{}]+$", url):
            found.append(f"The link {url[:80]} must begin with https:// and hold no placeholder.")
    return found


def _faults_of_offer(subject: str, body: str, offering: Offering) -> list[str]:
    try:
        said, names = Filled(body, html=False).names, Filled(subject, html=False).names
    except TemplateFault:
        return []
    if offering is Offering.NONE and any(name.partition(".")[0] == "offer" for name in said | names):
        return ["The text names an offer; choose the promotion that makes it."]
    if offering is Offering.PROMISED and "offer.code" not in said:
        return ['A promotion is chosen, and the text does not give its code: {{ offer.code | default: "..." }}.']
    return []


def _faults_of_output(output: str, attributes: Collection[str]) -> list[str]:
    node = next(iter(_TEXT.from_string(output).nodes), None)
    if not isinstance(node, OutputNode):
        return [f"{output[:80]} cannot be read."]
    expression: Any = node.expression
    name = ".".join(str(part) for part in getattr(expression.left, "path", ()))
    if not _is_known(name, attributes):
        return [] if name else [f"{output[:80]} names no field."]
    fallback = any(one.name == "default" and one.args for one in expression.filters)
    if name in ALWAYS_THERE or fallback:
        return []
    return [f'{name} needs a fallback for people without it: {{{{ {name} | default: "..." }}}}.']


def _is_known(name: str, attributes: Collection[str]) -> bool:
    root, _, field = name.partition(".")
    if root == "offer":
        return field in OFFER or name == root
    if root == "campaign":
        return name in ALWAYS_THERE
    if field.startswith("attributes."):
        return root == "customer" and field.removeprefix("attributes.") in attributes
    return root == "customer" and field in FIELDS


def _said(error: LiquidError) -> str:
    return f"The text cannot be read: {error.message or type(error).__name__}."

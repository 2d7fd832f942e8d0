"""Questions about the library: which templates there are, their words, who uses them, and words with blocks put in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, QuerySet

from campaigns.models import AutomationVersion, Campaign, ContentTemplate, TemplateUse, TemplateVersion
from campaigns.rules.content.blocks import by_locale
from campaigns.rules.content.library import (
    TemplateKind,
    TemplateState,
    block_faults,
    blocks_named,
    expanded,
    template_faults,
)
from campaigns.rules.content.templates import Offering, faults
from core.errors import NotFound
from customers.models import PiiClass
from customers.selectors.attributes import list_definitions

MOST_USES: Final = 200


@dataclass(frozen=True, slots=True)
class User:
    """Who uses a template: its sort, name, public id and state, and the version taken; None is always the newest."""

    sort: str
    name: str
    id: str
    state: str
    number: int | None


def list_templates(*, include_archived: bool = False) -> QuerySet[ContentTemplate]:
    """Every template with its newest words and how many use it; archived ones on demand."""
    rows = ContentTemplate.objects.select_related("current").annotate(users=Count("uses"))
    return rows if include_archived else rows.exclude(state=TemplateState.ARCHIVED)


def find_template(reference: str) -> ContentTemplate:
    """The template with this public id or key, archived or not; NotFound otherwise."""
    named = {"public_id": reference} if reference.startswith("tpl_") else {"key": reference}
    template = list_templates(include_archived=True).filter(**named).first()
    if template is None:
        raise NotFound("There is no template with this id or key.")
    return template


def list_versions(template: ContentTemplate) -> QuerySet[TemplateVersion]:
    """Every version, newest first."""
    return TemplateVersion.objects.filter(template=template).order_by("-number")


def find_version(template: ContentTemplate, number: int | None = None) -> TemplateVersion:
    """This version of a template, or its newest; NotFound otherwise."""
    rows = list_versions(template)
    version = (rows if number is None else rows.filter(number=number)).first()
    if version is None:
        raise NotFound(f"This template has no version {number}.")
    return version


def offered(kind: str) -> list[ContentTemplate]:
    """Templates of this kind that may be used, by name; at most 500."""
    return list(list_templates().filter(kind=kind).order_by("name", "pk")[:500])


def attribute_keys() -> list[str]:
    """Attributes that words may name: those without personal data of a special kind."""
    return [one.key for one in list_definitions() if one.pii_class == PiiClass.NONE]


def with_blocks(body: str) -> str:
    """The text with the newest words of the blocks that it names; one query when it names any."""
    return expanded(body, {row.key: row.current.body for row in _blocks([body]) if row.current})


def words_problems(subject: str, body: str, offering: Offering = Offering.NONE) -> list[str]:
    """What is wrong with the words of a message, in blocks too; [] when they can be sent."""
    found = _blocks([body])
    archived = [row.key for row in found if row.state == TemplateState.ARCHIVED]
    missing = block_faults(body, [row.key for row in found], archived)
    whole = expanded(body, {row.key: row.current.body for row in found if row.current})
    return missing + faults(subject, whole, attributes=attribute_keys(), offering=offering)


def problems_of_template(kind: str, subject: str, body: str) -> list[str]:
    """What keeps these words from the library; [] when nothing does."""
    if kind == TemplateKind.MESSAGE:
        return words_problems(subject, body, Offering.POSSIBLE)
    return template_faults(kind, subject, body, attributes=attribute_keys())


def users_of(template: ContentTemplate) -> list[User]:
    """Who uses it, newest first, at most MOST_USES; one query."""
    rows = TemplateUse.objects.filter(template=template).order_by("-pk")
    joined = rows.select_related("campaign", "automation_version__automation", "within")
    return [_user(row) for row in joined[:MOST_USES]]


def templates_of(campaigns: Iterable[Campaign]) -> dict[int, list[dict[str, Any]]]:
    """Key and version of the templates that each campaign uses; one query."""
    found: dict[int, list[dict[str, Any]]] = {}
    rows = TemplateUse.objects.filter(campaign__in=[row.pk for row in campaigns]).order_by("template__key")
    for pk, key, number in rows.values_list("campaign_id", "template__key", "number"):
        found.setdefault(pk, []).append({"key": key, "version": number})
    return found


def template_answer(template: ContentTemplate, users: Sequence[User] | None = None) -> dict[str, Any]:
    """A template as partners see it, its newest words by language; with `users`, who uses it."""
    version = template.current
    words = by_locale(version.subject, version.body) if version else {}
    answer: dict[str, Any] = {
        "id": template.public_id,
        **{name: getattr(template, name) for name in ("key", "name", "description", "kind", "state", "owner")},
        "version": version.number if version else None,
        "subject": version.subject if version else "",
        "body": version.body if version else "",
        "locales": [locale for locale in words if locale],
        "uses": getattr(template, "users", 0),
        "created_at": template.created_at,
        "updated_at": template.updated_at,
        "archived_at": template.archived_at,
    }
    if users is not None:
        named = ("sort", "name", "id", "state")
        answer["used_by"] = [{**{name: getattr(one, name) for name in named}, "version": one.number} for one in users]
    return answer


def version_answer(version: TemplateVersion) -> dict[str, Any]:
    """A version as partners see it."""
    names = ("number", "subject", "body", "note", "written_by", "written_at")
    return {name: getattr(version, name) for name in names}


def _blocks(bodies: Iterable[str]) -> list[ContentTemplate]:
    keys = {key for body in bodies for key in blocks_named(body)}
    if not keys:
        return []
    rows = ContentTemplate.objects.filter(key__in=keys, kind=TemplateKind.BLOCK)
    return list(rows.select_related("current").order_by("pk"))


def _user(use: TemplateUse) -> User:
    version: AutomationVersion | None = use.automation_version
    if use.campaign is not None:
        one = use.campaign
        return User("campaign", one.name, one.public_id, one.state, use.number)
    if version is not None:
        name = f"{version.automation.name}, version {version.number}"
        return User("automation", name, version.automation.public_id, version.state, use.number)
    within = use.within
    return User("template", within.name, within.key, within.state, use.number) if within else User("", "", "", "", None)

"""Keeping note of who uses a template, so that nothing in use can be deleted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.models import AutomationVersion, Campaign, ContentTemplate, TemplateUse
from campaigns.rules.automations.graph import Graph, senders
from campaigns.rules.content.library import TemplateKind, TemplateState, blocks_named
from campaigns.selectors.templates import find_template, find_version, with_blocks
from core.errors import InvalidInput, NotFound

_BLOCK: Final = TemplateKind.BLOCK


@dataclass(frozen=True, slots=True)
class User:
    """Who uses templates: exactly one of these."""

    campaign: Campaign | None = None
    automation_version: AutomationVersion | None = None
    within: ContentTemplate | None = None

    @property
    def named(self) -> dict[str, Any]:
        """As columns."""
        found = {"campaign": self.campaign, "automation_version": self.automation_version, "within": self.within}
        return {name: value for name, value in found.items() if value is not None}


def keep_uses(*, user: User, blocks: Collection[str], messages: Mapping[str, int] | None = None) -> None:
    """The notes say that this user names these blocks and no others, and was begun with these messages (key and
    version); None leaves the messages as they are."""
    rows = TemplateUse.objects.filter(**user.named)
    wanted: dict[str, int | None] = dict.fromkeys(blocks)
    kinds = [_BLOCK.value] if messages is None else TemplateKind.values
    wanted.update(messages or {})
    rows.filter(template__kind__in=kinds).exclude(template__key__in=wanted).delete()
    if not wanted:
        return
    # Waits for somebody who is deleting one of them; what is gone by then is not noted.
    found = ContentTemplate.objects.select_for_update(no_key=True).filter(key__in=wanted, kind__in=kinds)
    for template in found.order_by("pk"):
        defaults = {"number": wanted[template.key]}
        TemplateUse.objects.update_or_create(template=template, **user.named, defaults=defaults)


def fix_blocks(*, user: User, body: str) -> str:
    """The text with the newest words of its blocks put in for good; the notes say which versions those were."""
    named = blocks_named(body)
    if not named:
        return body
    rows = TemplateUse.objects.filter(**user.named, template__kind=_BLOCK, template__key__in=named)
    for use in rows.select_related("template__current"):
        use.number = use.template.current.number if use.template.current else None
        use.save(update_fields=["number"])
    return with_blocks(body)


def free_blocks(*, user: User) -> None:
    """The newest words of its blocks are taken again."""
    TemplateUse.objects.filter(**user.named, template__kind=_BLOCK).update(number=None)


def begun_with(*, key: object) -> tuple[dict[str, int], str, str]:
    """(key and version, subject, body) of a message template to begin with; InvalidInput unless it is one in use."""
    try:
        template = find_template(key if isinstance(key, str) else "")
    except NotFound as missing:
        raise InvalidInput("Invalid 'template': there is no template with this key.", param="template") from missing
    if template.kind != TemplateKind.MESSAGE or template.state != TemplateState.ACTIVE:
        raise InvalidInput("Invalid 'template': name a message of the library that is in use.", param="template")
    version = find_version(template)
    return {template.key: version.number}, version.subject, version.body


def with_templates(*, graph: Graph) -> tuple[Graph, dict[str, int]]:
    """The graph with words in each step that names a template and has none of its own; key and version of those."""
    steps = dict(graph["steps"])
    taken: dict[str, int] = {}
    for name in senders(graph):
        step = steps[name]
        if step.get("template") and not step["subject"] and not step["body"]:
            origin, subject, body = begun_with(key=step["template"])
            steps[name] = {**step, "subject": subject, "body": body}
            taken |= origin
    return {**graph, "steps": steps}, taken


def keep_uses_of_graph(*, version: AutomationVersion, taken: Mapping[str, int]) -> None:
    """The notes say which templates the messages of this version of an automation name."""
    steps = [version.graph["steps"][name] for name in senders(version.graph)]
    blocks = [key for step in steps for key in blocks_named(step["body"])]
    user = User(automation_version=version)
    before = dict(TemplateUse.objects.filter(**user.named).values_list("template__key", "number"))
    messages: dict[str, int] = {}
    for key in sorted({step["template"] for step in steps if step.get("template")}):
        messages[key] = taken.get(key) or before.get(key) or begun_with(key=key)[0][key]
    keep_uses(user=user, blocks=dict.fromkeys(blocks), messages=messages)

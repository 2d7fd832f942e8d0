"""The library: writing templates, new versions of their words, and putting away what nobody shall take any more."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from campaigns.models import ContentTemplate, TemplateVersion
from campaigns.rules.content.library import TEMPLATE_READERS, TemplateKind, TemplateState, blocks_named
from campaigns.rules.values import Unreadable, read
from campaigns.selectors.templates import find_version, problems_of_template, users_of
from campaigns.services.links import ask_for_links
from campaigns.services.template_uses import User, keep_uses
from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState, Problem

MAX_OPEN: Final = 1_000
_WORDS: Final = ("subject", "body", "note")
_FIXED: Final = ("key", "kind")


@transaction.atomic
def define_template(*, values: Mapping[str, Any], by: Actor, now: datetime) -> ContentTemplate:
    """A new template with its first version; needs key, kind, name and body.

    Refused with everything that is wrong with its words: what stands in the library can be sent.
    """
    for needed in ("key", "kind", "name", "body"):
        if not values.get(needed):
            raise InvalidInput(f"Missing required field '{needed}'", code="missing_field", param=needed)
    kept = _read(values)
    if ContentTemplate.objects.exclude(state=TemplateState.ARCHIVED).count() >= MAX_OPEN:
        raise InvalidInput(f"There may be at most {MAX_OPEN} templates; archive one first.", code="business_rule")
    own = {name: value for name, value in kept.items() if name not in _WORDS}
    template = ContentTemplate(
        public_id=ContentTemplate.new_public_id(), owner=str(by), created_at=now, updated_at=now, **own
    )
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"There is already a template with the key '{template.key}'.", param="key") from error
    _write(template, {"subject": "", "note": "", **kept}, by, now)
    audit.record(by=by, action="template.created", target=template.public_id)
    return template


@transaction.atomic
def change_template(
    *, template: ContentTemplate, values: Mapping[str, Any], by: Actor, now: datetime
) -> ContentTemplate:
    """The template with other values; other words are its next version. Key and kind never change.

    Drafts that name a block get its new words; what was submitted or published keeps those it was approved with.
    """
    template = _locked(template)
    if template.state == TemplateState.ARCHIVED:
        raise InvalidState("This template is archived; bring it back to change it.")
    kept = _read(values)
    for name in _FIXED:
        if kept.get(name, getattr(template, name)) != getattr(template, name):
            raise InvalidInput(f"Invalid '{name}': it never changes; write another template.", param=name)
    before = find_version(template)
    words = {"subject": before.subject, "body": before.body, "note": "", **kept}
    for name in ("name", "description"):
        setattr(template, name, kept.get(name, getattr(template, name)))
    template.updated_at = now
    template.save(update_fields=["name", "description", "updated_at"])
    if (words["subject"], words["body"]) != (before.subject, before.body):
        _write(template, words, by, now, number=before.number + 1)
    changes = {name: ["", ""] for name in sorted(kept)}
    audit.record(by=by, action="template.changed", target=template.public_id, changes=changes)
    return template


@transaction.atomic
def archive_template(*, template: ContentTemplate, by: Actor, now: datetime) -> ContentTemplate:
    """Offered to nobody any more. What was submitted or published with it goes on; a draft that names it is told."""
    return _move(template, TemplateState.ARCHIVED, now, by=by, now=now)


@transaction.atomic
def restore_template(*, template: ContentTemplate, by: Actor, now: datetime) -> ContentTemplate:
    """Offered again."""
    return _move(template, TemplateState.ACTIVE, None, by=by, now=now)


@transaction.atomic
def delete_template(*, template: ContentTemplate, by: Actor, now: datetime) -> None:
    """Gone with all its versions; Conflict that says who uses it when somebody does: then it can only be archived."""
    template = _locked(template)
    users = users_of(template)
    if users:
        named = ", ".join(f"“{one.name}”" for one in users[:3])
        more = f" and {len(users) - 3} more" if len(users) > 3 else ""
        message = f"It is used by {named}{more}. Archive it instead: nobody takes it any more, and they keep it."
        raise Conflict(message, code="in_use", details=[Problem(one.id, "in_use", one.name) for one in users[:20]])
    public_id, template.current = template.public_id, None
    template.save(update_fields=["current"])
    template.delete()
    audit.record(by=by, action="template.deleted", target=public_id)


def _locked(template: ContentTemplate) -> ContentTemplate:
    return ContentTemplate.objects.select_for_update().get(pk=template.pk)


def _move(
    template: ContentTemplate, to: str, archived_at: datetime | None, *, by: Actor, now: datetime
) -> ContentTemplate:
    template = _locked(template)
    if template.state == to:
        raise InvalidState(f"This template is {template.get_state_display().lower()} already.")
    template.state, template.archived_at, template.updated_at = to, archived_at, now
    template.save(update_fields=["state", "archived_at", "updated_at"])
    action = "template.archived" if to == TemplateState.ARCHIVED else "template.restored"
    audit.record(by=by, action=action, target=template.public_id)
    return template


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, value in values.items():
        if name not in TEMPLATE_READERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        try:
            kept[name] = read(name, value, TEMPLATE_READERS)
        except Unreadable as refusal:
            raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
    return kept


def _write(template: ContentTemplate, words: Mapping[str, Any], by: Actor, now: datetime, number: int = 1) -> None:
    """The next version, once nothing is wrong with its words."""
    found = problems_of_template(template.kind, words["subject"], words["body"])
    if found:
        details = [Problem("body", "invalid_content", one) for one in found]
        raise InvalidInput(" ".join(found)[:600], code="invalid_content", param="body", details=details)
    template.current = TemplateVersion.objects.create(
        template=template,
        number=number,
        **{name: words[name] for name in _WORDS},
        written_by=str(by),
        written_at=now,
    )
    template.save(update_fields=["current"])
    named = blocks_named(words["body"]) if template.kind == TemplateKind.MESSAGE else []
    keep_uses(user=User(within=template), blocks=named)
    ask_for_links(bodies=[words["body"]], again=False, now=now)

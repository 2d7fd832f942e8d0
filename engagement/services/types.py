"""Registering event types beside the built-in ones, and new versions of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from consent.selectors.catalogue import catalogue
from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound, Problem
from engagement.models import EventSchema, EventType
from engagement.rules.catalogue import BY_NAME, TRACKING
from engagement.rules.schemas import check_name, check_properties_schema, check_required
from engagement.selectors.catalogue import forget_event_catalogue


@transaction.atomic
def register_type(
    *,
    name: str,
    title: str,
    required: Sequence[str],
    properties: Mapping[str, Any],
    by: Actor,
    now: datetime,
    description: str = "",
    purpose: str = TRACKING,
) -> EventSchema:
    """The type exists with this definition in its current version: a new type, a new version, or as it was before.
    A retired one is in use again.

    Older versions stay valid for senders that name them. Refuses a bad name, member, purpose or JSON Schema (400), and
    the name of a built-in type (409).
    """
    if name in BY_NAME:
        raise Conflict(f"'{name}' is a built-in type; choose another name.", param="name")
    problems = [*check_name(name), *check_required(tuple(required)), *check_properties_schema(properties)]
    if problems := problems + _purpose_problems(purpose):
        raise InvalidInput(problems[0].message, code=problems[0].code, param=problems[0].param, details=problems)
    words = {"title": title, "description": description, "purpose": purpose, "updated_at": now}
    kind, made = EventType.objects.select_for_update().get_or_create(
        name=name, defaults=words | {"created_at": now, "created_by": str(by)}
    )
    schema = None if made else EventSchema.objects.filter(type=kind, version=kind.current_version).first()
    if schema is None or (schema.required, schema.schema) != (list(required), dict(properties)):
        version = 1 if made else kind.current_version + 1
        schema = EventSchema.objects.create(
            type=kind, version=version, required=list(required), schema=dict(properties), created_at=now
        )
        EventType.objects.filter(pk=kind.pk).update(current_version=version, archived_at=None, **words)
        audit.record(by=by, action="event_type.registered", target=name, changes={"version": [None, version]})
    elif kind.archived_at is not None:
        EventType.objects.filter(pk=kind.pk).update(archived_at=None, **words)
        audit.record(by=by, action="event_type.revived", target=name)
    transaction.on_commit(forget_event_catalogue)
    return schema


def _purpose_problems(purpose: str) -> list[Problem]:
    if purpose in catalogue().uses:
        return []
    return [Problem("purpose", "invalid_parameter", "Invalid 'purpose': read GET /purposes.")]


@transaction.atomic
def retire_type(*, name: str, by: Actor, now: datetime) -> None:
    """Events of this type are refused from now on; those that are stored keep it. Retiring again changes nothing.

    Refuses a built-in type (409) and one that nobody registered (404).
    """
    if name in BY_NAME:
        raise Conflict(f"'{name}' is a built-in type and stays.", param="name")
    kind = EventType.objects.select_for_update().filter(name=name).first()
    if kind is None:
        raise NotFound(f"There is no event type '{name[:60]}'.", code="unknown_type", param="type")
    if kind.archived_at is None:
        EventType.objects.filter(pk=kind.pk).update(archived_at=now, updated_at=now)
        audit.record(by=by, action="event_type.retired", target=name, changes={"retired": [False, True]})
        transaction.on_commit(forget_event_catalogue)

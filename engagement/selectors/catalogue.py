"""Every event type that may be sent now: the built-in ones and those that partners registered."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import NotFound
from engagement.models import EventSchema
from engagement.rules.catalogue import BUILT_IN, Kind
from engagement.rules.schemas import Form, compile_form

KEPT_S: Final = 5.0
_BUILT_IN: Final = {kind.name: compile_form(kind) for kind in BUILT_IN}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Forms by type name, in the current version and in every version; (name, title) and purpose of all types by id."""

    current: Mapping[str, Form]
    versions: Mapping[tuple[str, int], Form]
    titles: Mapping[int, tuple[str, str]]
    purposes: Mapping[int, str]

    def find(self, name: str, version: int | None = None) -> Form | None:
        """The form of a type in this or its current version; None when there is none."""
        return self.current.get(name) if version is None else self.versions.get((name, version))


_kept: list[tuple[float, Catalogue]] = []


def event_catalogue() -> Catalogue:
    """All types, at most KEPT_S seconds old in this process."""
    now = time.monotonic()
    if _kept and now < _kept[0][0]:
        return _kept[0][1]
    fresh = _read()
    _kept[:] = [(now + KEPT_S, fresh)]
    return fresh


def forget_event_catalogue() -> None:
    """The next reader asks the database: called when a type was registered in this process."""
    _kept.clear()


def find_type(*, name: str, version: int | None = None) -> Form:
    """The form of a type, fresh from the database when this process does not know it; NotFound otherwise."""
    form = event_catalogue().find(name, version)
    if form is None:
        forget_event_catalogue()
        form = event_catalogue().find(name, version)
    if form is None:
        which = f"There is no event type '{name[:60]}'" + (f" in version {version}." if version else ".")
        raise NotFound(which, code="unknown_type", param="type")
    return form


def list_types() -> list[Kind]:
    """Every type in its current version, built-in ones first."""
    return sorted((form.kind for form in event_catalogue().current.values()), key=lambda kind: kind.id)


def versions_of(name: str) -> list[Kind]:
    """Every version of a type, newest first."""
    found = (form.kind for (own, _), form in event_catalogue().versions.items() if own == name)
    return sorted(found, key=lambda kind: -kind.version)


def _read() -> Catalogue:
    current: dict[str, Form] = dict(_BUILT_IN)
    versions = {(name, form.kind.version): form for name, form in _BUILT_IN.items()}
    titles = {form.kind.id: (name, form.kind.title) for name, form in _BUILT_IN.items()}
    purposes = {form.kind.id: form.kind.purpose for form in _BUILT_IN.values()}
    for row in EventSchema.objects.select_related("type").order_by("type_id", "version"):
        form = compile_form(kind_of(row))
        titles[row.type.pk] = (row.type.name, row.type.title)
        purposes[row.type.pk] = row.type.purpose
        if row.type.archived_at is None:
            versions[row.type.name, row.version] = form
            if row.version == row.type.current_version:
                current[row.type.name] = form
    return Catalogue(current=current, versions=versions, titles=titles, purposes=purposes)


def kind_of(row: EventSchema) -> Kind:
    """A registered version as the rules know types; `row` comes with its type."""
    return Kind(
        id=row.type.pk,
        name=row.type.name,
        title=row.type.title,
        description=row.type.description,
        required=tuple(row.required),
        properties=row.schema,
        version=row.version,
        purpose=row.type.purpose,
    )

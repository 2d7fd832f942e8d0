"""The words behind the numbers in event rows."""

from collections.abc import Iterable

from engagement.models import EventType, Label


def type_titles(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(name, title) of event types, by id."""
    rows = EventType.objects.filter(pk__in=set(ids)).values_list("pk", "name", "title")
    return {pk: (name, title) for pk, name, title in rows}


def label_values(ids: Iterable[int | None]) -> dict[int, str]:
    """The text of labels, by id."""
    wanted = {pk for pk in ids if pk}
    return dict(Label.objects.filter(pk__in=wanted).values_list("pk", "value")) if wanted else {}

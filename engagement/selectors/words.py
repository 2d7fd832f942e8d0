"""The words behind the numbers in event rows."""

from collections.abc import Iterable

from engagement.models import Label
from engagement.selectors.catalogue import event_catalogue


def type_titles(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(name, title) of event types, by id; archived ones included."""
    titles = event_catalogue().titles
    return {pk: titles[pk] for pk in set(ids)}


def label_values(ids: Iterable[int | None]) -> dict[int, str]:
    """The text of labels, by id."""
    wanted = {pk for pk in ids if pk}
    return dict(Label.objects.filter(pk__in=wanted).values_list("pk", "value")) if wanted else {}

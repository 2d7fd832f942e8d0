"""Who or what brought something in: names for the ids that entries of a timeline carry as their source."""

from collections.abc import Callable, Collection, Iterable, Mapping

from customers.models import ImportFile

Namer = Callable[[Collection[str]], Mapping[str, str]]

_namers: dict[str, Namer] = {}


def register_namer(*, prefix: str, namer: Namer) -> None:
    """Let one kind of public id (`cli`) be shown by name; one query for any number of ids."""
    _namers[prefix] = namer


def names_of(sources: Iterable[str]) -> dict[str, str]:
    """The name of each source that has one, `client:cli_...` and `cli_...` alike."""
    wanted: dict[str, dict[str, str]] = {}
    for source in sources:
        public_id = source.rpartition(":")[2]
        wanted.setdefault(public_id.partition("_")[0], {})[source] = public_id
    found: dict[str, str] = {}
    for prefix, ids in wanted.items():
        names = _namers[prefix](set(ids.values())) if prefix in _namers else {}
        found |= {source: names[public_id] for source, public_id in ids.items() if public_id in names}
    return found


def name_files(public_ids: Collection[str]) -> dict[str, str]:
    """The names of imported files."""
    return dict(ImportFile.objects.filter(public_id__in=public_ids).values_list("public_id", "file_name"))

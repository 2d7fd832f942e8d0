"""The people and programs behind the ids that jobs and the audit trail keep."""

from collections.abc import Collection, Iterable

from core.actors import ActorKind
from core.console.cells import MASK
from core.models import StaffUser
from integrations.models import ApiClient

FIXED: dict[str, str] = {ActorKind.SYSTEM: "System", ActorKind.PERSON: "The person"}


def names_of(actors: Iterable[str], reader: StaffUser) -> dict[str, str]:
    """A name for each actor (`staff:usr_...`), in two queries; ids only of colleagues the reader may not see."""
    by_kind: dict[str, set[str]] = {}
    for actor in actors:
        kind, _, public_id = actor.partition(":")
        by_kind.setdefault(kind, set()).add(public_id)
    staff = by_kind.get(ActorKind.STAFF, set())
    staff = staff if reader.has_perm("core.view_user") else staff & {reader.public_id}
    clients = by_kind.get(ActorKind.CLIENT, set())
    people = StaffUser.objects.filter(public_id__in=staff).values_list("public_id", "name") if staff else ()
    programs = ApiClient.objects.filter(public_id__in=clients).values_list("public_id", "name") if clients else ()
    known = {f"{ActorKind.STAFF}:{key}": name for key, name in people}
    return known | {f"{ActorKind.CLIENT}:{key}": name for key, name in programs}


def name_of(actor: str, names: dict[str, str]) -> str:
    """The name if it is known, else what the id says."""
    kind, _, public_id = actor.partition(":")
    return names.get(actor) or FIXED.get(kind) or public_id or MASK


def staff_names(public_ids: Collection[str]) -> dict[str, str]:
    """Colleagues by id, for whoever sees what they brought."""
    return dict(StaffUser.objects.filter(public_id__in=public_ids).values_list("public_id", "name"))

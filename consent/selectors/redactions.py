"""Other people's data in what a request found, and what is decided about it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from consent.models import DataRequest, Redaction, RequestStep
from consent.rules.redaction import Hit, Redactor, plain
from consent.selectors.requests import opened, sealed
from core.crypto import keyed_hash
from core.errors import NotFound
from customers.models import Identity, IdentityKind

_REACHES = (IdentityKind.EMAIL, IdentityKind.PHONE)


@dataclass(frozen=True, slots=True)
class Other:
    """One text that is somebody else's, in one place: before and after, how often, and the decision if there is one."""

    place: str
    hit: Hit
    text_hash: str
    decision: Redaction | None


def text_hash_of(request: DataRequest, text: str) -> str:
    """The keyed hash under which a decision about this text is found; another one for every request."""
    return keyed_hash("redaction", f"{request.public_id}:{plain(text)}")


def redactor_for(request: DataRequest, ids: Sequence[int], *, decided: bool = True) -> Redactor:
    """What takes other people out of this person's data; with `decided` as staff have decided, else as found."""
    own = Identity.objects.filter(customer_id__in=ids, kind__in=_REACHES).values_list("value", flat=True)
    rows = Redaction.objects.filter(request=request).order_by("id") if decided else []
    texts = [(row.kind, opened(row.text_sealed)) for row in rows]
    return Redactor(
        own=list(own),
        left_in=[text for kind, text in texts if kind == Redaction.Kind.IN],
        taken_out=[text for kind, text in texts if kind == Redaction.Kind.OUT and text],
    )


def sealed_hits(hits: Iterable[Hit]) -> str:
    """What was found, encrypted; empty when nothing was."""
    found = [asdict(hit) for hit in hits]
    return sealed(json.dumps(found)) if found else ""


def others_found(request: DataRequest) -> list[Other]:
    """What the collectors found, place by place, at most 200 texts each."""
    decisions = {row.text_hash: row for row in decisions_of(request)}
    steps = RequestStep.objects.filter(request=request, action="collect").exclude(others_sealed="")
    found = []
    for step in steps.order_by("order", "id"):
        for row in json.loads(opened(step.others_sealed)):
            hashed = text_hash_of(request, row["text"])
            found.append(Other(step.name, Hit(**row), hashed, decisions.get(hashed)))
    return found


def decisions_of(request: DataRequest) -> list[Redaction]:
    """What staff decided, oldest first."""
    return list(Redaction.objects.filter(request=request).order_by("id")[:1_000])


def find_other(request: DataRequest, text_hash: str) -> Other:
    """The text found under this hash; NotFound otherwise."""
    found = next((other for other in others_found(request) if other.text_hash == text_hash), None)
    if found is None:
        raise NotFound("Nothing of the kind was found in what this request collected.")
    return found


def find_redaction(request: DataRequest, pk: int) -> Redaction:
    """A decision on this request; NotFound for one of another."""
    row = Redaction.objects.filter(request=request, pk=pk).first()
    if row is None:
        raise NotFound("This decision was taken back already.")
    return row

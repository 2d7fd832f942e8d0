"""Global Privacy Control (W3C Working Draft): a browser's request not to sell or share."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from core.actors import Actor, Credential
from core.api.credentials import actor_of

Name = tuple[str, str]
"""What a person is called by, and the value: ("reference", "12345"), ("email", "jane.doe@example.com")."""

Hearer = Callable[[Collection[Name], Actor, datetime], int]
_hearers: dict[str, Hearer] = {}


def register_hearer(*, name: str, hearer: Hearer) -> None:
    """`hearer(names, by, now)` records the signal of the people called so; answers for how many it is the first."""
    _hearers[name] = hearer


def gpc_on(request: HttpRequest) -> bool:
    """Whether `Sec-GPC` says exactly `1`; of several such headers one `1` is enough, any other value is no signal."""
    raw: str = request.META.get("HTTP_SEC_GPC", "")
    return any(value.strip() == "1" for value in raw.split(","))


def names_in(items: object, words: Collection[str]) -> list[Name]:
    """What a JSON object, or each object of a list, says under these words; [] for anything else."""
    objects = items if isinstance(items, list) else [items]
    pairs = ((word, one.get(word)) for one in objects if isinstance(one, dict) for word in words)
    return [(word, value) for word, value in pairs if isinstance(value, str)]


def hear(request: HttpRequest, credential: Credential, names: Iterable[Name]) -> int:
    """The signal of this request, if it carries one, is recorded for the people it names; for how many it is new.

    Names are the variables of the address, the parameters of the query, and `names`, which the body holds.
    """
    if not gpc_on(request):
        return 0
    match = request.resolver_match
    words = {**request.GET.dict(), **(match.kwargs if match else {})}
    called = [*((name, str(value)) for name, value in words.items()), *names]
    by, now = actor_of(credential, request), timezone.now()
    new = 0
    for hearer in _hearers.values():
        new += hearer(called, by, now)
    return new

"""What the consent views share: reading instants, recording the signal, errors in the spelling of the caller."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from rest_framework.exceptions import ValidationError

from consent.selectors.answers import camel
from core.api.errors import error_body, translated
from core.errors import DomainError, Problem
from customers.rules.instants import read_instant

PEOPLE: Final = ("userId", "anonymousId")
"""Members of a body that say who it is about."""


def instant(request: HttpRequest, name: str) -> datetime | None:
    """The query parameter as an instant with an offset; None when absent, InvalidInput when it is something else."""
    raw = request.GET.get(name)
    return None if raw is None else read_instant(name, raw.replace(" ", "+"))


def in_camel_case(error: DomainError) -> DomainError:
    """The refusal with its fields named as the caller wrote them."""
    if error.param:
        error.param = _spelt(error.param)
    error.details = tuple(Problem(_spelt(p.param), p.code, p.message) for p in error.details)
    return error


def _spelt(path: str) -> str:
    return ".".join(camel(part) for part in path.split("."))


def item_error(error: Exception, request: HttpRequest) -> dict[str, Any]:
    """The error of one item of a batch: the body of a refusal less what belongs to the whole request."""
    refusal = error if isinstance(error, DomainError) else translated(error)
    if refusal is None:
        raise error
    body = error_body(in_camel_case(refusal), request)
    return {name: value for name, value in body.items() if name not in ("request_id", "instance")}


def checked(serializer: Any) -> dict[str, Any]:
    """The checked values of a body, or the refusal with every wrong member."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def checked_or_refused(serializer: Any) -> dict[str, Any] | ValidationError:
    """As `checked`, with the refusal as a value: for one item of a batch."""
    try:
        return checked(serializer)
    except ValidationError as refusal:
        return refusal

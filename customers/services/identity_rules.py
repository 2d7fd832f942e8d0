"""Which identifiers this installation takes: the rules of `rules.identity` and the values it blocks by setting."""

from django.conf import settings

from customers.rules.identity import BadIdentity, normalise


def clean_identifier(*, kind: str, raw: str, region: str | None = None) -> str:
    """The spelling under which the identifier is stored; BadIdentity, `blocked_value` for what is blocked here."""
    value = normalise(kind, raw, region)
    if is_blocked(value=value):
        raise BadIdentity("blocked_value", "This value is blocked here: it does not belong to one person.")
    return value


def is_blocked(*, value: str) -> bool:
    """Whether IDENTITY_BLOCKED_VALUES names this value, whatever its case."""
    blocked = settings.IDENTITY_BLOCKED_VALUES
    return bool(blocked) and value.casefold() in {text.casefold() for text in blocked}

"""Write keys: a source of events that uses the SDKs of Segment or RudderStack, and the key it is set up with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from core.actors import Actor
from integrations.services.clients import (
    PUBLISHABLE_SCOPE,
    IssuedKey,
    issue_api_key,
    issue_publishable_key,
    register_client,
)

WRITE_SCOPE: Final = "tracking_api:write"


@transaction.atomic
def issue_write_key(
    *, source: str, origins: Sequence[str] = (), days: int | None = None, by: Actor, now: datetime
) -> IssuedKey:
    """A client named after the source, and a key of it that sends events at `/v1/` and can read nothing.

    With `origins` it is a publishable key for pages of these origins, without them a secret of a server, which may
    also say what people agreed to and who they are. Refuses what registering a client and issuing a key refuse.
    """
    scope = PUBLISHABLE_SCOPE if origins else WRITE_SCOPE
    client = register_client(name=source, scopes=[scope], by=by, now=now).client
    if origins:
        key = issue_publishable_key(client=client, name="Write key", origins=origins, days=days, by=by, now=now)
        return IssuedKey(key, key.text)
    return issue_api_key(client=client, name="Write key", days=days, by=by, now=now)

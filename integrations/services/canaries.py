"""Verbs for trying the next version of the API with a part of a client's calls."""

from datetime import datetime

from django.db import transaction

from core import audit
from core.actors import Actor
from core.errors import InvalidInput, InvalidState
from integrations.models import ApiClient
from integrations.selectors.canaries import forget_canaries


@transaction.atomic
def set_canary(*, client: ApiClient, share: int, by: Actor, now: datetime) -> ApiClient:
    """The next version answers `share` per cent (1 to 100) of the client's calls to addresses that it has.

    A change of the share goes on comparing since the canary began. Refuses other shares and a disabled client.
    """
    if not 1 <= share <= 100:
        raise InvalidInput("The share must be from 1 to 100 per cent.", param="share")
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    if client.disabled_at is not None:
        raise InvalidState("This client is disabled.")
    before, client.canary_share = client.canary_share, share
    if not before:
        client.canary_since = now
    client.save(update_fields=["canary_share", "canary_since", "updated"])
    audit.record(by=by, action="client.canary_set", target=client.public_id, changes={"canary_share": [before, share]})
    transaction.on_commit(forget_canaries)
    return client


@transaction.atomic
def roll_back_canary(*, client: ApiClient, by: Actor, reason: str = "") -> ApiClient:
    """The current version answers all calls of the client again, everywhere within selectors.canaries.LIFE_S.

    What was compared can still be read. Refuses a client without a canary.
    """
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    if not client.canary_share:
        raise InvalidState("No call of this client goes to the next version.")
    before, client.canary_share = client.canary_share, 0
    client.save(update_fields=["canary_share", "updated"])
    changes = {"canary_share": [before, 0]}
    audit.record(by=by, action="client.canary_rolled_back", target=client.public_id, changes=changes, reason=reason)
    transaction.on_commit(forget_canaries)
    return client

"""Whom to ask and whom to tell about an API client."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core import audit
from core.actors import Actor
from core.errors import InvalidInput
from integrations.models import ApiClient


@transaction.atomic
def change_contact(*, client: ApiClient, owner: str, contact: str, by: Actor) -> ApiClient:
    """`owner` is whom to ask about the client, `contact` the address that warnings go to; either may be empty.

    Refuses what is no e-mail address. The audit log says that they changed, not to what.
    """
    contact = contact.strip()
    if contact:
        try:
            validate_email(contact)
        except ValidationError:
            raise InvalidInput("This is not an e-mail address.", param="contact") from None
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    client.owner, client.contact = owner.strip()[:120], contact
    client.save(update_fields=["owner", "contact", "updated"])
    audit.record(by=by, action="client.contact_changed", target=client.public_id)
    return client

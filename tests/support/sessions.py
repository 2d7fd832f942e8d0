"""Members of staff signed in through Django's test client."""

from django.test import Client
from django.utils import timezone

from core.models import StaffUser


def signed_in(user: StaffUser, *, stepped_up: bool = False) -> Client:
    """A caller in a session of this member of staff, who has confirmed the password just now when `stepped_up`."""
    client = Client()
    client.force_login(user)
    if stepped_up:
        session = client.session
        session["stepped_up_at"] = timezone.now().isoformat()
        session.save()
    return client

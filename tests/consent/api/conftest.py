"""A client and a customer for questions about consent."""

import pytest
from django.utils import timezone


@pytest.fixture
def api(caller):
    """A client that may read and write consent."""
    return caller("consent:read", "consent:write")


@pytest.fixture
def jane(make_customer):
    """A customer in Germany, known by the shop's number 12345."""
    return make_customer(external_id="12345", at=timezone.now())

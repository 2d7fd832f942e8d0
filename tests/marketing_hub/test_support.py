"""Whom partners ask, how soon they are answered: as the operator says."""

import pytest
from django.test import Client

from marketing_hub.env import ConfigError
from marketing_hub.support import read_support

pytestmark = pytest.mark.django_db


def test_page__as_installed__names_the_address_the_levels_and_who_is_next():
    text = Client().get("/docs/support").content.decode()

    for words in ("api@example.com", "Critical", "1 hour, day and night", "The head of the service"):
        assert words in text


def test_page__levels_of_the_operator__take_the_place_of_ours(settings, monkeypatch):
    monkeypatch.setenv("SUPPORT_LEVELS", "One|All is lost|10 minutes|each minute; Two | A wish | a year | never")
    monkeypatch.setenv("SUPPORT_ESCALATION", "Ann|Bea")
    settings.SUPPORT = read_support()

    text = Client().get("/docs/support").content.decode()

    assert "10 minutes" in text and "a year" in text and "<li>Bea</li>" in text
    assert "Critical" not in text


@pytest.mark.parametrize("levels", ["One|All is lost|10 minutes", "One||10 minutes|never", "One"])
def test_levels__with_a_part_missing__refuse_the_start(monkeypatch, levels):
    monkeypatch.setenv("SUPPORT_LEVELS", levels)

    with pytest.raises(ConfigError, match="SUPPORT_LEVELS"):
        read_support()

"""Looking for words in the documentation."""

import pytest
from django.test import Client

from marketing_hub.portal import search

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("consent_required", "/docs/errors#consent_required"),
        ("client credentials", "/docs/quickstarts/server"),
        ("Idempotency-Key", "/docs/guides/errors#repeating"),
        ("LastPurchase", "/docs/data/LastPurchase"),
        ("cursor", "/docs/guides/pagination#cursors"),
    ],
)
def test_find__words__lead_to_the_part_that_holds_them(query, url):
    assert url in [hit.url for hit in search.find(query)]


def test_find__every_word__must_be_there_and_titles_come_first():
    hits = search.find("webhooks verify")

    assert hits
    assert "webhook" in hits[0].page.lower()
    assert search.find("webhooks zzzz") == []
    assert search.find("  ?? ") == []
    assert len(search.find("the")) == search.MOST


def test_search_page__nothing_found__says_so_and_keeps_the_words():
    shown = Client().get("/docs/search", {"q": "zzzz<script>"}).content.decode()

    assert "Nothing holds all of" in shown
    assert "<script>" not in shown
    assert 'value="zzzz&lt;script&gt;"' in shown


def test_search_page__found__marks_where():
    shown = Client().get("/docs/search", {"q": "refresh token"}).content.decode()

    assert "/docs/quickstarts/web-app#3-take-the-code" in shown

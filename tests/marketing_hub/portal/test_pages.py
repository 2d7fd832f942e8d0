"""The pages at /docs/: each that is named exists, each link leads somewhere, each file is found."""

import re
import subprocess
import sys
from urllib.parse import urljoin

import pytest
from django.test import Client

from marketing_hub.env import BASE_DIR
from marketing_hub.portal import models, pages

pytestmark = pytest.mark.django_db

DOCUMENT = re.compile(r'<a href="(/(?:docs|api)[^"]*|[^":/][^":]*)"')


def addresses() -> list[str]:
    return [link.url for section in pages.navigation() for link in section.links]


def test_navigation__every_line__leads_to_a_page():
    client = Client()

    assert [url for url in addresses() if client.get(url).status_code != 200] == []
    assert len(addresses()) == len(set(addresses()))


def test_navigation__every_file__is_reached():
    decisions = {pages.url_of(name) for name in pages.names() if name.startswith("decisions/0")}
    readme = Client().get("/docs/decisions").content.decode()

    assert {pages.url_of(name) for name in pages.names()} - decisions <= set(addresses())
    assert all(f'href="{url}"' in readme for url in decisions)


def test_pages__every_link__leads_to_a_page_and_a_part_of_it():
    client, dead = Client(), []
    anchors: dict[str, set[str]] = {}

    def parts(path: str) -> set[str]:
        if path not in anchors:
            answer = client.get(path)
            text = answer.content.decode() if answer.status_code == 200 and "html" in answer["Content-Type"] else ""
            anchors[path] = {"", *re.findall(r'id="([^"]+)"', text)} if answer.status_code == 200 else set()
        return anchors[path]

    for name in pages.names():
        here = pages.url_of(name)
        for address in DOCUMENT.findall(pages.page(name).html):
            path, _, anchor = urljoin(here, address).partition("#")
            dead += [] if anchor in parts(path) else [f"{name}: {address}"]

    assert dead == []


def test_page__other_spellings_of_its_address__lead_to_it():
    client = Client()

    assert client.get("/docs")["Location"] == "/docs/"
    for other in ("/docs/webhooks/", "/docs/webhooks.md"):
        assert client.get(other)["Location"] == "/docs/webhooks"
    assert client.get("/docs/overview")["Location"] == "/docs/"
    assert client.get("/docs/decisions/README")["Location"] == "/docs/decisions"


@pytest.mark.parametrize("path", ["nowhere", "../settings", "data/Nothing", "..%2F..%2Fetc%2Fpasswd"])
def test_page__unknown__is_not_found(path):
    assert Client().get(f"/docs/{path}").status_code == 404


def test_page__sample_host__is_this_installation(settings):
    assert f"{settings.PUBLIC_URL}/oauth/token" in Client().get("/docs/quickstarts/server").content.decode()


def test_overview__resources__are_those_of_the_api():
    shown = Client().get("/docs/").content.decode()

    assert all(resource.tag in shown for resource in models.resources())
    assert sum(resource.operations for resource in models.resources()) == len(list(models.operations()))


def test_data_model__every_shape__has_a_page_with_its_fields():
    index, client = Client().get("/docs/data").content.decode(), Client()

    customer = client.get("/docs/data/CustomerAnswer").content.decode()

    assert "/docs/data/CustomerAnswer" in index
    for words in ("last_purchase", "/docs/data/LastPurchase", "instant", "GET /api/v1/customers/{reference}"):
        assert words in customer
    used = {field.shape for shape in models.shapes().values() for field in shape.fields if field.shape}
    assert used <= set(models.shapes())
    assert all(shape.fields or shape.values or shape.name for shape in models.shapes().values())


def test_pages__strict_policy__holds():
    assert "unsafe-inline" not in Client().get("/docs/")["Content-Security-Policy"]


def test_navigation__titles__are_those_of_the_pages():
    assert [name for name in pages.names() if pages.title(name) != pages.page(name).title] == []


def test_web_server__its_entry__makes_the_documentation_ready_without_being_asked():
    program = """
import threading
import marketing_hub.web
[reader] = [thread for thread in threading.enumerate() if thread.name == "documentation"]
reader.join()
from marketing_hub import documents
from marketing_hub.portal import models, pages
print([made.cache_info().currsize for made in (documents.schema_yaml, documents.schema_json, models.resources)])
"""

    ended = subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, capture_output=True, text=True, check=False)

    assert ended.stdout == "[1, 1, 1]\n", ended.stderr

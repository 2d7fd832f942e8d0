"""Files in the page: vendored ones are what they claim to be, nothing is inline, and a page stays light."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

from tests.conftest import ROOT
from tests.factories.core import make_staff

STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
PAGE_BUDGET, SCRIPT_BUDGET = 220 * 1024, 10 * 1024
SPRITE = STATIC / "vendor/icons/icons.svg"
LISTED = json.loads((STATIC / "vendor/vendor.json").read_text())


def product_files(suffix: str) -> list[Path]:
    apps = ("core", "customers", "consent", "campaigns", "engagement", "integrations", "marketing_hub")
    return [file for app in (*apps, "templates") for file in (ROOT / app).rglob(f"*{suffix}")]


@pytest.mark.parametrize("package", LISTED, ids=lambda package: package["name"])
def test_vendored_package__files__have_the_listed_hashes_and_a_licence(package):
    found = {name: hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() for name in package["files"]}

    assert found == package["files"]
    assert package["version"]
    assert package["licence"]
    assert all((STATIC / "vendor" / name).parent.joinpath("LICENSE").is_file() for name in found)


def test_vendor_folder__every_file__is_listed():
    listed = {name for package in LISTED for name in package["files"]}
    files = {str(f.relative_to(STATIC / "vendor")) for f in (STATIC / "vendor").rglob("*") if f.is_file()}

    assert {f for f in files if not f.endswith("LICENSE")} == listed | {"vendor.json"}


def test_icons__named_anywhere__are_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    used = {n for f in product_files(".html") for n in re.findall(r'{% icon "([^"]+)"', f.read_text())}
    used |= {n for f in product_files(".py") for n in re.findall(r'\bicon(?:=|\()"([a-z0-9-]+)"', f.read_text())}

    assert used - drawn == set()


MAILS = {TEMPLATES / "campaigns/mail.html"}
"""Shown by mail programs, which know no policy of ours and drop style sheets; never answered to a browser as a page."""


@pytest.mark.parametrize(
    "template", sorted({*TEMPLATES.rglob("*.html")} - MAILS), ids=lambda f: str(f.relative_to(TEMPLATES))
)
def test_template__markup__holds_nothing_the_policy_refuses(template):
    text = template.read_text()

    refused = re.findall(
        r"""\sstyle=|\son[a-z]+=|hx-on|<style|<script(?![^>]*\ssrc=)|javascript:|hx-vals=.?js:""", text
    )

    assert refused == []


def test_console_script__size__stays_small_and_evaluates_nothing():
    script = (STATIC / "js/console.js").read_text()

    assert len(script.encode()) <= SCRIPT_BUDGET
    assert not re.search(r"\beval\(|new Function|\.innerHTML|document\.write|setAttribute\(.style", script)


def test_collectstatic__with_hashed_names__finds_every_file_a_file_refers_to(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert names["css/console.css"] != "css/console.css"


@pytest.mark.django_db
def test_page__first_visit__stays_under_the_budget(client):
    client.force_login(make_staff())
    html = client.get("/console/").content.decode()
    assets = set(re.findall(r'(?:href|src)="/static/([^"#]+)', html))

    sizes = {name: len(gzip.compress(Path(finders.find(name)).read_bytes(), 6)) for name in assets}
    total = sum(sizes.values()) + len(gzip.compress(html.encode(), 6))

    assert "vendor/inter/inter-latin-wght-normal.woff2" in sizes
    assert total <= PAGE_BUDGET, sizes

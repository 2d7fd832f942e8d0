"""A real browser over the real console: Debian's chromium driven by Playwright, skipped where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.models import StaffUser
from tests.support.kit.fixtures import kit
from tests.support.mail import smtp_sink
from tests.support.sessions import signed_in

__all__ = ["kit", "smtp_sink"]

PATIENCE = 30_000  # milliseconds, for slow machines
expect.set_options(timeout=PATIENCE)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HUES = ["color-contrast", "link-in-text-block"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REPORT_VIOLATIONS = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile || ""}`));
"""
COUNT_REQUESTS = """
window.underWay = 0;
document.addEventListener("htmx:beforeSend", () => window.underWay += 1);
document.addEventListener("htmx:afterSettle", () => window.underWay -= 1);
document.addEventListener("htmx:beforeSwap", (event) => { if (!event.detail.shouldSwap) window.underWay -= 1; });
document.addEventListener("htmx:sendError", () => window.underWay -= 1);
"""
VIOLATIONS = "(options) => axe.run(options).then((results) => results.violations)"
STANDS = """() => new Promise((done) => {
  const look = () => window.underWay ? setTimeout(look, 10) : done();
  look();
})"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder `browser`, and skip it with the reason when no browser is installed."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on the PATH; on Debian: apt-get install chromium"))


@dataclass(frozen=True)
class Mode:
    """How a screen is looked at."""

    theme: str = "light"
    width: int = 1440
    height: int = 900

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


LIGHT, DARK = Mode(), Mode(theme="dark")
PHONE, DARK_PHONE = Mode(width=390, height=844), Mode(theme="dark", width=390, height=844)


@dataclass
class Visitor:
    """Somebody at the keyboard, and what the browser complained about since the last look."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to an address of the console and wait until it stands, with all parts it fetches itself; its status."""
        self.complaints.clear()
        response = self.page.goto(self.base + path)
        self.page.evaluate(STANDS)
        return response.status if response else 0

    def darken(self) -> None:
        """Show the page that stands in the dark theme; the server says no more than this attribute."""
        self.page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")

    def faults(self, name: str, rules: Sequence[str] = RULES, without: Sequence[str] = ()) -> list[str]:
        """What is wrong with the page shown now: all that `troubles` finds, and what axe finds by these rules."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(AXE_SCRIPT)
        left_out = {rule: {"enabled": False} for rule in without}
        options = {"runOnly": rules, "rules": left_out, "resultTypes": ["violations"], "preload": False}
        found = self.page.evaluate(VIOLATIONS, options)
        return [*self.troubles(name), *(f"{name}: {_said(violation)}" for violation in found)]

    def troubles(self, name: str) -> list[str]:
        """Script errors, refused content and sideways scrolling of the page shown now."""
        self._keep_picture(name)
        refused = self.page.evaluate("window.refused")
        wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return [
            *(f"{name}: {text}" for text in self.complaints if "Failed to load resource" not in text),
            *(f"{name}: content security policy refused {text}" for text in refused),
            *([f"{name}: scrolls sideways"] if wide else []),
        ]

    def _keep_picture(self, name: str) -> None:
        folder = os.environ.get("HUB_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png")


def _said(violation: dict[str, Any]) -> str:
    node = violation["nodes"][0]
    return f"axe {violation['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless browser for the whole run."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visitor]]:
    """Open a browser window, signed in as `user` when one is given: `visit(user, mode)`."""
    windows: list[BrowserContext] = []

    def window(
        user: StaffUser | None = None, mode: Mode = LIGHT, scripts: bool = True, stepped_up: bool = True
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": mode.width, "height": mode.height},
            java_script_enabled=scripts,
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
        )
        windows.append(context)
        cookies = {"hub_theme": mode.theme}
        if user:
            client = signed_in(user, stepped_up=stepped_up)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        context.add_init_script(REPORT_VIOLATIONS + COUNT_REQUESTS)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        visitor = Visitor(page, live_server.url)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("console", lambda said: visitor.complaints.append(said.text) if said.type == "error" else None)
        return visitor

    yield window
    for context in windows:
        context.close()

"""The console: its own pages, and each app's screens under one namespace."""

from datetime import datetime

from django.conf import settings
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone

from campaigns.console import urls as campaigns
from consent.console import urls as consent
from core import menu
from core.console.views import DetailPage, Header, MenuEntry, screen
from customers.console import import_urls as imports
from customers.console import urls as customers
from engagement.console import urls as engagement
from integrations.console import urls as integrations
from marketing_hub import account, factors, single_sign_on, staff
from marketing_hub.deprecation_notices import deprecation_alerts
from marketing_hub.health import worker_beats
from marketing_hub.portal import screens as portal
from marketing_hub.sandbox import screens as sandbox
from marketing_hub.system import urls as system


class Home(DetailPage):
    """The first page: cards that each app contributes to the area `home`, as far as the reader may see them."""

    name = "home"
    title = "Home"
    permission = "core.view_home"
    panel_area = "home"
    menu_entry = MenuEntry("Home", "home", order=0)

    def find(self) -> None:
        """There is no object."""

    def header(self, subject: None) -> Header:
        """A greeting that fits the local hour."""
        return Header(f"{greeting(timezone.localtime(self.now))}, {self.reader.name.split()[0]}")


def greeting(at: datetime) -> str:
    """Good morning until noon, good afternoon until six, good evening after that."""
    return "Good morning" if at.hour < 12 else "Good afternoon" if at.hour < 18 else "Good evening"


def worker_alerts() -> list[menu.Alert]:
    """A banner on every page while no worker gives a sign of life: jobs would wait without a word.

    The sandbox needs none: its tasks are done before the answer.
    """
    if settings.SANDBOX or worker_beats():
        return []
    text = "No worker is running. Imports, exports and everything that follows events wait until one is started."
    return [menu.Alert(text, tone="bad", banner=True)]


menu.add_alerts(menu.AlertSource("worker", "core.view_home", worker_alerts))
menu.add_alerts(
    menu.AlertSource("deprecations", "integrations.view_apiclient", lambda: deprecation_alerts(timezone.now()))
)
app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    screen("", Home),
    path("sign-in", staff.SignIn.as_view(), name="sign-in"),
    path("sign-in/code", factors.SecondStep.as_view(), name="second-step"),
    path("sign-in/provider", single_sign_on.begin, name="single-sign-on"),
    path("sign-in/provider/return", single_sign_on.come_back, name="single-sign-on-return"),
    path("sign-out", staff.sign_out, name="sign-out"),
    path("theme", staff.choose_theme, name="theme"),
    path("welcome/<str:public_id>/<str:token>", account.Welcome.as_view(), name="welcome"),
    screen("confirm", staff.StepUp),
    screen("time-zone", account.ChooseTimeZone),
    screen("password", account.ChangePassword),
    screen("second-factor", factors.AddApp),
    screen("second-factor/remove", factors.RemoveApp),
    screen("second-factor/codes", factors.RenewCodes),
    screen("users/<str:public_id>/second-factor", factors.ResetFactor),
    screen("search", staff.Palette),
    *customers.urlpatterns,
    *imports.urlpatterns,
    *consent.urlpatterns,
    *campaigns.urlpatterns,
    *engagement.urlpatterns,
    *integrations.urlpatterns,
    *system.urlpatterns,
    *sandbox.urlpatterns,
    *portal.urlpatterns,
]

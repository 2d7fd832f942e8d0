"""The sandbox on screens: its clock, a reset, what it kept; on the live product, where it is and how to come in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from core.console import cells
from core.console.forms import ConsoleForm, NoteForm
from core.console.views import Action, ActionPage, DetailPage, Figure, Header, MenuEntry, screen
from core.errors import Forbidden
from core.menu import Panel
from core.models import Job
from marketing_hub import env, welcome
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.drive import driver
from marketing_hub.sandbox.sends import list_sends

USE: Final = "integrations.use_sandbox"
SHOWN: Final = 20
_STEPS: Final = [(3_600, "1 hour"), (86_400, "1 day"), (7 * 86_400, "7 days"), (30 * 86_400, "30 days")]


class SandboxPage(DetailPage):
    """Where the sandbox stands."""

    name, title, permission = "sandbox", "Sandbox", USE
    menu_entry = MenuEntry("Sandbox", "package", "Integrations", order=60)

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """What was kept; on the live product, how to come in."""
        if settings.SANDBOX:
            return (Panel("sends", "Messages that were kept", "system/sends.html", USE, _sends, icon="mail"),)
        return (Panel("way-in", "How to come in", "integrations/bounds.html", USE, _way_in, icon="info-circle"),)

    def find(self) -> None:
        """There is one."""

    def header(self, subject: None) -> Header:
        """What it is."""
        said = (
            "Invented people, a clock of its own; nothing leaves." if settings.SANDBOX else "This is the live product."
        )
        return Header("Sandbox", said)

    def figures(self, subject: None) -> Sequence[Figure]:
        """Its time."""
        if not settings.SANDBOX:
            return ()
        ahead = clock.read()
        real = clock.real_now()
        return (
            Figure("Time in the sandbox", cells.instant(real + ahead)),
            Figure(
                "Ahead by",
                cells.in_words(real + ahead, real).removeprefix("in ") if ahead.total_seconds() >= 60 else "0",
            ),
        )

    def actions(self, subject: None) -> Sequence[Action]:
        """Only inside."""
        if not settings.SANDBOX:
            return (Action("Guide", "/docs/guides/sandbox", USE, "external-link"),)
        return (
            Action("Put the clock forward", reverse("console:sandbox-clock"), USE, "clock"),
            Action("Reset", reverse("console:sandbox-reset"), USE, "rotate-clockwise"),
        )


def _sends(request: HttpRequest, subject: None) -> Mapping[str, Any]:
    return {"sends": list_sends(limit=SHOWN)}


def _way_in(request: HttpRequest, subject: None) -> Mapping[str, Any]:
    url = env.text("SANDBOX_URL", "")
    state = cells.State("Not set up") if not url else cells.State("Answers", "good")
    if url and not welcome.answers(f"{url}/healthz"):
        state = cells.State("Does not answer", "bad")
    link = format_html('<a href="{0}/console/">{0}/console/</a>', url) if url else cells.NOTHING
    return {
        "rows": [
            ("State", cells.dot(state)),
            ("Its console", link),
            ("First login", "Stands in the file login.txt of its data folder"),
            ("Credentials", "Clients and keys registered there; they begin with test_, mk_test_, pk_test_"),
            ("Address for them", "The same as for live ones"),
        ]
    }


def _inside() -> None:
    if not settings.SANDBOX:
        raise Forbidden(
            "This is the live product: it has no clock to set, no reset and no mock data.", code="environment_mismatch"
        )


class ClockForm(ConsoleForm):
    """By how much."""

    seconds = forms.TypedChoiceField(label="Forward by", coerce=int, choices=_STEPS)


class PutClockForward(ActionPage):
    """Time travel."""

    name, title, permission = "sandbox-clock", "Put the clock forward", USE
    form_class, submit_label, success = ClockForm, "Put forward", "It is later now, and what fell due is done."

    def question(self) -> str:
        """What follows."""
        return "Everything in the sandbox takes the new time; what falls due by then is done. It never goes back."

    def save(self, form: ClockForm) -> None:
        """Forward, and the timetable."""
        _inside()
        ahead = clock.read().total_seconds() + form.cleaned_data["seconds"]
        clock.put_forward(to=clock.real_now() + timedelta(seconds=ahead))
        driver().turn()

    def success_url(self, result: None) -> str:
        """The sandbox."""
        return reverse("console:sandbox")

    def cancel_url(self) -> str:
        """The sandbox."""
        return reverse("console:sandbox")


class ResetSandbox(ActionPage):
    """Everything anew."""

    name, title, permission = "sandbox-reset", "Reset the sandbox", USE
    form_class, submit_label, danger, success = NoteForm, "Reset", True, "The sandbox begins anew within seconds."

    def question(self) -> str:
        """What goes, what stays."""
        return "All test clients share it: what they wrote is gone, the mock data is back, the clock is right again."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What stays."""
        return (("Stays", "Staff, clients and keys"), ("Goes", "Everything else, access tokens too"))

    def save(self, form: NoteForm) -> Job:
        """A job."""
        _inside()
        return driver().ask_reset(by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """The sandbox."""
        return reverse("console:sandbox")

    def cancel_url(self) -> str:
        """The sandbox."""
        return reverse("console:sandbox")


urlpatterns = [
    screen("sandbox", SandboxPage),
    screen("sandbox/clock", PutClockForward),
    screen("sandbox/reset", ResetSandbox),
]

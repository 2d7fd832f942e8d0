"""The retention schedule on the screen, with a dry run."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from consent.console.registers import FormatForm, file_of
from consent.services.registers import note_export
from core.console.views import Action, ActionPage, MenuEntry, Page
from marketing_hub.system.schedule import RULES, dry_run, kept_by_place

VIEW = "consent.view_register"
COLUMNS = ("what", "table", "kept", "setting", "cutoff", "would_go")


class RetentionSchedule(Page):
    """What is kept for how long; with `?dry_run` what would be deleted at this moment."""

    name, title, permission, template_name = "retention", "Retention schedule", VIEW, "system/retention.html"
    menu_entry = MenuEntry("Retention", "clock", "Compliance", order=66)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The rules; what they would take when asked."""
        found = dry_run(now=self.now) if "dry_run" in request.GET else None
        actions = (
            Action("Export", reverse("console:retention-export"), VIEW, "download"),
            Action("Dry run", f"{reverse('console:retention')}?dry_run", VIEW, "player-play", primary=True),
        )
        context = {"rules": RULES, "found": found, "places": kept_by_place(), "actions": self.allowed(actions)}
        return self.draw(self.template_name, context)


class ExportRetention(ActionPage):
    """The schedule with its dry run as a file."""

    name, title, permission = "retention-export", "Export the retention schedule", VIEW
    form_class, submit_label = FormatForm, "Download"

    def question(self) -> str:
        """What will happen."""
        return "Every rule is written to a file with what it would delete now. Nothing is deleted."

    def save(self, form: Any) -> HttpResponse:
        """The file."""
        rows = [
            {
                "what": found.rule.name,
                "table": found.rule.table,
                "kept": found.rule.words,
                "setting": found.rule.setting,
                "cutoff": found.before,
                "would_go": found.said,
            }
            for found in dry_run(now=self.now)
        ]
        form_of = str(form.cleaned_data["format"])
        note_export(register="retention", rows=len(rows), form=form_of, by=self.actor)
        return file_of(rows, COLUMNS, form_of, f"retention-{self.now:%Y%m%d}")

    def done(self, result: HttpResponse) -> HttpResponse:
        """The file is the answer."""
        return result

    def cancel_url(self) -> str:
        """The schedule."""
        return reverse("console:retention")

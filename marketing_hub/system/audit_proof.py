"""Proving the audit log from the console, and the banner while it does not match its seals."""

from django.urls import reverse

from core.console.forms import ConsoleForm
from core.console.views import ActionPage
from core.menu import Alert
from core.models import Job
from marketing_hub.system.audit import PROVE
from marketing_hub.system.jobs import job_url
from marketing_hub.system.seals import last_verification, start_verification


class VerifyAudit(ActionPage):
    """Every entry against the seals over it."""

    name, title, permission = "audit-verify", "Verify the audit log", PROVE
    submit_label, success = "Verify", ""

    def question(self) -> str:
        """What happens."""
        return (
            "Every five minutes what was recorded is sealed by a digest that covers the seal before. A job reads all "
            "entries again and compares. An entry that was changed, removed or slipped in shows."
        )

    def save(self, form: ConsoleForm) -> Job:
        """Start the walk."""
        return start_verification(by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """Its progress."""
        return job_url(result)

    def cancel_url(self) -> str:
        """The log."""
        return reverse("console:audit")


def audit_alerts() -> list[Alert]:
    """A banner on every page while the trail does not match its seals."""
    last = last_verification()
    if last is None or not last.result.get("broken"):
        return []
    text = "The audit log was changed behind the product's back."
    return [Alert(text, job_url(last), tone="bad", banner=True)]

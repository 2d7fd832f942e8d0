"""Data quality on a screen: the score and its trend, what is wrong, and who is behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.views import ActionPage, DetailPage, Figure, Header, MenuEntry
from core.menu import Panel
from core.models import Job
from core.models.jobs import OPEN_STATES
from customers.console.attributes import CHANGE
from customers.models import QualityAudit, QualityFinding
from customers.rules.quality import DIMENSION_OF, WEIGHTS, Check, Dimension
from customers.selectors.quality import (
    examples_of,
    findings_of,
    last_job,
    latest_audit,
    list_audits,
    title_of,
)
from customers.services.quality import start_audit

VIEW = "customers.view_customer"
SHOWN, EXAMPLES, NIGHTS = 200, 3, 400
PAIRS = "customers.view_merge"


def trend(request: HttpRequest, audit: QualityAudit | None) -> Mapping[str, Any]:
    """The score of each audit that is kept."""
    audits = [one for one in list_audits()[:NIGHTS] if one.score is not None][::-1]
    scores = [float(one.score) for one in audits if one.score is not None]
    return {"times": [one.finished_at.timestamp() for one in audits], "series": {"Score": scores}}


def measures(request: HttpRequest, audit: QualityAudit | None) -> Mapping[str, Any]:
    """What the score is made of."""
    known = audit.measures if audit else {}
    return {
        "rows": [
            {"label": dimension.label, "weight": WEIGHTS[dimension], **known[dimension.value]}
            for dimension in Dimension
            if dimension.value in known
        ]
    }


def findings(request: HttpRequest, audit: QualityAudit | None) -> Mapping[str, Any]:
    """What is wrong, gravest share first."""
    rows = list(findings_of(audit)[:SHOWN]) if audit else []
    some = examples_of(rows, most=EXAMPLES)
    return {"audit": audit, "rows": [_row(request, row, some[row.pk]) for row in rows]}


def _row(request: HttpRequest, finding: QualityFinding, examples: Sequence[str]) -> dict[str, Any]:
    url = f"{reverse('console:customers')}?quality={finding.public_id}" if examples else ""
    if finding.check_name == Check.DUPLICATE:
        url = f"{reverse('console:duplicates')}?state=open" if request.user.has_perm(PAIRS) else ""
    return {
        "title": title_of(finding),
        "dimension": DIMENSION_OF[Check(finding.check_name)].label,
        "count": finding.count,
        "of": finding.of,
        "share": finding.count / finding.of,
        "parts": ", ".join(f"{name} {cells.number(count)}" for name, count in finding.parts.items()),
        "examples": examples,
        "url": url,
    }


def work(request: HttpRequest, audit: QualityAudit | None) -> Mapping[str, Any]:
    """The newest audit as a job."""
    job = last_job()
    return {"job": job, "going": job is not None and job.state in OPEN_STATES}


class QualityPage(DetailPage):
    """The newest audit and those before it."""

    name, title, permission = "quality", "Data quality", VIEW
    menu_entry = MenuEntry("Data quality", "activity-heartbeat", "Audience", order=44)
    panels = (
        Panel("quality-trend", "Score over time", "customers/_quality_trend.html", VIEW, trend, order=10),
        Panel("quality-findings", "Findings", "customers/_quality_findings.html", VIEW, findings, order=20),
        Panel("quality-work", "Audit", "customers/_score_work.html", VIEW, work, place="side", order=10, poll=5),
        Panel(
            "quality-measures",
            "What the score is made of",
            "customers/_quality_measures.html",
            VIEW,
            measures,
            place="side",
            order=20,
        ),
    )

    def find(self) -> QualityAudit | None:
        """The newest one, if there is any."""
        return latest_audit()

    def header(self, subject: QualityAudit | None) -> Header:
        """Where the rules come from."""
        return Header(self.title, "Everybody is looked at every night; the rules stand in the data dictionary.")

    def figures(self, subject: QualityAudit | None) -> Sequence[Figure]:
        """Score, people, when."""
        if subject is None:
            return ()
        score = cells.NOTHING if subject.score is None else f"{subject.score} of 100"
        return (
            Figure("Score", score, _since(subject), icon="activity-heartbeat"),
            Figure("People looked at", cells.number(subject.people), icon="users"),
            Figure("Findings", cells.number(findings_of(subject).count()), icon="alert-triangle"),
            Figure("Last audit", cells.ago(subject.finished_at), icon="clock"),
        )

    def actions(self, subject: QualityAudit | None) -> Sequence[Action]:
        """Look now, or at the rules."""
        return (
            Action("Data dictionary", reverse("console:fields"), "customers.view_attribute", "file-text"),
            Action("Audit now", reverse("console:quality-audit"), CHANGE, "search", primary=True),
        )


def _since(audit: QualityAudit) -> str:
    before = list_audits().filter(finished_at__lt=audit.finished_at, score__isnull=False).first()
    if before is None or before.score is None or audit.score is None:
        return ""
    return f"{audit.score - before.score:+} since the audit before"


class AuditNow(ActionPage):
    """Look at everybody now."""

    name, title, permission = "quality-audit", "Audit data quality", CHANGE
    submit_label, success = "Audit", "The audit is at work; its findings appear here when it has seen everybody."

    def question(self) -> str:
        """What happens."""
        return "Everybody is looked at, as happens every night. Nothing about any customer is changed."

    def save(self, form: ConsoleForm) -> Job:
        """Start the job."""
        return start_audit(by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """Back."""
        return reverse("console:quality")

    def cancel_url(self) -> str:
        """Back."""
        return reverse("console:quality")

"""The screens of the four registers."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.urls import reverse
from django.utils import timezone

from consent.console.register_forms import ActivityForm, AgentForm, BreachForm, ProcessorForm
from consent.console.registers import (
    VIEW,
    EditEntry,
    ExportRegister,
    NewEntry,
    Register,
    RegisterDetail,
    RegisterList,
    name_column,
)
from consent.models import Activity, Breach, Processor, RightsAgent
from consent.rules.breaches import clock_of
from consent.rules.papers import why_not_covered, why_not_live
from consent.selectors.papers import connections_of, papers_of
from consent.selectors.registers import endings, open_breaches
from core.console import cells
from core.console.cells import State
from core.console.views import Column, Empty, Figure, MenuEntry, Page
from core.menu import Alert, Panel


class _Activities(Register):
    kind, word = Activity, "activity"


class ActivityList(_Activities, RegisterList):
    """The record of processing activities."""

    name, title = "activity-list", "Record of processing"
    menu_entry = MenuEntry("Processing record", "file-text", "Compliance", order=60)
    search_label = "Name"
    empty = Empty("No activity recorded yet", "GDPR Art. 30 asks for one entry for each way personal data is used.")
    columns = (
        name_column("activity", "Activity"),
        Column("legal_basis", "Basis", value=lambda row: row.get_legal_basis_display()),
        Column("people", "People"),
        Column("transfer", "Transfer", value=lambda row: row.get_transfer_display(), optional=True),
        Column("review_on", "Review", cell=cells.day, sort="review_on"),
        Column("ended_on", "Ended", cell=cells.day, sort="ended_on"),
    )


class ActivityDetail(_Activities, RegisterDetail):
    """One activity."""

    name, title = "activity", "Processing activity"


class NewActivity(_Activities, NewEntry):
    """A new activity."""

    name, title, form_class = "activity-new", "New processing activity", ActivityForm


class EditActivity(_Activities, EditEntry):
    """An activity changed."""

    name, title, form_class = "activity-edit", "Edit processing activity", ActivityForm


class ExportActivities(_Activities, ExportRegister):
    """The record as a file."""

    name, title = "activity-export", "Export the record of processing"


class _Processors(Register):
    kind, word = Processor, "processor"


class ProcessorList(_Processors, RegisterList):
    """Who works on personal data for us."""

    name, title = "processor-list", "Processors"
    menu_entry = MenuEntry("Processors", "building", "Compliance", order=62)
    search_label = "Company"
    empty = Empty("No processor recorded yet", "GDPR Art. 28 asks for an agreement with each.")
    columns = (
        name_column("processor", "Company"),
        Column("service", "Service"),
        Column("country", "Country"),
        Column("agreement", "Agreement"),
        Column("agreement_ends_on", "Agreement ends", cell=cells.day, sort="agreement_ends_on"),
        Column("certificate", "Proof of security"),
        Column("certificate_ends_on", "Proof ends", cell=cells.day, sort="certificate_ends_on"),
        Column("ended_on", "Ended", cell=cells.day, optional=True),
    )


class ProcessorDetail(_Processors, RegisterDetail):
    """One processor: what is on record, whether data may go there today, and what leads there."""

    name, title = "processor", "Processor"
    panels: ClassVar[Sequence[Panel]] = (
        *RegisterDetail.panels,
        Panel(
            "connections",
            "What leads there",
            "consent/connections.html",
            VIEW,
            lambda r, row: _connections(row),
            "side",
        ),
    )

    def figures(self, subject: Processor) -> Sequence[Figure]:
        """Whether data may go there today."""
        papers, today = papers_of(subject), self.now.date()
        against, unproven = why_not_covered(papers, today), why_not_live(papers, today)
        state = State("Stopped", "bad") if against else State("No new connection", "warn") if unproven else _HOLDS
        return (Figure("May get data", cells.dot(state), against or unproven),)


_HOLDS = State("Yes", "good")


def _connections(row: Processor) -> Mapping[str, Any]:
    rows = [
        (one.kind, cells.link(reverse(f"console:{one.screen}", args=[one.public_id]), one.name), one.state)
        for one in connections_of(row)
    ]
    return {"rows": rows}


class NewProcessor(_Processors, NewEntry):
    """A new processor."""

    name, title, form_class = "processor-new", "New processor", ProcessorForm


class EditProcessor(_Processors, EditEntry):
    """A processor changed."""

    name, title, form_class = "processor-edit", "Edit processor", ProcessorForm


class ExportProcessors(_Processors, ExportRegister):
    """The register as a file."""

    name, title = "processor-export", "Export the processors"


class _Agents(Register):
    kind, word = RightsAgent, "agent"


class AgentList(_Agents, RegisterList):
    """Who may ask for people by the Data Rights Protocol."""

    name, title = "agent-list", "Authorised agents"
    menu_entry = MenuEntry("Authorised agents", "users", "Compliance", order=63)
    search_label = "Agent"
    empty = Empty("No agent registered yet", "Agents of the Data Rights Protocol are heard by their public key.")
    columns = (
        name_column("agent", "Agent"),
        Column("agent_id", "Id", cell=cells.code),
        Column("relies_on_email", "Its check is enough", value=lambda row: "Yes" if row.relies_on_email else "No"),
        Column("paired_at", "Token made", cell=cells.ago, sort="paired_at"),
        Column("ended_on", "Ended", cell=cells.day, sort="ended_on"),
    )


class AgentDetail(_Agents, RegisterDetail):
    """One agent."""

    name, title = "agent", "Authorised agent"


class NewAgent(_Agents, NewEntry):
    """An agent is registered with its key."""

    name, title, form_class = "agent-new", "Register an agent", AgentForm


class EditAgent(_Agents, EditEntry):
    """An agent changed; with another key its token ends."""

    name, title, form_class = "agent-edit", "Edit agent", AgentForm


class ExportAgents(_Agents, ExportRegister):
    """The register as a file."""

    name, title = "agent-export", "Export the agents"


class _Breaches(Register):
    kind, word = Breach, "breach"


_RISKS = {
    "unknown": State("Not yet known", "warn"),
    "unlikely": State("Unlikely", "idle"),
    "risk": State("Risk", "warn"),
    "high": State("High risk", "bad"),
}


class BreachList(_Breaches, RegisterList):
    """Every breach, with the 72 hours."""

    name, title = "breach-list", "Breaches"
    menu_entry = MenuEntry("Breaches", "alert-triangle", "Compliance", order=64)
    search_label, default_sort = "Name", "-aware_at"
    empty = Empty("No breach recorded", "GDPR Art. 33(5): every breach is documented, reported or not.")
    columns = (
        name_column("breach", "Breach"),
        Column("aware_at", "Aware", cell=cells.instant, sort="aware_at"),
        Column("risk", "Risk", cell=cells.state(_RISKS)),
        Column("people_affected", "People", cell=cells.number, end=True),
        Column("safe_due", "Tell the authority by", cell=cells.instant, sort="safe_due"),
        Column("authority_told_at", "Authority told", cell=cells.instant),
        Column("closed_at", "Closed", cell=cells.instant, sort="closed_at"),
    )


class BreachDetail(_Breaches, RegisterDetail):
    """One breach and its clock."""

    name, title = "breach", "Breach"
    panels: ClassVar[Sequence[Panel]] = (
        *RegisterDetail.panels,
        Panel("clock", "Why this time", "consent/facts.html", VIEW, lambda r, row: _clock(row), place="side"),
    )

    def figures(self, subject: Breach) -> Sequence[Figure]:
        """The clock."""
        told = cells.instant(subject.authority_told_at) if subject.authority_told_at else "Not yet"
        return (
            Figure("We work towards", cells.instant(subject.safe_due), cells.ago(subject.safe_due)),
            Figure("Last lawful moment", cells.instant(subject.law_due)),
            Figure("Authority told", told),
            Figure("Risk", cells.state(_RISKS)(subject.risk)),
        )


class NewBreach(_Breaches, NewEntry):
    """A breach is recorded; its clock runs."""

    name, title, form_class = "breach-new", "Record a breach", BreachForm


class EditBreach(_Breaches, EditEntry):
    """What is known by now."""

    name, title, form_class = "breach-edit", "Edit breach", BreachForm


class ExportBreaches(_Breaches, ExportRegister):
    """The register as a file."""

    name, title = "breach-export", "Export the breaches"


def _clock(row: Breach) -> Mapping[str, Any]:
    return {"facts": [(str(number), line) for number, line in enumerate(clock_of(row.aware_at).why, start=1)]}


def register_alerts() -> list[Alert]:
    """Breaches whose 72 hours run, and agreements and certificates that end."""
    now = timezone.now()
    found = [
        Alert(
            f"Breach: tell the authority by {row.safe_due:%Y-%m-%d %H:%M} UTC.",
            reverse("console:breach", args=[row.public_id]),
            tone="bad",
            banner=True,
        )
        for row in open_breaches(now=now)[:5]
    ]
    ends = endings(today=now.date())
    if ends:
        words = f"Processor papers that end within 60 days or have ended: {len(ends)}, the first on {ends[0].on}."
        found.append(Alert(words, f"{reverse('console:processor-list')}?sort=agreement_ends_on"))
    return found


SCREENS: tuple[tuple[str, *tuple[type[Page], ...]], ...] = (
    ("activities", ActivityList, NewActivity, ExportActivities, ActivityDetail, EditActivity),
    ("processors", ProcessorList, NewProcessor, ExportProcessors, ProcessorDetail, EditProcessor),
    ("agents", AgentList, NewAgent, ExportAgents, AgentDetail, EditAgent),
    ("breaches", BreachList, NewBreach, ExportBreaches, BreachDetail, EditBreach),
)

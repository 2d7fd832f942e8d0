"""Questions about automations: which there are, what they say, who is under way, why something happened to somebody."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from campaigns.models import Automation, AutomationMessage, AutomationVersion, Campaign, Run, StepCount, StepRecord
from campaigns.rules.automations.entering import Before
from campaigns.rules.automations.states import AutomationState, RunState, VersionState
from core.errors import NotFound


def list_automations(*, include_archived: bool = False) -> QuerySet[Automation]:
    """Every automation; archived ones on demand."""
    rows = Automation.objects.select_related("purpose")
    return rows if include_archived else rows.exclude(state=AutomationState.ARCHIVED)


def find_automation(public_id: str) -> Automation:
    """The automation with this id, archived or not; NotFound otherwise."""
    found = list_automations(include_archived=True).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no automation with this id.")
    return found


def count_active() -> int:
    """How many automations are at work."""
    return Automation.objects.filter(state=AutomationState.ACTIVE).count()


def version_of(automation: Automation, state: str) -> AutomationVersion | None:
    """Its draft or live version; None when there is none."""
    return AutomationVersion.objects.filter(automation=automation, state=state).first()


def shown_version(automation: Automation, number: int | None = None) -> AutomationVersion:
    """The version with this number, else the live one, else the draft; NotFound for a number that is not there."""
    rows = AutomationVersion.objects.filter(automation=automation)
    if number is not None:
        found = rows.filter(number=number).first()
        if found is None:
            raise NotFound("There is no such version of this automation.")
        return found
    return rows.filter(state=VersionState.LIVE).first() or rows.latest("number")


def list_versions(automation: Automation) -> list[AutomationVersion]:
    """Every version, newest first, at most 100; each knows how many are under way in it."""
    rows = AutomationVersion.objects.filter(automation=automation).order_by("-number")
    return list(rows[:100])


def under_way(automations: Iterable[Automation]) -> dict[int, dict[str, int]]:
    """How many runs of each automation are in each state but over; one query."""
    found: dict[int, dict[str, int]] = {}
    rows = Run.objects.filter(automation__in=[row.pk for row in automations]).exclude(state=RunState.ENDED)
    for pk, state, people in rows.values_list("automation_id", "state").annotate(people=Count("pk")).order_by():
        found.setdefault(pk, {})[state] = people
    return found


def standing(version: AutomationVersion) -> dict[str, int]:
    """How many people stand at each step of a version now."""
    rows = Run.objects.filter(version=version).exclude(state=RunState.ENDED)
    return dict(rows.values_list("step").annotate(people=Count("pk")).order_by())


def counts(versions: Iterable[AutomationVersion]) -> dict[tuple[str, str], int]:
    """How often each step went which way (step, outcome) in these versions; how runs ended stands at step ''."""
    found: dict[tuple[str, str], int] = {}
    rows = StepCount.objects.filter(version__in=[version.pk for version in versions])
    for step, outcome, times in rows.values_list("step", "outcome", "times").order_by("id"):
        found[step, outcome] = found.get((step, outcome), 0) + times
    return found


def list_runs(automation: Automation) -> QuerySet[Run]:
    """Every run with its customer and version, newest first."""
    return Run.objects.filter(automation=automation).select_related("customer", "version")


def find_run(automation: Automation, public_id: str) -> Run:
    """The run with this id; NotFound otherwise."""
    found = list_runs(automation).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such run of this automation.")
    return found


def records_of(run: Run) -> list[StepRecord]:
    """What happened in a run, in its order, at most 1,000."""
    return list(StepRecord.objects.filter(run=run).order_by("number")[:1_000])


def messages_of(version: AutomationVersion) -> dict[str, Campaign]:
    """The campaign behind each sending step."""
    rows = AutomationMessage.objects.filter(version=version).select_related("campaign")
    return {row.step: row.campaign for row in rows}


def using_segments(slugs: Collection[str]) -> list[tuple[Automation, set[str]]]:
    """Automations in use, by name, and which of these segments their graph names: a way in, a goal, or in a rule."""
    rows = AutomationVersion.objects.exclude(state=VersionState.RETIRED).filter(
        automation__state__in=[AutomationState.DRAFT, AutomationState.ACTIVE, AutomationState.PAUSED]
    )
    found: dict[Automation, set[str]] = defaultdict(set)
    for row in rows.select_related("automation")[:2_000]:
        found[row.automation] |= _named(row.graph) & set(slugs)
    return sorted(((row, named) for row, named in found.items() if named), key=lambda pair: pair[0].name)


def _named(part: Any) -> set[str]:
    """Every segment that a part of a graph names."""
    if isinstance(part, dict):
        own = {part.get("segment"), part.get("value")} if part.get("on") == "segment" else set()
        return {name for name in own if isinstance(name, str)}.union(*(_named(inner) for inner in part.values()))
    return set().union(*(_named(inner) for inner in part)) if isinstance(part, list) else set()


def late(*, now: datetime, by: timedelta = timedelta(minutes=5)) -> Sequence[tuple[Automation, datetime]]:
    """Active automations with somebody who should have moved on that long ago, and since when."""
    rows = Run.objects.filter(state=RunState.OPEN, next_at__lt=now - by, automation__state=AutomationState.ACTIVE)
    since = dict(rows.values_list("automation_id").annotate(since=Min("next_at")).order_by())
    return [(row, since[row.pk]) for row in Automation.objects.filter(pk__in=since).order_by("pk")]


def stopped_runs() -> dict[int, int]:
    """How many people stand at a failed step, by automation."""
    rows = Run.objects.filter(state=RunState.FAILED)
    return dict(rows.values_list("automation_id").annotate(people=Count("pk")).order_by())


def earlier(*, automations: Collection[int], people: Collection[int]) -> dict[tuple[int, int], Before]:
    """What is known of these people's earlier times, by automation and customer; one query."""
    rows = Run.objects.filter(automation__in=automations, customer__in=people).order_by()
    under_way = Count("pk", filter=~Q(state=RunState.ENDED))
    counted = rows.values_list("automation_id", "customer_id").annotate(open=under_way, latest=Max("entered_at"))
    return {(automation, person): Before(number, latest) for automation, person, number, latest in counted}


def current_versions(automations: Iterable[Automation]) -> dict[int, dict[str, AutomationVersion]]:
    """The draft and the live version of each automation, by state; one query."""
    found: dict[int, dict[str, AutomationVersion]] = {}
    rows = AutomationVersion.objects.filter(automation__in=[row.pk for row in automations])
    for version in rows.exclude(state=VersionState.RETIRED).order_by("pk"):
        found.setdefault(version.automation_id, {})[version.state] = version
    return found

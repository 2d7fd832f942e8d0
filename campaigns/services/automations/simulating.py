"""Trying an automation on the last 30 days: a job that reads, counts and does nothing to anybody.

People are taken PAGE at a time, so memory does not grow with how many there are. Consent, suppression, the global
holdout and the rules of splits are those of now; what people did is read from the logs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import DatabaseError, connection

from campaigns.models import Automation, AutomationVersion, Experiment, Run
from campaigns.rules.automations.delays import on_day
from campaigns.rules.automations.entering import falls_on
from campaigns.rules.automations.graph import StepType, kind_of, senders, triggers
from campaigns.rules.automations.playback import Beginning, Person, Player
from campaigns.rules.automations.states import AutomationState, VersionState
from campaigns.rules.experiments import HELD_OUT, ExperimentState, Kind
from campaigns.rules.holdouts import side_of
from campaigns.selectors.audience import REASON
from campaigns.selectors.automations.days import day_of, value_of, zone_in
from campaigns.selectors.automations.simulations import JOB_KIND, last_simulation
from campaigns.selectors.automations.sources import recent_signals
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of
from core import audit, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidState
from core.models import Job
from core.models.jobs import OPEN_STATES
from customers.models import Customer
from customers.rules.segments.tree import RuleError
from customers.selectors.segments.comparing import KNOWN_SQL
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run as run_statement
from customers.selectors.segments.statement import compile_verdicts

TASK: Final = "campaigns.tasks.simulate_automation"
DAYS: Final = 30
PAGE: Final = 500
RULE_SECONDS: Final = 60.0
Clock = Callable[[], datetime]
_PEOPLE: Final = f"""
SELECT c.id, c.public_id, c.time_zone, {{reason}}, {{day}} FROM customers_customer c
WHERE c.id > %(after)s AND {KNOWN_SQL.replace("%", "%%")} ORDER BY c.id LIMIT %(limit)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    public_id: str
    time_zone: str
    refused: str
    value: date | datetime | None


def start_simulation(*, automation: Automation, by: Actor, now: datetime) -> Job:
    """A job that plays the draft, or what is live when there is none; refused while one is under way, and for an
    automation that was put away."""
    if automation.state == AutomationState.ARCHIVED:
        raise InvalidState("This automation was put away; write a new one to try it.")
    last = last_simulation(automation)
    if last is not None and last.state in OPEN_STATES:
        raise Conflict("A simulation of this automation is under way.", code="state_conflict")
    rows = AutomationVersion.objects.filter(automation=automation).exclude(state=VersionState.RETIRED)
    version = rows.order_by("-number")[0]
    changes = {"version": [None, version.number]}
    audit.record(by=by, action="automation.simulated", target=automation.public_id, changes=changes)
    parameters = {"automation": automation.public_id, "version": version.number, "until": now.isoformat()}
    title = f"Simulation of {automation.name}"[:200]
    return jobs.start_job(kind=JOB_KIND, title=title, task=TASK, parameters=parameters, by=by, now=now)


def simulate(*, job_id: str, clock: Clock) -> None:
    """Work on the job; its result says what would have happened. Killed at any moment and run again it starts anew."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    named = {"automation__public_id": job.parameters["automation"], "number": job.parameters["version"]}
    version = AutomationVersion.objects.select_related("automation").get(**named)
    until = datetime.fromisoformat(job.parameters["until"])
    try:
        play = _Play(version, until)
        going = jobs.advance_job(
            job=job, done=0, total=Customer.objects.alive().filter(is_known=True).count(), now=clock()
        )
        while going and play.page():
            going = jobs.advance_job(job=job, done=play.done, now=clock())
    except (RuleError, DomainError) as refusal:
        jobs.fail_job(job=job, error=str(refusal), now=clock())
    except DatabaseError as error:
        jobs.fail_job(job=job, error=f"The database refused the reading ({type(error).__name__}).", now=clock())
        raise
    else:
        if going:
            since = until - timedelta(days=DAYS)
            found = {"version": version.number, "since": since.isoformat(), "until": until.isoformat()}
            jobs.finish_job(job=job, result=found | play.player.tally.answer(), now=clock())


class _Play:
    """One version played page by page."""

    def __init__(self, version: AutomationVersion, until: datetime) -> None:
        self._version, self._until, self._since = version, until, until - timedelta(days=DAYS)
        self._graph: Mapping[str, Any] = version.graph
        seed = version.automation.public_id
        self.player = Player(graph=self._graph, seed=seed, until=until)
        self._kinds = {kind_of(trigger) for _, trigger in triggers(self._graph)}
        self._holdout = Experiment.objects.filter(kind=Kind.HOLDOUT, state=ExperimentState.RUNNING).first()
        self._after, self.done = 0, 0

    def page(self) -> bool:
        """Play the next page of people; False when there is none."""
        rows = self._rows()
        if not rows:
            return False
        ids = [row.pk for row in rows]
        signals = recent_signals(since=dict.fromkeys(ids, self._since), kinds=self._kinds)
        holds, put_in = self._rules(ids), self._put_in(ids)
        for row in rows:
            heard = [one for one in signals.get(row.pk, []) if one.at <= self._until]
            person = self._person(row, holds.get(row.pk, ()))
            if self._graph["entry"]["on"] == "date":
                begun = self._on_days(row, person)
            elif self._graph["entry"]["on"] == "api":
                begun = put_in.get(row.pk, [])
            else:
                begun = self.player.begins(heard)
            self.player.play(person, begun, heard)
        self._after, self.done = ids[-1], self.done + len(ids)
        return True

    def _rows(self) -> list[_Row]:
        entry, purpose = self._graph["entry"], self._version.automation.purpose_id
        asks = purpose if purpose and senders(self._graph) else ""
        values: dict[str, Any] = {"after": self._after, "limit": PAGE, "now": self._until, "mailed": True}
        if asks:
            use = use_of(asks)
            values |= {"bit": use.mask, "purpose": use.id, "service": 1 << SERVICE_BIT}
        day = "NULL::date"
        if entry["on"] == "date":
            day, more = value_of(entry)
            values |= more
        with connection.cursor() as cursor:
            cursor.execute(_PEOPLE.format(reason=REASON if asks else "''", day=day), values)
            return [_Row(*row) for row in cursor.fetchall()]

    def _person(self, row: _Row, holds: Sequence[str]) -> Person:
        holdout = self._holdout
        side = side_of(holdout.public_id, row.public_id, holdout.variants) if holdout else ""
        return Person(row.public_id, zone_in(self._graph, row.time_zone), row.refused, side == HELD_OUT, holds)

    def _rules(self, people: Sequence[int]) -> dict[int, list[str]]:
        """By person the splits at which the rule holds now."""
        words = grammar()
        splits = [key for key, step in self._graph["steps"].items() if step["type"] == StepType.SPLIT]
        if not splits:
            return {}
        rules = {number: words.read(self._graph["steps"][key]["rule"]) for number, key in enumerate(splits)}
        asked = compile_verdicts(rules=rules, grammar=words, people=people, now=self._until)
        found = run_statement(asked.sql, asked.parameters, seconds=RULE_SECONDS)
        return {pk: [key for key, holds in zip(splits, said, strict=True) if holds] for pk, said in found}

    def _put_in(self, people: Sequence[int]) -> dict[int, list[Beginning]]:
        """Who was put in by systems and staff meanwhile; nobody can say who would have been."""
        if self._graph["entry"]["on"] != "api":
            return {}
        mine = Run.objects.filter(automation=self._version.automation, customer__in=people, ref__startswith="api:")
        found: dict[int, list[Beginning]] = {}
        for run in mine.filter(entered_at__range=(self._since, self._until)).order_by("entered_at", "pk"):
            found.setdefault(run.customer_id or 0, []).append(Beginning(run.entered_at, run.key))
        return found

    def _on_days(self, row: _Row, person: Person) -> list[Beginning]:
        entry, found, theirs = self._graph["entry"], [], day_of(row.value, person.zone)
        for number in range(DAYS + 1):
            day = (self._since + timedelta(days=number)).date()
            if theirs and falls_on(theirs, day - timedelta(days=entry.get("days", 0)), entry.get("yearly", True)):
                at = on_day(day, entry["at"], person.zone)
                if self._since <= at <= self._until:
                    found.append(Beginning(at))
        return found

"""What each kind of step does to the people who have come to it: one call for all of them, inside one transaction.

Handlers take the runs that stand at one step of one version and answer what became of each. An effect and the record
of it commit together, so it happens exactly once however often a worker is killed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.models import AutomationMessage, AutomationVersion, Promotion, Run
from campaigns.rules.assignment import assign
from campaigns.rules.automations.delays import ends_at
from campaigns.rules.automations.graph import StepType, kind_of
from campaigns.rules.lifecycle import State
from campaigns.rules.offers import PromotionState
from campaigns.selectors.automations.days import zone_in
from campaigns.selectors.channels import STEP_TOPIC, somebody_listens
from campaigns.services.holding import held_globally
from campaigns.services.offers import make_codes
from core import jobs, outbox
from core.actors import SYSTEM
from customers.models import Customer, TagOrigin
from customers.rules.governance import ANYBODY
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run as run_statement
from customers.selectors.segments.statement import compile_verdicts
from customers.services.customers import update_customer
from customers.services.tags import change_tags

RULE_SECONDS: Final = 20.0
_QUEUE: Final = """
INSERT INTO campaigns_delivery (campaign_id, step, customer_id, state, reason, due_at, attempts)
SELECT %(campaign)s, 1 + coalesce((
    SELECT max(d.step) FROM campaigns_delivery d WHERE d.campaign_id = %(campaign)s AND d.customer_id = p.id
), 0), p.id, 'queued', '', %(now)s, 0
FROM unnest(%(people)s::bigint[]) AS p (id) ORDER BY p.id RETURNING customer_id, id
"""


@dataclass(frozen=True, slots=True)
class Went:
    """What became of a run at a step. With `until` it stays there, waiting (for `awaits`, if that is named)."""

    outcome: str
    to: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None
    awaits: str = ""
    delivery_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A step of a version, with the people (by id) who have come to it."""

    version: AutomationVersion
    key: str
    step: Mapping[str, Any]
    people: Mapping[int, Customer]
    now: datetime

    def zone(self, run: Run) -> ZoneInfo:
        """The time zone of the person, else of the automation, else of the company."""
        return zone_in(self.version.graph, self.people[run.customer_id or 0].time_zone)


Answers = Mapping[int, Went]
"""By id of the run."""
Handler = Callable[[Place, Sequence[Run]], Answers]


def _wait(place: Place, runs: Sequence[Run]) -> Answers:
    return {run.pk: _until(place, run, place.step, "waits") for run in runs}


def _wait_for(place: Place, runs: Sequence[Run]) -> Answers:
    awaits = kind_of(place.step["for"])
    return {run.pk: _until(place, run, place.step["timeout"], "listens", awaits) for run in runs}


def _until(place: Place, run: Run, delay: Mapping[str, Any], outcome: str, awaits: str = "") -> Went:
    end = ends_at(run.clock_at, delay, place.zone(run))
    return Went(outcome, to=run.step, details={"until": end.isoformat()}, until=end, awaits=awaits)


def _split(place: Place, runs: Sequence[Run]) -> Answers:
    words = grammar()
    asked = sorted({run.customer_id for run in runs if run.customer_id})
    verdicts = compile_verdicts(rules={0: words.read(place.step["rule"])}, grammar=words, people=asked, now=place.now)
    rows = run_statement(verdicts.sql, verdicts.parameters, seconds=RULE_SECONDS)
    holds = {customer: bool(found[0]) for customer, found in rows}
    ways = {run.pk: "yes" if holds.get(run.customer_id or 0) else "no" for run in runs}
    return {pk: Went(way, place.step.get(way)) for pk, way in ways.items()}


def _ab(place: Place, runs: Sequence[Run]) -> Answers:
    """By the published hash of automation and step with the person: the same one always goes the same way."""
    branches = place.step["branches"]
    total = sum(branch["weight"] for branch in branches)
    seed = f"{place.version.automation.public_id}:{place.key}"
    answers = {}
    for run in runs:
        person = place.people[run.customer_id or 0].public_id
        number = assign(seed, person, weights=[branch["weight"] / total for branch in branches])
        branch = branches[len(branches) - 1 if number is None else number]
        answers[run.pk] = Went("branch", branch.get("next"), {"branch": branch["key"]})
    return answers


def _send(place: Place, runs: Sequence[Run]) -> Answers:
    """Queued with the campaign behind the step: consent, suppression, caps and quiet hours are read when it is sent."""
    message = AutomationMessage.objects.select_related("campaign").get(version=place.version, step=place.key)
    campaign, to = message.campaign, place.step.get("next")
    if campaign.state not in (State.SENDING, State.PAUSED):
        return {run.pk: Went("not_sent", to) for run in runs}
    people = [run.customer_id for run in runs]
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"campaign": campaign.pk, "people": people, "now": place.now})
        queued: dict[int, list[int]] = {}
        for customer, delivery in cursor.fetchall():
            queued.setdefault(customer, []).append(delivery)
    jobs.defer("campaigns.tasks.send_campaign", campaign_id=campaign.pk, slot=0)
    told = {"campaign": campaign.public_id}
    return {run.pk: Went("queued", to, told, delivery_id=queued[run.customer_id or 0].pop()) for run in runs}


def _tag(place: Place, runs: Sequence[Run]) -> Answers:
    add, remove = place.step.get("add", []), place.step.get("remove", [])
    ids = sorted(place.people[run.customer_id or 0].pk for run in runs)
    change_tags(customer_ids=ids, add=add, remove=remove, origin=TagOrigin.RULE, by=SYSTEM, now=place.now)
    return {run.pk: Went("tagged", place.step.get("next"), {"added": add, "removed": remove}) for run in runs}


def _webhook(place: Place, runs: Sequence[Run]) -> Answers:
    """A fact in the outbox, which the courier takes to webhooks; its id lets a receiver tell a repetition."""
    said = {
        "automation": place.version.automation.public_id,
        "version": place.version.number,
        "step": place.key,
        "name": place.step["name"],
        "data": place.step.get("data", {}),
    }
    outbox.publish_many(
        [
            outbox.Fact(STEP_TOPIC, place.people[run.customer_id or 0].public_id, {**said, "run": run.public_id})
            for run in runs
        ]
    )
    outcome = "told" if somebody_listens(STEP_TOPIC) else "no_listener"
    return {run.pk: Went(outcome, place.step.get("next"), {"name": place.step["name"]}) for run in runs}


def _offer(place: Place, runs: Sequence[Run]) -> Answers:
    """Each gets a code of her own, good once, in an attribute of her profile, so that messages can name it."""
    to = place.step.get("next")
    promotion = Promotion.objects.filter(key=place.step["promotion"], state=PromotionState.ACTIVE).first()
    if promotion is None:
        return {run.pk: Went("no_code", to, {"promotion": place.step["promotion"]}) for run in runs}
    codes = make_codes(promotion=promotion, number=len(runs), by=SYSTEM, now=place.now)
    answers = {}
    for run, code in zip(runs, codes, strict=True):
        properties = {"attributes": {place.step["attribute"]: code.code}}
        customer = place.people[run.customer_id or 0]
        update_customer(customer=customer, properties=properties, by=SYSTEM, now=place.now, source=ANYBODY)
        answers[run.pk] = Went("code", to, {"promotion": promotion.key, "code": code.code})
    return answers


def _exit(place: Place, runs: Sequence[Run]) -> Answers:
    return {run.pk: Went("end") for run in runs}


def _unless_held(act: Handler) -> Handler:
    """The handler for whoever is not in the global holdout; the others go on untouched. Both sides are logged."""

    def handler(place: Place, runs: Sequence[Run]) -> Answers:
        people = {place.people[run.customer_id or 0].pk: place.people[run.customer_id or 0] for run in runs}
        known = [(pk, person.public_id) for pk, person in sorted(people.items())]
        held = held_globally(people=known, now=place.now)
        reached = [run for run in runs if run.customer_id not in held]
        answers = dict(act(place, reached)) if reached else {}
        rest = {run.pk: Went("held_out", place.step.get("next")) for run in runs if run.customer_id in held}
        return answers | rest

    return handler


HANDLERS: Final[Mapping[str, Handler]] = {
    StepType.WAIT: _wait,
    StepType.WAIT_FOR: _wait_for,
    StepType.SPLIT: _split,
    StepType.AB: _ab,
    StepType.SEND: _unless_held(_send),
    StepType.TAG: _tag,
    StepType.WEBHOOK: _unless_held(_webhook),
    StepType.OFFER: _unless_held(_offer),
    StepType.EXIT: _exit,
}

"""Sending again: one delivery, or all that an endpoint missed since a moment, as a job that people can watch.

A replay keeps the id of the message, so that receivers recognise it, is signed with the present secret, and passes the
consent gate anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q

from core import audit, jobs
from core.actors import Actor
from core.errors import InvalidInput, InvalidState
from core.models import Job, OutboxMessage
from integrations.models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint
from integrations.selectors.webhooks import message_of
from integrations.services.webhook_planning import insert, wish_of

KIND: Final = "webhooks.replay"
TASK: Final = "integrations.tasks.replay_webhooks"
CHUNK: Final = 500
MISSED, ALL = "missed", "all"
WHAT: Final = (MISSED, ALL)
Clock = Callable[[], datetime]
_STATES: Final = {
    MISSED: (DeliveryState.EXHAUSTED,),
    ALL: (DeliveryState.EXHAUSTED, DeliveryState.DELIVERED, DeliveryState.WITHHELD),
}


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery, by: Actor, now: datetime) -> WebhookDelivery:
    """It waits again, due now, with all its attempts ahead of it.

    Refuses while the endpoint is not active, while it waits already, and once what it says is past its retention.
    """
    delivery = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery.pk)
    _check_active(delivery.endpoint)
    if message_of(delivery) is None:
        raise InvalidState("What this delivery said is past its retention.", code="payload_gone")
    if delivery.state == DeliveryState.WAITING:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=now)
    else:
        _again([delivery.pk], now)
    audit.record(by=by, action="webhook.replayed", target=delivery.public_id)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def start_replay(
    *,
    endpoint: WebhookEndpoint,
    since: datetime,
    until: datetime | None = None,
    what: str = MISSED,
    by: Actor,
    now: datetime,
) -> Job:
    """A job that sends what happened in [since, until): what the endpoint missed, or all of it again.

    Missed is what was given up, and what was never queued because the endpoint was paused, disabled or did not ask for
    it then; what waits to be tried again is due at once. Refuses an endpoint that is not active, and a beginning that
    is not in the past.
    """
    if since >= min(now, until or now):
        raise InvalidInput("The beginning must lie in the past, and before the end.", param="since")
    if what not in WHAT:
        raise InvalidInput(f"Invalid 'what': choose from {', '.join(WHAT)}", param="what")
    _check_active(endpoint)
    _try_at_once(endpoint, now)
    parameters = {
        "endpoint": endpoint.public_id,
        "since": since.isoformat(),
        "until": (until or now).isoformat(),
        "what": what,
    }
    audit.record(by=by, action="webhook.replay_started", target=endpoint.public_id, changes={"what": ["", what]})
    title = f"Replay to {endpoint.description or endpoint.url}"[:200]
    return jobs.start_job(kind=KIND, title=title, task=TASK, parameters=parameters, by=by, now=now)


def run_replay(*, job_id: str, clock: Clock) -> None:
    """Walk the job's stretch of the log; killed at any moment and run again, everything is queued once."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    endpoint = WebhookEndpoint.objects.filter(public_id=job.parameters["endpoint"]).first()
    if endpoint is None or endpoint.state != EndpointState.ACTIVE:
        jobs.fail_job(job=job, error="The endpoint is not active.", now=clock())
        return
    rows = _stretch(job)
    going = jobs.advance_job(job=job, done=0, total=rows.count(), now=clock())
    done = queued = last = 0
    while going and (messages := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK])):
        queued += _queue(job, endpoint, messages, clock())
        done, last = done + len(messages), messages[-1].pk
        going = jobs.advance_job(job=job, done=done, now=clock())
    if going:
        jobs.finish_job(job=job, result={"queued": queued}, now=clock())


def _stretch(job: Job) -> Any:
    since, until = (datetime.fromisoformat(job.parameters[name]) for name in ("since", "until"))
    return OutboxMessage.objects.filter(created_at__gte=since, created_at__lt=until)


@transaction.atomic
def _queue(job: Job, endpoint: WebhookEndpoint, messages: Sequence[OutboxMessage], now: datetime) -> int:
    ids = [message.message_id for message in messages]
    new = insert(wishes=[wish_of(endpoint=endpoint)], messages=messages, now=now, earlier=True)
    rows = WebhookDelivery.objects.filter(
        Q(ended_at__lt=job.created_at),
        endpoint=endpoint,
        message_id__in=ids,
        state__in=_STATES[job.parameters["what"]],
    )
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, message_id__in=ids, state=DeliveryState.WAITING)
    waiting.filter(due_at__gt=now).update(due_at=now)
    return new + _again(list(rows.values_list("pk", flat=True)), now)


def _again(pks: Sequence[int], now: datetime) -> int:
    rows = WebhookDelivery.objects.filter(pk__in=pks)
    return rows.update(
        state=DeliveryState.WAITING, round=F("round") + 1, attempts=0, first_at=None, ended_at=None, due_at=now
    )


def _try_at_once(endpoint: WebhookEndpoint, now: datetime) -> None:
    """Whoever replays says that the receiver works again: the courier does not wait until its breaker closes."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failures=0, closed_until=None, updated_at=now)


def _check_active(endpoint: WebhookEndpoint) -> None:
    if endpoint.state != EndpointState.ACTIVE:
        raise InvalidState("Enable the endpoint first; then what it missed can be sent.")

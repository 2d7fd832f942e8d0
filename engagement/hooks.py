"""What engagement contributes to the floors below: the timeline, its personal data, how far its followers are."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from campaigns.selectors.automations.sources import register_signal_source
from campaigns.selectors.campaign_results import WINDOW as RESULTS_WINDOW
from campaigns.selectors.interruptions import Stretch, register_outages
from campaigns.selectors.measures import register_measures
from consent.services.request_purposes import register_mover
from core import menu, meter, privacy
from core.privacy import PersonalData
from customers.selectors.merges import register_merge_preview
from customers.selectors.segments.registry import register_segment_criterion
from customers.selectors.segments.touching import register_clock, register_touch_source
from customers.selectors.timeline import register_source
from customers.services import guards
from engagement.models import Event, HeldEvent, Prediction
from engagement.rules.prediction_segments import ENDS, MADE
from engagement.selectors import attribution, measures, metrics, touching
from engagement.selectors.merging import preview_events
from engagement.selectors.personal import collect_events, collect_held_events
from engagement.selectors.prediction_segments import PREDICTIONS
from engagement.selectors.prediction_segments import passed as predictions_passed
from engagement.selectors.predictions import collect_predictions
from engagement.selectors.segments import CRITERIA
from engagement.selectors.signals import SIGNALS
from engagement.selectors.timeline import EVENTS
from engagement.services import followers, linking
from engagement.services.erasure import erase_events, erase_held_events, move_events, move_predictions
from engagement.services.merging import leave_events, send_events_back
from engagement.services.prediction_merging import PREDICTIONS as MERGED_PREDICTIONS
from engagement.services.predictions import erase_predictions


def _behind(name: str) -> float:
    return followers.seconds_behind(name=name, now=timezone.now())


def _days(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    return metrics.chart_of(metrics.events_per_day(days=30, now=timezone.now()))


def _today(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    yesterday, today = metrics.events_per_day(days=2, now=timezone.now()).values()
    return {"today": today, "yesterday": yesterday}


def _latest(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    names = request.user.has_perm("customers.view_pii")
    return {"latest": metrics.latest_events(limit=12, now=timezone.now()), "show_names": names}


def _outages(request: HttpRequest, campaign: Any) -> Mapping[str, Any]:
    now, begins = timezone.now(), campaign.launched_at
    ends = min(now, begins + RESULTS_WINDOW) if begins else now
    silent = attribution.silent_hours(begins=begins, ends=ends) if begins else []
    return {"launched": begins, "silent": silent, "finished": bool(begins) and ends < now}


def _silences(begins: datetime, ends: datetime) -> list[Stretch]:
    found = attribution.silent_hours(begins=begins, ends=ends)
    return [Stretch(one.begins_at, one.ends_at, "no_events") for one in found]


register_outages(_silences)
register_source(EVENTS)
register_signal_source(SIGNALS)
register_measures(measures.EVENTS)
for _asked in (*CRITERIA, PREDICTIONS):
    register_segment_criterion(_asked)
register_touch_source(touching.EVENTS)
register_clock(touching.EVENTS.name, touching.passed)
for _clock in (ENDS, MADE):
    register_clock(_clock, predictions_passed)
register_mover(place="engagement.events", move=move_events)
register_mover(place="engagement.predictions", move=move_predictions)
register_merge_preview(name="events", preview=preview_events)
guards.register_merge_part(part=guards.MergePart(name="events", absorb=leave_events, restore=send_events_back))
guards.register_merge_part(part=MERGED_PREDICTIONS)
for _panel in (
    menu.Panel(
        name="events-today",
        title="Events today",
        template="engagement/_today.html",
        permission="engagement.view_event",
        context=_today,
        place="figure",
        order=30,
        icon="activity-heartbeat",
    ),
    menu.Panel(
        name="events-days",
        title="Events per day",
        template="engagement/_days.html",
        permission="engagement.view_event",
        context=_days,
        order=10,
    ),
    menu.Panel(
        name="events-latest",
        title="Arriving now",
        template="engagement/_latest.html",
        permission="engagement.view_event",
        context=_latest,
        order=20,
        poll=3,
    ),
):
    menu.add_panel("home", _panel)
menu.add_panel(
    "campaign-results",
    menu.Panel(
        name="outages",
        title="Outages",
        template="engagement/_outages.html",
        permission="campaigns.view_campaign",
        context=_outages,
        place="side",
        order=20,
    ),
)
menu.add_panel(
    "campaign",
    menu.Panel(
        name="outages",
        title="Outages",
        template="engagement/_outages.html",
        permission="campaigns.view_campaign",
        context=_outages,
        place="side",
        order=30,
    ),
)
privacy.register(
    PersonalData(
        name="engagement.events",
        model=Event,
        category="what a person did: page views, clicks, orders, with time and device",
        purpose="analytics",
        retention="37 months unless EVENT_RETENTION_MONTHS says otherwise",
        collect=collect_events,
        erase=erase_events,
        order=100,
    )
)
privacy.register(
    PersonalData(
        name="engagement.held_events",
        model=HeldEvent,
        category="older events that a legal hold has kept",
        purpose="legal claims",
        retention="until the hold is lifted",
        collect=collect_held_events,
        erase=erase_held_events,
        order=101,
    )
)
privacy.register(
    PersonalData(
        name="engagement.predictions",
        model=Prediction,
        category="what models of others predict about a person, with label, version and sender",
        purpose="personalisation",
        retention="until the prediction expires: 90 days unless its sender says otherwise, at most 400",
        collect=collect_predictions,
        erase=erase_predictions,
        order=102,
    )
)
for _name in (*followers.FOLLOWERS, linking.FOLLOWER):
    meter.register_lag(_name, partial(_behind, _name))

"""The last look before a message of an automation is claimed for sending: did its reader reach the goal meanwhile?"""

from collections.abc import Sequence
from datetime import datetime

from campaigns.models import AutomationMessage, Campaign, Run, StepRecord
from campaigns.rules.automations.states import RunState
from campaigns.selectors.automations.listening import Listening, second_look
from campaigns.services.automations.recording import Journal


def reached_meanwhile(*, campaign: Campaign, deliveries: Sequence[int], now: datetime) -> set[int]:
    """Which of these deliveries are for people who have reached a goal; their runs are over and say so.

    Reads the logs themselves, so also what the follower has not come to yet. Nothing for campaigns that people wrote.
    """
    message = AutomationMessage.objects.filter(campaign=campaign).select_related("version").first()
    if message is None or not deliveries or not message.version.graph.get("goals"):
        return set()
    records = StepRecord.objects.filter(delivery_id__in=deliveries).values_list("run_id", "delivery_id")
    by_run: dict[int, int] = {run: delivery for run, delivery in records if delivery is not None}
    rows = Run.objects.filter(pk__in=by_run, state__in=[RunState.OPEN, RunState.ENDED]).select_related("version")
    runs = list(rows.exclude(ending__in=["goal", "archived"]).select_for_update(of=("self",)).order_by("pk"))
    heard = Listening({run.version_id: run.version for run in runs})
    said = {pk: signal for pk, (told, signal) in second_look(runs, heard).items() if told == "goal"}
    journal = Journal(now)
    for run in runs:
        if run.pk in said and run.state == RunState.OPEN:
            journal.end(run, "goal", "goal", {"because": said[run.pk].kind, "ref": said[run.pk].ref})
    journal.close()
    return {by_run[pk] for pk in said}

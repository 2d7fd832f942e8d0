"""Writing automations down: shapes are refused at once, gaps only when published; by whom, and what becomes of whom."""

import pytest
from django.utils import timezone

from campaigns.models import Automation, AutomationVersion, Campaign, Run, StepRecord
from campaigns.selectors.automations.listing import using_segments
from campaigns.selectors.campaigns import find_campaign, list_campaigns
from campaigns.services.automations.definitions import (
    archive_automation,
    change_automation,
    define_automation,
    drop_draft,
    resume_automation,
)
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.timers import run_timers
from campaigns.services.automations.upkeep import close_replaced
from campaigns.services.running import close_campaign
from core.errors import Conflict, Forbidden, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from tests.campaigns.rules.automations.examples import graph, send, wait
from tests.factories.automations import WELCOME, make_automation, put_in
from tests.factories.campaigns import AUTHOR, READER, make_people

pytestmark = pytest.mark.django_db
OTHER = graph({"day": wait("hello"), "hello": send(subject="New words")}, entry={"on": "api"})


def change(automation, **values):
    return change_automation(automation=automation, values=values, by=AUTHOR, now=timezone.now())


def publish(automation, by=READER, **more):
    return publish_draft(automation=automation, by=by, now=timezone.now(), **more)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"graph": WELCOME}, "name"),
        ({"name": "x"}, "graph"),
        ({"name": "x", "graph": {"version": 1}}, "graph"),
        ({"name": "x", "graph": WELCOME, "colour": "red"}, "colour"),
        ({"name": "x", "graph": WELCOME, "purpose": "fun"}, "purpose"),
        ({"name": "x" * 121, "graph": WELCOME}, "name"),
    ],
)
def test_define__what_cannot_be_read__is_refused_and_nothing_is_stored(values, param):
    with pytest.raises(InvalidInput) as refusal:
        define_automation(values=values, by=AUTHOR, now=timezone.now())

    assert refusal.value.param == param
    assert not Automation.objects.exists()


def test_publish__by_its_author__is_refused_because_it_sends():
    automation = make_automation(live=False)

    with pytest.raises(Forbidden, match="Somebody else"):
        publish(automation, by=AUTHOR)

    assert Automation.objects.get().state == "draft"
    assert not Campaign.objects.exists()


def test_publish__nothing_to_send__by_anybody():
    tags = graph({"mark": {"type": "tag", "add": ["new"]}}, entry={"on": "api"})

    assert publish(make_automation(tags, live=False), by=AUTHOR).state == "active"


def test_publish__gaps__are_all_named_and_nothing_happens():
    automation = make_automation(graph({"a": send(subject=""), "b": send()}), live=False, purpose="")

    with pytest.raises(Conflict) as refusal:
        publish(automation)

    assert {problem.code for problem in refusal.value.details} == {"unreachable", "missing_content", "missing_purpose"}
    assert AutomationVersion.objects.get().state == "draft"
    assert not OutboxMessage.objects.filter(topic__startswith="automation").exists()


def test_publish__messages__have_approved_campaigns_behind_them_that_no_list_shows():
    automation = make_automation()

    campaigns = Campaign.objects.filter(automation_message__version__automation=automation)
    assert sorted(campaigns.values_list("subject", "state", "approved_by")) == [
        ("Hello", "sending", str(READER)),
        ("Still there?", "sending", str(READER)),
    ]
    assert not list_campaigns(include_archived=True).exists()
    assert find_campaign(campaigns[0].public_id) == campaigns[0]
    assert not close_campaign(campaign_id=campaigns[0].pk, now=timezone.now())
    assert AuditEntry.objects.filter(action="automation.published", target=automation.public_id).exists()


def test_change__published__goes_into_a_draft_that_can_be_dropped():
    automation = make_automation()

    change(automation, graph=OTHER)
    drafted = AutomationVersion.objects.get(state="draft")
    drop_draft(automation=automation, by=AUTHOR, now=timezone.now())

    assert drafted.number == 2
    assert AutomationVersion.objects.get().graph == WELCOME
    with pytest.raises(InvalidState, match="no draft"):
        publish(automation)


def test_change__purpose_after_publishing__is_refused():
    automation = make_automation()

    with pytest.raises(InvalidState, match="purpose stays"):
        change(automation, purpose="")


def test_publish__without_a_mapping__those_under_way_end_in_their_version():
    (person,) = make_people(1)
    automation = make_automation()
    run = put_in(automation, person)
    change(automation, graph=OTHER)

    publish(automation)
    run_timers(now=timezone.now())
    early = close_replaced(now=timezone.now())

    run.refresh_from_db()
    assert (run.version.number, run.step) == (1, "day")
    assert early == 0
    assert Campaign.objects.filter(automation_message__version=run.version, state="sending").count() == 2


def test_publish__with_a_mapping__they_go_on_where_it_says_or_are_out():
    at_day, at_hello = make_people(2)
    automation, now = make_automation(), timezone.now()
    first = put_in(automation, at_day, now)
    run_timers(now=now)
    second = put_in(automation, at_hello, now)
    due = Run.objects.get(pk=first.pk).next_at
    change(automation, graph={**OTHER, "steps": {**OTHER["steps"], "day": wait("hello", hours=5)}})

    publish(automation, mapping={"hello": None})

    first.refresh_from_db(), second.refresh_from_db()
    assert (first.version.number, first.step, first.waiting) == (2, "day", False)
    assert first.next_at != due
    assert (second.state, second.ending) == ("ended", "step_gone")
    assert StepRecord.objects.filter(outcome="moved").count() == 2


def test_publish__mapping_to_a_step_that_is_not_there__is_refused_and_nothing_changes():
    automation = make_automation()
    change(automation, graph=OTHER)

    with pytest.raises(InvalidInput, match="cannot go there"):
        publish(automation, mapping={"hello": "moon"})


def test_states__archived__is_the_end():
    automation = archive_automation(automation=make_automation(), by=READER, now=timezone.now())

    with pytest.raises(InvalidState):
        resume_automation(automation=automation, by=READER, now=timezone.now())
    with pytest.raises(InvalidState):
        change(automation, name="Another")


def test_using_segment__named_in_a_rule_or_as_a_way_in__is_found():
    rule = {"version": 1, "rule": {"not": {"on": "segment", "op": "is_member", "value": "vip"}}}
    found = make_automation(graph({"a": {"type": "split", "rule": rule}}, entry={"on": "api"}), live=False)

    assert using_segments(["vip", "others"]) == [(found, {"vip"})]
    assert using_segments(["others"]) == []


def test_close_replaced__nobody_under_way_and_nothing_waiting__is_completed():
    automation = make_automation()
    change(automation, graph=OTHER)
    publish(automation)

    closed = close_replaced(now=timezone.now())

    assert closed == 2
    states = Campaign.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["completed", "completed", "sending"]

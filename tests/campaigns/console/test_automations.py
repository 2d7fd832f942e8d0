"""The way of an automation through the console: written from a template, published by somebody else, watched."""

import pytest
from django.utils import timezone

from campaigns.models import Automation, AutomationVersion, Run
from campaigns.rules.automations.signals import fits
from campaigns.selectors.automations.simulations import last_simulation
from campaigns.services.automations.simulating import simulate
from campaigns.services.automations.timers import run_timers
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from core.models import AuditEntry, Role
from tests.factories.automations import (
    WELCOME,
    automation_draft_example,
    automation_example,
    happen,
    make_automation,
    put_in,
    run_example,
    stopped_run_example,
)
from tests.factories.campaigns import make_audience, make_people
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
PATH = "/console/automations"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def colleague(client):
    client.force_login(make_staff(Role.MARKETER, "Bo Fox", "bo@example.com"))
    return client


def graph_of(automation):
    return AutomationVersion.objects.filter(automation=automation).latest("number").graph


def test_automation__from_a_template__is_published_by_somebody_else_and_runs(marketer):
    (person,) = make_people(1)

    marketer.post(f"{PATH}/new", {"title": "Welcome", "purpose": "marketing_email", "template": "welcome"})
    automation = Automation.objects.get()
    page = f"{PATH}/{automation.public_id}"
    own = marketer.post(f"{page}/publish")
    colleague(marketer).post(f"{page}/publish")
    automation.refresh_from_db()
    put_in(automation, person)
    run_timers(now=timezone.now())
    shown = marketer.get(page).content.decode()

    assert own.status_code == 403
    assert automation.state == "active"
    assert "Wait 3 days, until 09:00, in the person&#x27;s time." in shown
    assert "1 here now" in shown and "<svg" in shown
    assert "<td>Bo Fox</td>" in shown and "staff:usr_" not in shown
    assert AuditEntry.objects.filter(action="automation.published").count() == 1


STEPS = [
    ("wait", {"days": "2", "at": "10:00", "weekdays": ["1", "2"]}, {"days": 2, "at": "10:00", "weekdays": [1, 2]}),
    (
        "wait_for",
        {"what": "event:purchase", "key": "", "days": "3"},
        {"for": {"on": "event", "event": "purchase"}, "timeout": {"days": 3}},
    ),
    (
        "wait_for",
        {
            "what": "event:purchase",
            "where": 'properties.total at least 50\r\nproperties.category is "shoes"',
            "key": "properties.cartId",
            "days": "3",
        },
        {
            "for": {
                "on": "event",
                "event": "purchase",
                "key": "properties.cartId",
                "where": [
                    {"field": "properties.total", "op": "at_least", "value": 50},
                    {"field": "properties.category", "op": "is", "value": "shoes"},
                ],
            },
            "timeout": {"days": 3},
        },
    ),
    (
        "split",
        {"rule": 'country is "DE"'},
        {"rule": {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}},
    ),
    (
        "ab",
        {"branches": "A 70\nB 30"},
        {"branches": [{"key": "A", "weight": 70, "next": None}, {"key": "B", "weight": 30, "next": None}]},
    ),
    ("send", {"subject": "Hello", "body": "Good day."}, {"subject": "Hello", "body": "Good day."}),
    ("tag", {"add": "new, warm", "remove": ""}, {"add": ["new", "warm"], "remove": []}),
    ("webhook", {"word": "crm"}, {"name": "crm"}),
    ("exit", {}, {}),
]


@pytest.mark.parametrize(("kind", "typed", "stored"), STEPS)
def test_step__each_kind__is_added_and_filled_in_by_its_form(marketer, kind, typed, stored):
    automation = make_automation(live=False)
    page = f"{PATH}/{automation.public_id}"

    added = marketer.post(f"{page}/steps/new", {"kind": kind, "where": "|"})
    filled = marketer.post(added["Location"], {"heading": "Mine", **typed})

    step = graph_of(automation)["steps"][graph_of(automation)["start"]]
    assert filled.status_code == 302, filled.content.decode()[-3000:]
    assert {**step, **stored} == step
    assert (step["type"], step["title"]) == (kind, "Mine")
    assert marketer.get(added["Location"]).status_code == 200


def test_step__wrong_words__are_refused_and_nothing_changes(marketer):
    automation = make_automation(live=False)
    page = f"{PATH}/{automation.public_id}"
    url = marketer.post(f"{page}/steps/new", {"kind": "split", "where": "|"})["Location"]
    before = graph_of(automation)

    answer = marketer.post(url, {"heading": "", "rule": "country is"})

    assert answer.status_code == 422
    assert graph_of(automation) == before


def test_step__taken_out__the_rest_hangs_together(marketer):
    automation = make_automation(live=False)

    marketer.post(f"{PATH}/{automation.public_id}/steps/day/remove")

    assert graph_of(automation)["steps"]["hello"]["next"] == "again"


def test_entry__by_form__goes_into_the_draft(marketer):
    automation = make_automation()
    typed = {
        "way": "signal",
        "what": "event:search",
        "key": "properties.query",
        "again": "after_days",
        "again_days": "9",
    }

    answer = marketer.post(
        f"{PATH}/{automation.public_id}/entry",
        {**typed, "goals": ["order"], "quiet_from": "21:00", "quiet_until": "08:00"},
    )

    graph = graph_of(automation)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert graph["entry"] == {"on": "event", "event": "search", "key": "properties.query"}
    assert (graph["reentry"], graph["goals"]) == ({"policy": "after_days", "days": 9}, [{"on": "order"}])
    assert graph["limits"]["quiet_from"] == "21:00"


def test_entry__day_that_comes_once__stays_so_when_something_else_is_changed(marketer):
    graph = {**graph_of(make_automation(live=False)), "entry": {"on": "date", "field": "created_at", "at": "09:00"}}
    graph["entry"]["yearly"] = False
    automation = make_automation(graph, live=False)
    url = f"{PATH}/{automation.public_id}/entry"
    typed = {"way": "date", "day": "created_at", "days": "0", "at": "09:00", "again": "never"}

    shown = marketer.get(url).content.decode()
    once = marketer.post(url, {**typed, "goals": ["order"]})
    kept = graph_of(automation)["entry"]["yearly"]
    marketer.post(url, {**typed, "yearly": "on"})

    assert 'name="yearly"' in shown and "checked" not in shown.split('name="yearly"')[1].split(">")[0]
    assert once.status_code == 302
    assert kept is False
    assert graph_of(automation)["entry"]["yearly"] is True


@pytest.mark.parametrize("line", ["A" * 21 + " 50", "A " + "1" * 5_000, "A 1001", "50"])
def test_branches__line_that_is_none__is_refused_and_nothing_is_cut_off(marketer, line):
    automation = make_automation(live=False)
    url = marketer.post(f"{PATH}/{automation.public_id}/steps/new", {"kind": "ab", "where": "|"})["Location"]
    before = graph_of(automation)

    answer = marketer.post(url, {"branches": f"{line}\nB 50"})

    assert answer.status_code == 422
    assert line in answer.content.decode()
    assert graph_of(automation) == before


def test_page__split__says_what_it_asks_and_the_canvas_leads_to_each_step(marketer):
    automation = make_automation(live=False)
    page = f"{PATH}/{automation.public_id}"
    url = marketer.post(f"{page}/steps/new", {"kind": "split", "where": "|"})["Location"]

    shown = marketer.get(page).content.decode()

    assert "Split by whether country is &quot;DE&quot;" in shown
    assert f'<a href="{url}" aria-label="Edit step 1 on the canvas">' in shown


def test_basics__name_and_goal__change_at_once(marketer):
    automation = make_automation()
    typed = {"title": "Hello again", "goal": "An order", "purpose": "marketing_email"}

    marketer.post(f"{PATH}/{automation.public_id}/basics", typed)

    automation.refresh_from_db()
    assert (automation.name, automation.goal) == ("Hello again", "An order")


def test_publish__take_along__those_under_way_are_in_the_new_version(marketer):
    (person,) = make_people(1)
    automation = make_automation()
    put_in(automation, person)
    page = f"{PATH}/{automation.public_id}"
    marketer.post(f"{page}/steps/again/remove")

    colleague(marketer).post(f"{page}/publish", {"take_along": "on"})

    assert Run.objects.get().version.number == 2


def test_states__pause_go_on_archive__by_buttons(marketer):
    automation = make_automation()
    states = []

    for step, typed in (("pause", {"reason": "Wrong words"}), ("resume", {}), ("archive", {})):
        marketer.post(f"{PATH}/{automation.public_id}/{step}", typed)
        automation.refresh_from_db()
        states.append(automation.state)

    assert states == ["paused", "active", "archived"]


def test_run__history__says_why_each_step_went_so(marketer):
    found = run_example()

    page = marketer.get(f"{PATH}/{found['public_id']}/runs/{found['run_id']}").content.decode()
    people = marketer.get(f"{PATH}/{found['public_id']}/runs").content.decode()

    assert "Came in: because api" in page and "Waits: until" in page
    assert found["run_id"] in people


def test_list__automations__say_how_people_come_in(marketer):
    automation_example()

    page = marketer.get(PATH).content.decode()

    assert "Cart reminder" in page and "When a system of yours puts them in, or somebody by hand" in page


def test_stopped__by_button__tries_again_or_is_taken_out(marketer):
    found = stopped_run_example()
    page = f"{PATH}/{found['public_id']}"
    run = f"{page}/runs/{found['run_id']}"

    shown = marketer.get(run).content.decode()
    listed = marketer.get(f"{page}/runs").content.decode()
    marketer.post(f"{run}/restart")
    again = Run.objects.get().state
    marketer.post(f"{run}/remove", {"reason": "No longer wanted"})

    assert "There is no promotion any more." in shown and "Try again" in shown
    assert "Try the stopped again" in listed
    assert (again, Run.objects.get().ending) == ("open", "removed")
    assert AuditEntry.objects.get(action="automation.run_removed").reason == "No longer wanted"


def test_stopped__all__by_button(marketer):
    found = stopped_run_example()
    page = f"{PATH}/{found['public_id']}"

    marketer.post(f"{page}/stopped/restart")
    again = Run.objects.get().state
    none = marketer.post(f"{page}/stopped/remove", {"reason": "x"})

    assert again == "open"
    assert none.status_code == 409


def test_simulate__by_button__figures_are_on_the_page(marketer):
    (person,) = make_people(1)
    automation = make_automation()
    put_in(automation, person)
    page = f"{PATH}/{automation.public_id}"

    before = marketer.get(page).content.decode()
    marketer.post(f"{page}/simulate")
    simulate(job_id=last_simulation(automation).public_id, clock=timezone.now)
    after = marketer.get(page).content.decode()

    assert "Not tried yet" in before
    assert "<b>1</b> message would have been sent" in after
    assert "Would be sent: 1" in after
    assert "Would be under way now" in after


ENTRY = {"way": "signal", "what": "event:page-view", "again": "never", "where": "properties.total at least 50"}


def test_entry__conditions_on_an_event__let_in_who_meets_them_and_stand_in_the_list(marketer):
    automation = make_automation(WELCOME)
    page = f"{PATH}/{automation.public_id}"

    marketer.post(f"{page}/entry", ENTRY)
    rich, poor = make_people(2)
    heard = [happen(rich, "page-view", properties={"total": 60}), happen(poor, "page-view", properties={"total": 40})]
    graph = graph_of(automation)
    shown, form = (marketer.get(url).content.decode() for url in (page, f"{page}/entry"))

    assert graph["entry"]["where"] == [{"field": "properties.total", "op": "at_least", "value": 50}]
    assert [fits(graph["entry"], signal) for signal in heard] == [True, False]
    assert "When page-view happens where properties.total at least 50" in shown
    assert "properties.total at least 50</textarea>" in form


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"where": "properties.total > 50"}, "is no condition"),
        ({"key": "cart id"}, "is no member"),
        ({"what": "segment:SLUG"}, "put them into the segment itself"),
        ({"goals": "order", "goals_where": "value of 50"}, "is no condition"),
        ({"goals": "segment:SLUG", "goals_where": "value at least 50"}, "put them into the segment itself"),
    ],
)
def test_entry__wrong_condition__is_refused_beside_its_field_and_nothing_changes(marketer, change, words):
    automation = make_automation(WELCOME)
    slug = make_audience(make_people(1)).slug
    typed = {name: value.replace("SLUG", slug) for name, value in {**ENTRY, **change}.items()}

    answer = marketer.post(f"{PATH}/{automation.public_id}/entry", typed)

    assert answer.status_code == 422 and words in answer.content.decode()
    assert typed["where"].replace(">", "&gt;") in answer.content.decode()
    assert AutomationVersion.objects.count() == 1


def test_goals__conditions_on_them__take_out_who_meets_them_and_stand_in_the_list(marketer):
    automation = make_automation(WELCOME)
    segment = f"segment:{make_audience(make_people(1)).slug}"
    page = f"{PATH}/{automation.public_id}"

    marketer.post(f"{page}/entry", {**ENTRY, "goals": ["order", segment], "goals_where": "value at least 50"})
    order, came = graph_of(automation)["goals"]
    shown, form = (marketer.get(url).content.decode() for url in (page, f"{page}/entry"))
    marketer.post(f"{page}/entry", {**ENTRY, "goals": ["order", segment], "goals_where": ""})

    assert order == {"on": "order", "where": [{"field": "value", "op": "at_least", "value": 50}]}
    assert came["on"] == "segment" and "where" not in came
    assert "where value at least 50" in shown and "value at least 50</textarea>" in form
    assert graph_of(automation)["goals"] == [{"on": "order"}, came]


def test_goals__each_with_conditions_of_its_own__keep_them_when_something_else_is_changed(marketer):
    least = [{"field": "properties.total", "op": "at_least", "value": amount} for amount in (50, 90)]
    goals = [{"on": "event", "event": "page-view", "where": [one]} for one in least]
    automation = make_automation({**WELCOME, "goals": goals})

    answer = marketer.post(
        f"{PATH}/{automation.public_id}/entry", {**ENTRY, "goals": ["event:page-view"], "cap_messages": "3"}
    )

    assert answer.status_code == 302
    assert graph_of(automation)["limits"]["cap_messages"] == 3
    assert graph_of(automation)["goals"] == goals


def test_draft__order_without_that_member__is_said_before_publishing(marketer):
    automation = make_automation(WELCOME)
    page = f"{PATH}/{automation.public_id}"

    marketer.post(f"{page}/entry", {**ENTRY, "what": "order", "where": "total at least 50"})

    assert "An order has no “total”; it has orderId, value, currency." in marketer.get(page).content.decode()


def test_enrol__by_hand__shows_the_answer_of_the_gate_first_then_she_is_under_way(marketer):
    automation = make_automation(WELCOME)
    (person,) = make_people(1)
    page = f"{PATH}/{automation.public_id}/enrol"

    first = marketer.post(page, {"customer": person.public_id, "ref": "one"})
    begun_too_early = Run.objects.exists()
    confirmed = {"customer": person.public_id, "seen": person.public_id, "ref": "one"}
    done = [marketer.post(page, confirmed) for _ in range(2)]
    way = marketer.get(done[0]["Location"]).content.decode()

    assert "Yes, at this moment." in first.content.decode() and "Put in" in first.content.decode()
    assert not begun_too_early
    assert Run.objects.get().customer == person
    assert done[0]["Location"] == done[1]["Location"]
    assert "Came in: because by hand" in way and "staff:usr_" not in way
    assert AuditEntry.objects.filter(action="automation.enrolled").count() == 1


def test_enrol__said_no__is_told_before_and_nothing_begins_yet(marketer):
    automation = make_automation(WELCOME)
    (person,) = make_people(1)
    entry = ConsentEntry(purpose="marketing_email", event="unsubscribed", source="test")
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=timezone.now())

    answer = marketer.post(f"{PATH}/{automation.public_id}/enrol", {"customer": person.public_id, "ref": "one"})

    assert "No. Consent: unsubscribed. She goes her way and gets no message." in answer.content.decode()
    assert not Run.objects.exists()


@pytest.mark.parametrize(("live", "who", "status"), [(False, None, 409), (True, "cus_nobody", 404), (True, "in", 409)])
def test_enrol__refused__says_why_and_nobody_is_put_in(marketer, live, who, status):
    automation = make_automation(WELCOME, live=live)
    (person,) = make_people(1)
    if who == "in":
        put_in(automation, person)
    runs = Run.objects.count()
    named = who if who == "cus_nobody" else person.public_id

    answer = marketer.post(f"{PATH}/{automation.public_id}/enrol", {"customer": named, "seen": named, "ref": "another"})

    assert answer.status_code == status
    assert Run.objects.count() == runs


def test_drop__draft_beside_what_is_live__is_gone_by_button_and_once(marketer):
    page = f"{PATH}/{automation_draft_example()['public_id']}"

    before = marketer.get(page).content.decode()
    marketer.post(f"{page}/draft/drop")
    again = marketer.post(f"{page}/draft/drop")
    after = marketer.get(page).content.decode()

    assert "Drop the draft" in before and "Drop the draft" not in after
    assert again.status_code == 409
    assert AutomationVersion.objects.get().state == "live"

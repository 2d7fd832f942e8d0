"""Automations over HTTP: written, put into, read; published in the console only."""

import pytest
from django.utils import timezone

from campaigns.models import Automation, Run
from campaigns.services.automations.simulating import simulate
from tests.campaigns.rules.automations.examples import CART
from tests.factories.automations import WELCOME, make_automation, run_example, stopped_run_example
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db
PATH = "/api/v1/automations"


@pytest.fixture
def api(caller):
    return caller("campaigns:read", "campaigns:write")


def test_create_and_change__draft__is_answered_with_its_graph(api):
    made = api.post(PATH, {"name": "Welcome", "purpose": "marketing_email", "graph": WELCOME})
    changed = api.patch(made["Location"], {"graph": {**CART, "entry": {"on": "api"}}}, if_match=made["ETag"])

    assert (made.status_code, changed.status_code) == (201, 200), changed.content
    assert made.json()["draft"] == {"version": 1, "graph": WELCOME}
    assert changed.json()["draft"]["graph"]["start"] == "hour"
    assert made.json()["graph"] is None


def test_create__wrong_graph__is_refused_with_every_place(api):
    answer = api.post(PATH, {"name": "x", "graph": {**WELCOME, "steps": {"a": {"type": "dance"}}, "start": "a"}})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["param"] == "graph/steps/a/type"
    assert not Automation.objects.exists()


def test_enrol__twice_with_one_reference__is_one_run(api):
    (person,) = make_people(1)
    automation = make_automation()
    url, body = f"{PATH}/{automation.public_id}/enrol", {"customer": person.public_id, "ref": "signup-1"}

    answers = [api.post(url, body), api.post(url, body)]
    refused = api.post(url, {**body, "ref": "signup-2"})

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert (refused.status_code, refused.json()["code"]) == (409, "was_in_before")
    assert Run.objects.count() == 1


def test_runs__one__tells_its_history_in_words(api):
    found = run_example()
    url = f"{PATH}/{found['public_id']}/runs"

    many, one = api.get(url).json(), api.get(f"{url}/{found['run_id']}").json()

    assert [row["id"] for row in many["data"]] == [found["run_id"]]
    assert one["history"][0]["words"].startswith("Came in: because api")
    assert one["state"] == "open"


def test_schema__and_states__answer(api):
    automation = make_automation()

    assert api.get(f"{PATH}/schema").json()["properties"]["steps"]["maxProperties"] == 100
    for step, state in (("pause", "paused"), ("resume", "active"), ("archive", "archived")):
        assert api.post(f"{PATH}/{automation.public_id}/{step}", None).json()["state"] == state


def test_stopped__over_http__tries_again_or_is_taken_out(api):
    found = stopped_run_example()
    url = f"{PATH}/{found['public_id']}"

    again = api.post(f"{url}/runs/{found['run_id']}/restart")
    twice = api.post(f"{url}/runs/{found['run_id']}/restart")
    out = api.post(f"{url}/runs/{found['run_id']}/remove")
    nobody = api.post(f"{url}/stopped/restart")

    assert (again.status_code, again.json()["state"], again.json()["history"][-1]["outcome"]) == (200, "open", "again")
    assert (twice.status_code, nobody.status_code) == (409, 409)
    assert (out.json()["state"], out.json()["ending"]) == ("ended", "removed")


def test_stopped__all_over_http__are_counted(api):
    found = stopped_run_example()

    out = api.post(f"{PATH}/{found['public_id']}/stopped/remove")

    assert (out.status_code, out.json()) == (200, {"people": 1})
    assert Run.objects.get().ending == "removed"


def test_simulation__over_http__is_a_job_with_its_figures(api):
    automation = make_automation()
    url = f"{PATH}/{automation.public_id}/simulation"

    none = api.get(url)
    begun = api.post(url)
    simulate(job_id=begun.json()["job"], clock=timezone.now)
    done = api.get(url).json()

    assert (none.status_code, begun.status_code) == (404, 202)
    assert done["state"] == "succeeded"
    assert (done["result"]["version"], done["result"]["entered"]) == (1, 0)

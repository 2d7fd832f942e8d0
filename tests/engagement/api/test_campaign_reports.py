"""Reports on campaigns of a period: counted by a job, then lists of what each was followed by and what it caused."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from campaigns.services.sending import send_campaign
from core.models import Job
from customers.models import Customer
from engagement.models import CountedReport
from engagement.services.reports import count_report
from tests.engagement.conftest import agree
from tests.factories.attribution import buy
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db
BASE = "/api/v1/reports"


def period():
    now = timezone.now()
    return {"begins": (now - timedelta(days=1)).isoformat(), "ends": (now + timedelta(days=1)).isoformat()}


def counted(api, report, **more):
    asked = period()
    first = api.get(f"{BASE}/{report}?{urlencode(asked | more)}")
    assert (first.status_code, first.json()["job"]["state"]) == (202, "queued")
    count_report(job_id=first.json()["job"]["id"], clock=timezone.now)
    return api.get(first["Location"])


def sent_to(people, **values):
    """A campaign that all these people got, of whom the first bought for 20 EUR."""
    campaign = launched(make_campaign(people, **values))
    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)
    buy(Customer.objects.get(pk=people[0].pk), "20.00", timezone.now())
    return campaign


def test_conversion__campaign_of_the_period__says_who_bought_of_those_who_may_be_measured(caller):
    jane, *others = make_people(4)
    agree(jane)
    campaign = sent_to([jane, *others])

    answer = counted(caller("reports:read"), "conversion").json()

    (line,) = answer["campaigns"]
    assert (line["campaign"], answer["window_days"]) == (campaign.public_id, 14)
    assert line["sent"] == {
        "people": 4,
        "measured": 1,
        "coverage": 0.25,
        "buyers": 1,
        "conversion_rate": 1.0,
        "revenue": 20.0,
    }
    assert "held_out" not in line and answer["counted_at"]


def test_uplift__campaign_that_held_nobody_out__is_not_in_the_list(caller):
    sent_to(make_people(4))

    assert counted(caller("reports:read"), "uplift").json()["campaigns"] == []


def test_uplift__people_held_out__says_the_same_as_the_results_of_the_campaign(caller):
    people = make_people(40)
    for person in people:
        agree(person)
    campaign = sent_to(people, holdout_percent=50)
    api = caller("reports:read")

    (line,) = counted(api, "uplift").json()["campaigns"]

    results = api.get(f"/api/v1/campaigns/{campaign.public_id}/results").json()["compared"]
    (bought,) = [one for one in results["comparisons"] if one["measure"] == "purchase"]
    assert line["sent"]["people"] + line["held_out"]["people"] == 40
    assert line["difference"] == bought["difference"]
    assert (line["p_value"], line["sample_ratio_mismatch"]) == (
        bought["p_to_judge_by"],
        results["sample_ratio_mismatch"],
    )
    assert line["text"] in [one["text"] for one in results["decisions"]]


def test_channels__one_model__is_the_division_by_it_with_shares(caller, story):
    api = caller("reports:read")
    answer = counted(api, "channels", model="linear")

    lines = answer.json()["channels"]
    assert answer.json()["model"] == "linear" and lines
    assert sum(line["share"] for line in lines) == pytest.approx(1)
    assert [line["revenue"] for line in lines] == sorted((line["revenue"] for line in lines), reverse=True)


def test_query__report_and_period__is_counted_anew_and_found_at_its_location(caller):
    sent_to(make_people(2))
    api = caller("reports:read")

    begun = api.post(f"{BASE}/query", {"report": "conversion"} | period())
    count_report(job_id=begun.json()["job"]["id"], clock=timezone.now)

    assert begun.status_code == 202 and begun["Location"].startswith("/api/v1/reports/conversion?begins=")
    assert len(api.get(begun["Location"]).json()["campaigns"]) == 1


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"report": None}, "missing_field", "report"),
        ({"report": "weather"}, "invalid_parameter", "report"),
        ({"report": 7}, "invalid_parameter", "report"),
        ({"begins": None}, "missing_field", "begins"),
        ({"group_by": "moon"}, "invalid_parameter", "group_by"),
        ({"colour": "red"}, "unknown_parameter", "colour"),
        ({"currency": "XXX"}, "invalid_parameter", "currency"),
    ],
)
def test_query__nonsense__is_refused_and_nothing_is_counted(caller, changes, code, param):
    body = {"report": "uplift"} | period() | changes

    refused = caller("reports:read").post(
        f"{BASE}/query", {name: value for name, value in body.items() if value is not None}
    )

    assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (400, code, param)
    assert not Job.objects.exists() and not CountedReport.objects.exists()


def test_channels__unknown_model__is_refused_and_nothing_is_counted(caller):
    refused = caller("reports:read").get(f"{BASE}/channels?{urlencode(period() | {'model': 'moon'})}")

    assert (refused.status_code, refused.json()["param"]) == (400, "model")
    assert not CountedReport.objects.exists()

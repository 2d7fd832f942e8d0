"""Reports divided and narrowed: whatever they are divided by, the sums are the same; as JSON and as CSV."""

import csv
from decimal import Decimal
from itertools import combinations
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from customers.models import Customer
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.rules.report_groups import COUNTRY, DAY, GROUPS
from engagement.services.reports import count_report
from tests.engagement.api.test_campaign_reports import BASE, counted, period, sent_to
from tests.engagement.conftest import agree
from tests.factories.attribution import buy, touch
from tests.factories.campaigns import make_people
from tests.factories.experiments import make_shopper

pytestmark = pytest.mark.django_db
MODELS = [str(model) for model in Model]


def ways(report):
    """Everything that the report can be divided by, alone and in pairs."""
    names = GROUPS[report]
    pairs = [pair for pair in combinations(names, 2) if set(pair) != {DAY, COUNTRY}]
    return [(name,) for name in names] + pairs


def cents(value):
    return Decimal(repr(value)).quantize(Decimal("0.01"))


@pytest.fixture
def shop():
    """Orders of several countries and days after touches of ours, of others and of none."""
    now = timezone.now()
    ours = sent_to(make_people(2), name="=1+1 Spring").public_id
    day, amounts = timezone.timedelta(days=1), ["10.01", "20.02", "33.33", "0.07", "99.99", "5.55"]
    for number, amount in enumerate(amounts):
        person = make_shopper(external_id=f"s{number}", email=f"s{number}@example.com")
        Customer.objects.filter(pk=person.pk).update(country=("DE", "FR", "")[number % 3])
        at = now - timezone.timedelta(hours=2) - day * (number % 2) * 0.9
        for place, name in enumerate([ours, "advert", None, "mail"][: number % 4 + 1]):
            touch(person, name, at - timezone.timedelta(hours=10 + 2 * place))
        buy(person, amount, at)
    return ours


def ask(api, report, **more):
    return api.get(f"{BASE}/{report}?{urlencode(more)}")


@pytest.fixture
def answered(caller, shop):
    """A report of the shop, counted once, as it is wished for; the period stays the same."""
    api, asked = caller("reports:read"), period()
    begun = {}

    def answer(report, **more):
        kind = "campaigns" if report in ("conversion", "uplift") else "attribution"
        if kind not in begun:
            begun[kind] = ask(api, report, **asked).json()["job"]["id"]
            count_report(job_id=begun[kind], clock=timezone.now)
        return ask(api, report, **asked, **more)

    return answer


@pytest.mark.parametrize("by", ways("attribution"), ids="-".join)
def test_attribution__divided_by_anything__adds_up_to_the_channels_to_the_cent(answered, by):
    found = answered("attribution", group_by=",".join(by)).json()

    assert (found["orders"], found["measured"], found["revenue"]) == (7, 6, 168.97)
    for model in MODELS:
        whole = sum(cents(one[model]) for one in found["channels"])
        assert sum(cents(one[model]) for one in found["groups"]) == whole == cents(found["revenue"])
    keys = [tuple(one[name] for name in by) for one in found["groups"]]
    assert keys == sorted(set(keys))


def test_attribution__by_campaign__says_the_same_as_its_channels(answered, shop):
    found = answered("attribution", group_by="campaign").json()

    assert {one["campaign"]: one["linear"] for one in found["groups"]} == {
        one["channel"]: one["linear"] for one in found["channels"]
    }
    assert {one["name"] for one in found["groups"] if one["campaign"] == shop} == {"=1+1 Spring"}


def test_attribution__one_campaign_and_channel__is_narrowed_in_list_and_groups(answered, shop):
    whole = answered("attribution", group_by="day,campaign").json()["groups"]
    one = answered("attribution", group_by="day,campaign", campaign=shop).json()
    mail = answered("attribution", group_by="day,campaign", channel="email").json()
    none = answered("attribution", group_by="day,campaign", campaign=shop, channel="external").json()

    assert one["groups"] == mail["groups"] == [line for line in whole if line["campaign"] == shop] != []
    assert [line["channel"] for line in one["channels"]] == [shop]
    assert none["groups"] == none["channels"] == []


@pytest.mark.parametrize("by", ways("channels"), ids="-".join)
def test_channels__divided_by_anything__shares_add_up_to_one(answered, by):
    found = answered("channels", model="time_decay", group_by=",".join(by)).json()

    assert sum(one["share"] for one in found["groups"]) == pytest.approx(1)
    assert sum(cents(one["revenue"]) for one in found["groups"]) == sum(
        cents(one["revenue"]) for one in found["channels"]
    )


@pytest.mark.parametrize("by", ways("conversion"), ids="-".join)
def test_conversion__divided_by_anything__adds_up_to_the_campaigns(caller, by):
    for name, holdout in (("Spring", 0), ("Autumn", 50)):
        people = make_people(6)
        for person in people[::2]:
            agree(person)
        sent_to(people, name=name, holdout_percent=holdout)

    found = counted(caller("reports:read"), "conversion", group_by=",".join(by)).json()

    groups = [one for one in found["groups"] if one.get("variant", "sent") == "sent"]
    for figure in ("people", "measured", "buyers", "revenue"):
        assert sum(one[figure] for one in groups) == sum(one["sent"][figure] for one in found["campaigns"])
    assert sum(one["campaigns"] for one in groups if "day" not in by or by) == 2
    assert sum(one["people"] for one in found["groups"]) == (
        12 if "variant" in by else sum(o["people"] for o in groups)
    )


@pytest.mark.parametrize(
    ("report", "asked", "param", "words"),
    [
        ("attribution", {"group_by": "moon"}, "group_by", "there is no 'moon'"),
        ("attribution", {"group_by": "variant"}, "group_by", "does not say which variant"),
        ("channels", {"group_by": "day,country"}, "group_by", "by day or by country"),
        ("conversion", {"group_by": "country"}, "group_by", "breakdown=country"),
        ("uplift", {"group_by": "channel"}, "group_by", "an uplift is of one campaign"),
        ("attribution", {"group_by": "campaign,channel,purpose,day"}, "group_by", "at most 3"),
        ("conversion", {"channel": "direct"}, "channel", "there is no 'direct'"),
        ("attribution", {"campaign": ",".join(f"c{n}" for n in range(51))}, "campaign", "at most 50"),
        ("uplift", {"format": "xlsx"}, "format", "json or csv"),
    ],
)
def test_reports__what_cannot_be_had__is_refused_by_name_and_nothing_is_counted(caller, report, asked, param, words):
    api = caller("reports:read")
    read = ask(api, report, **period(), **asked)
    queried = api.post(f"{BASE}/query", {"report": report, **period(), **asked})

    for refused in (read, queried):
        assert (refused.status_code, refused.json()["code"], refused.json()["param"]) == (
            400,
            "invalid_parameter",
            param,
        )
        assert words in refused.json()["message"]
    assert not CountedReport.objects.exists()


def test_csv__groups__are_the_same_figures_with_formulas_defused(answered, shop):
    groups = answered("attribution", group_by="campaign,day").json()["groups"]
    answer = answered("attribution", group_by="campaign,day", format="csv")

    rows = list(csv.DictReader(answer.getvalue().decode().splitlines()))
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer.streaming
    assert list(rows[0]) == ["campaign", "name", "day", *MODELS, "currency", "counted_at"]
    assert [(row["campaign"], row["day"], float(row["linear"])) for row in rows] == [
        (one["campaign"], one["day"], one["linear"]) for one in groups
    ]
    assert {row["name"] for row in rows if row["campaign"] == shop} == {"'=1+1 Spring"}
    assert {row["currency"] for row in rows} == {"EUR"}


def test_csv__without_groups__has_a_line_for_each_campaign_also_by_accept(caller):
    people = make_people(40)
    for person in people:
        agree(person)
    campaign = sent_to(people, holdout_percent=50)
    api = caller("reports:read")
    line = counted(api, "uplift").json()["campaigns"][0]

    where = f"{BASE}/uplift?{urlencode(_same_period())}"
    asked = api.get(f"{where}&format=csv").getvalue()
    accepted = api.get(where, accept="text/csv").getvalue()

    (row,) = csv.DictReader(asked.decode().splitlines())
    assert asked == accepted
    assert (row["campaign"], int(row["sent_people"]), int(row["held_out_people"])) == (
        campaign.public_id,
        line["sent"]["people"],
        line["held_out"]["people"],
    )
    assert float(row["difference_low"]) == line["difference"]["low"] < 0
    assert row["text"] == line["text"] and row["uplift_estimate"] == (
        "" if line["uplift"] is None else row["uplift_estimate"]
    )


def _same_period():
    row = CountedReport.objects.get()
    return {"begins": row.begins.isoformat(), "ends": row.ends.isoformat()}


def test_csv__while_it_is_counted__is_202_in_json_with_the_wish_in_its_location(caller):
    answer = ask(caller("reports:read"), "conversion", **period(), format="csv", group_by="channel")

    assert (answer.status_code, answer["Content-Type"]) == (202, "application/json")
    assert answer["Location"].endswith("&group_by=channel&format=csv")


def test_query__with_a_wish__is_found_at_its_location(caller, shop):
    api = caller("reports:read")
    wish = {"model": "linear", "group_by": "channel", "channel": "email,direct", "format": "csv"}

    begun = api.post(f"{BASE}/query", {"report": "channels", **period(), **wish})
    count_report(job_id=begun.json()["job"]["id"], clock=timezone.now)

    rows = list(csv.DictReader(api.get(begun["Location"]).getvalue().decode().splitlines()))
    assert [row["channel"] for row in rows] == ["direct", "email"]


def test_attribution__kept_before_there_were_days__is_counted_anew_for_them_alone(caller, shop):
    api, asked = caller("reports:read"), period()
    first = ask(api, "attribution", **asked).json()["job"]["id"]
    count_report(job_id=first, clock=timezone.now)
    row = CountedReport.objects.get()
    del row.answer["parts"]
    row.save(update_fields=["answer"])

    plain, days = ask(api, "attribution", **asked), ask(api, "attribution", **asked, group_by="day")
    count_report(job_id=days.json()["job"]["id"], clock=timezone.now)

    assert (plain.status_code, days.status_code) == (200, 202)
    assert ask(api, "attribution", **asked, group_by="day").json()["groups"]
    assert "parts" not in plain.json() and Campaign.objects.count() == 1

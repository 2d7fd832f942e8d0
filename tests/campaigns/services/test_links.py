"""Links of messages: what is found where they lead, and that a dead one keeps a message from leaving."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign, LinkCheck
from campaigns.rules.content.links import links_to_check
from campaigns.selectors.links import link_problems, links_of
from campaigns.services.approval import submit_campaign
from campaigns.services.automations.definitions import define_automation
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.campaigns import change_campaign
from campaigns.services.links import ask_for_links, check_campaign_links, forget_links, look, refresh_links
from core.errors import Conflict
from core.models import AuditEntry, Role
from tests.factories.campaigns import AUTHOR, READER, approved, make_campaign, make_people
from tests.factories.core import make_staff
from tests.factories.templates import make_block
from tests.support.pages import pages

pytestmark = pytest.mark.django_db
NOW = timezone.now
ANSWERS = {
    "/there": (200, ""),
    "/moved": (301, "/there"),
    "/guarded": (403, ""),
    "/ring": (302, "/ring"),
    "/broken": (500, ""),
    "/inside": (302, "http://10.0.0.1/"),
}


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True


@pytest.fixture
def site():
    with pages(ANSWERS) as address:
        yield address


def found(*urls):
    """What a worker finds at these addresses."""
    ask_for_links(bodies=[written(*urls)], again=True, now=NOW())
    look(check_ids=list(LinkCheck.objects.values_list("pk", flat=True)), clock=NOW)
    return {row.url: (row.alive, row.status, row.trouble) for row in LinkCheck.objects.all()}


def written(*urls):
    return "\n\n".join(f"[Words]({url})" for url in urls)


def test_look__pages_of_every_kind__are_told_apart(site):
    urls = [f"{site}{path}" for path in (*ANSWERS, "/gone")]

    seen = found(*urls)

    assert {url.removeprefix(site): one for url, one in seen.items()} == {
        "/there": (True, 200, ""),
        "/moved": (True, 200, ""),
        "/guarded": (True, 403, ""),
        "/ring": (False, None, "redirects"),
        "/broken": (False, 500, ""),
        "/inside": (False, None, "address_refused"),
        "/gone": (False, 404, ""),
    }


def test_look__this_machine_and_private_networks__are_refused_where_that_is_not_allowed(site, settings):
    settings.WEBHOOK_LOOPBACK = False

    seen = found(f"{site}/there", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data")

    assert set(seen.values()) == {(False, None, "address_refused")}


def test_look__nobody_listens__says_so():
    with pages({}) as address:
        closed = address

    assert found(f"{closed}/there")[f"{closed}/there"] == (False, None, "connection_refused")


def test_links_to_check__examples_and_placeholders__are_exempt():
    body = written("https://shop.example.com/a", "https://a.b/c", "https://a.b/c", "{{ links.n1 }}", "mailto:x@y.z")

    assert links_to_check(body, examples=False) == ["https://a.b/c"]
    assert links_to_check(body, examples=True) == ["https://shop.example.com/a", "https://a.b/c"]


def test_submit__dead_link__is_refused_with_its_name_and_nothing_changes(site):
    campaign = make_campaign(make_people(1), body=written(f"{site}/there", f"{site}/gone"))
    found(f"{site}/there", f"{site}/gone")

    with pytest.raises(Conflict, match=rf"{site}/gone is dead: it answers 404") as refusal:
        submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())

    assert f"{site}/there" not in refusal.value.message
    assert Campaign.objects.get().state == "draft"


def test_submit__link_nobody_looked_at__waits_and_goes_once_it_is_alive(site):
    campaign = make_campaign(make_people(1), body=written(f"{site}/there"))

    with pytest.raises(Conflict, match="nobody has looked at yet: 1"):
        submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())
    look(check_ids=list(LinkCheck.objects.values_list("pk", flat=True)), clock=NOW)

    assert submit_campaign(campaign=campaign, by=AUTHOR, now=NOW()).state == "in_review"


def test_submit__link_inside_a_block__is_looked_at_too(site):
    make_block(body=written(f"{site}/gone"))
    campaign = make_campaign(make_people(1), body="Hello\n\n[[block:footer]]")
    look(check_ids=list(LinkCheck.objects.values_list("pk", flat=True)), clock=NOW)

    with pytest.raises(Conflict, match="/gone is dead"):
        submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())


def test_publish__automation_with_a_dead_link__is_refused(site):
    step = {"type": "send", "subject": "Hi", "body": written(f"{site}/gone")}
    graph = {"version": 1, "entry": {"on": "api"}, "start": "hello", "steps": {"hello": step}}
    values = {"name": "Welcome", "purpose": "marketing_email", "graph": graph}
    automation = define_automation(values=values, by=AUTHOR, now=NOW())
    look(check_ids=list(LinkCheck.objects.values_list("pk", flat=True)), clock=NOW)

    with pytest.raises(Conflict, match="/gone is dead"):
        publish_draft(automation=automation, by=READER, now=NOW())


def test_change__of_the_words__asks_for_new_links_only(site, django_capture_on_commit_callbacks):
    campaign = make_campaign(make_people(1), body=written(f"{site}/there"))
    found(f"{site}/there")

    with django_capture_on_commit_callbacks(execute=True):
        body = written(f"{site}/there", f"{site}/moved")
        change_campaign(campaign=campaign, values={"body": body}, by=AUTHOR, now=NOW())

    assert [link.alive for link in links_of(body)] == [True, True]


def test_refresh__approved_campaign__is_looked_at_again_twice_a_day(site):
    body = written(f"{site}/there")
    ask_for_links(bodies=[body], again=True, now=NOW())
    look(check_ids=list(LinkCheck.objects.values_list("pk", flat=True)), clock=NOW)
    approved(make_campaign(make_people(1), body=body))

    early, later = refresh_links(now=NOW()), refresh_links(now=NOW() + timedelta(hours=13))

    assert (early, later) == (0, 1)


def test_forget__links_of_nobody__are_gone_after_a_month(site):
    found(f"{site}/there")

    assert (forget_links(now=NOW()), forget_links(now=NOW() + timedelta(days=31))) == (0, 1)


def test_check_again__is_on_record_and_looks_at_all_of_them(site):
    campaign = make_campaign(make_people(1), body=written(f"{site}/there"))
    found(f"{site}/there")

    number = check_campaign_links(campaign=campaign, by=AUTHOR, now=NOW())

    assert number == 1 and AuditEntry.objects.filter(action="campaign.links_checked").count() == 1


def test_review__dead_link__is_named_on_the_page_and_over_the_api(client, caller, site):
    campaign = make_campaign(make_people(1), body=written(f"{site}/gone"))
    found(f"{site}/gone")
    client.force_login(make_staff(Role.MARKETER))

    page = client.get(f"/console/campaigns/{campaign.public_id}/review").content.decode()
    answer = caller("campaigns:read").get(f"/api/v1/campaigns/{campaign.public_id}/links").json()

    assert "Dead: it answers 404" in page and f"{site}/gone" in page
    assert answer["links"][0] | {"checked_at": ""} == {
        "url": f"{site}/gone",
        "alive": False,
        "status": 404,
        "words": "it answers 404",
        "checked_at": "",
    }


def test_link_problems__without_links__asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert link_problems("No links, but https://a.b/c in words") == []

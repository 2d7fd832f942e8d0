"""Telling people from machines by what they say of themselves and by what they do."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.reactions import Kind, Verdict
from engagement.rules.members import Device
from engagement.rules.reactions import Agent, Reaction, agent_of, device_of, judge

SENT = datetime(2026, 6, 1, 9, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def did(kind=Kind.CLICK, link=1, seconds=3600.0, agent=Agent.BROWSER, head=False):
    return Reaction(kind=kind, link=link, at=SENT + timedelta(seconds=seconds), agent=agent, head=head)


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        (FIREFOX, Agent.BROWSER),
        (IPHONE, Agent.BROWSER),
        ("Mozilla/5.0", Agent.PRIVACY),
        (" mozilla/5.0 ", Agent.PRIVACY),
        (GMAIL_AHEAD, Agent.PRIVACY),
        (GMAIL, Agent.PROXY),
        (YAHOO, Agent.PROXY),
        ("", Agent.NONE),
        ("curl/8.5.0", Agent.ROBOT),
        ("Barracuda Sentinel (EE)", Agent.ROBOT),
        ("Thunderbird", Agent.OTHER),
    ],
)
def test_agent_of__user_agent__is_its_class(said, agent):
    assert agent_of(said) is agent


def test_agent_of__published_browsers_and_crawlers__no_person_is_a_robot_and_few_robots_pass(shared_data):
    people = (shared_data / "vectors" / "isbot_browsers.txt").read_text().splitlines()
    robots = (shared_data / "vectors" / "isbot_crawlers.txt").read_text().splitlines()

    machines = (Agent.ROBOT, Agent.PRIVACY, Agent.NONE)
    assert [said for said in people if said and agent_of(said) in machines] == []
    passed = [said for said in robots if said and agent_of(said) is Agent.BROWSER]
    assert len(passed) <= 0.15 * len(robots)


@pytest.mark.parametrize(
    ("said", "device"),
    [
        (FIREFOX, Device.DESKTOP),
        (IPHONE, Device.MOBILE),
        (IPAD, Device.TABLET),
        ("curl/8.5.0", Device.OTHER),
    ],
)
def test_device_of__user_agent__is_the_kind_of_device(said, device):
    assert device_of(said) is device


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        (did(), Verdict.HUMAN, "browser"),
        (did(Kind.OPEN, 0), Verdict.HUMAN, "browser"),
        (did(seconds=2), Verdict.MACHINE, "instant"),
        (did(Kind.OPEN, 0, seconds=4.9), Verdict.MACHINE, "instant"),
        (did(head=True), Verdict.MACHINE, "head"),
        (did(agent=Agent.ROBOT), Verdict.MACHINE, "agent_robot"),
        (did(agent=Agent.NONE), Verdict.MACHINE, "agent_none"),
        (did(Kind.OPEN, 0, agent=Agent.PRIVACY), Verdict.MACHINE, "privacy_proxy"),
        (did(Kind.OPEN, 0, agent=Agent.PROXY), Verdict.UNCERTAIN, "agent_proxy"),
        (did(agent=Agent.OTHER), Verdict.UNCERTAIN, "agent_other"),
    ],
)
def test_judge__one_reaction__by_agent_method_and_time(one, verdict, why):
    assert judge(one, [one], sent_at=SENT, links=4) == (verdict, why)


def test_judge__every_link_at_once__is_a_scanner_and_the_click_an_hour_later_a_person():
    scan = [did(link=number, seconds=60 + number / 10) for number in (1, 2, 3)]
    later = did(link=2, seconds=3700)

    found = [judge(one, [*scan, later], sent_at=SENT, links=3) for one in [*scan, later]]

    assert found == [(Verdict.MACHINE, "burst")] * 3 + [(Verdict.HUMAN, "browser")]


def test_judge__two_of_two_links_at_once__is_a_scanner():
    scan = [did(link=1), did(link=2, seconds=3601)]

    assert {judge(one, scan, sent_at=SENT, links=2)[0] for one in scan} == {Verdict.MACHINE}


def test_judge__the_same_link_twice_or_two_of_many__is_a_person():
    twice = [did(link=1), did(link=1, seconds=3601)]
    two = [did(link=1), did(link=2, seconds=3602)]

    assert {judge(one, twice, sent_at=SENT, links=1)[0] for one in twice} == {Verdict.HUMAN}
    assert {judge(one, two, sent_at=SENT, links=5)[0] for one in two} == {Verdict.HUMAN}


def test_judge__click_beside_a_look_at_the_headers__is_uncertain():
    head, click = did(head=True), did(seconds=3604)

    assert judge(click, [head, click], sent_at=SENT, links=4) == (Verdict.UNCERTAIN, "scanned")


def test_judge__before_the_server_had_answered__is_a_machine():
    assert judge(did(), [], sent_at=None, links=1) == (Verdict.MACHINE, "instant")

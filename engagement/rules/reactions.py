"""Was it a person? Opens and clicks of messages, told apart from privacy proxies, link scanners and robots.

Nothing here is kept: of a user agent only its class remains. A user agent alone cannot tell a mail scanner, so what
is done counts as well: how soon after sending, by which method, and how many links at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from campaigns.rules.reactions import Kind, Verdict
from engagement.rules.members import Device

INSTANT: Final = timedelta(seconds=5)
"""Nobody reads that fast: what comes sooner after sending was fetched by a server on the way."""
BURST: Final = timedelta(seconds=5)
BURST_LINKS: Final = 3
"""So many different links within BURST, or all of a message with at least two, are followed by scanners only."""
WINDOW: Final = timedelta(seconds=10)
"""How long a reaction waits for what else happens to the same message before it is judged."""
_ROBOT: Final = re.compile(
    r"(?<!cu)bot(?![a-z])|robot|crawl|spider|slurp|(?<!cam)scan|preview|headless|synthetic|archiv|valid|monitor"
    r"|check(?!out)|feed(?!ly)|curl/|wget|python|perl/|ruby|php/|go-http|okhttp|axios|guzzle|httpclient|libwww-perl"
    r"|java/|jakarta|node-fetch|postman|restsharp|https?://|\+http|playwright|cypress|puppeteer|selenium"
    r"|lighthouse|pingdom|uptime|statuscake|pagespeed|gtmetrix|catchpoint|barracuda|proofpoint|mimecast|forti"
    r"|messagelabs|symantec|sophos|safelinks|ironport|trendmicro|cloudmark|bitdefender|whatsapp/|transcoder"
    r"|browsershots|phantomjs|fetcher|verification|^mozilla/5\.0,? \(?compatible;(?! msie)[^)]*\)\s*$"
    r"|nuclei|nikto|burpcollaborator|clamav|imageproxy/",
    re.IGNORECASE,
)
_BROWSER: Final = re.compile(r"^(mozilla/\d|opera/\d).*[a-z]{4}", re.IGNORECASE)
_BARE: Final = re.compile(r"^mozilla/5\.0\s*$", re.IGNORECASE)
_GMAIL_AHEAD: Final = "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
_IMAGE_PROXY: Final = re.compile(r"googleimageproxy|ggpht\.com|yahoomailproxy|imageproxy|mail\.ru|outlook-image", re.I)
_TABLET: Final = re.compile(r"ipad|tablet|kindle|silk/|android(?!.*mobile)", re.IGNORECASE)
_MOBILE: Final = re.compile(r"mobi|iphone|ipod|android|windows phone", re.IGNORECASE)


class Agent(StrEnum):
    """What the user agent says of itself, all that is kept of it."""

    BROWSER = "browser"
    PRIVACY = "privacy"
    PROXY = "proxy"
    ROBOT = "robot"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reaction:
    """One request for the pixel (`link` 0) or a link of a message; `head` when only headers were asked for."""

    kind: str
    link: int
    at: datetime
    agent: str
    head: bool = False


def agent_of(user_agent: str) -> Agent:
    """The class of a user agent.

    `privacy` loads every picture for people whoever opens (a bare `Mozilla/5.0` is Apple's Mail Privacy Protection,
    another string Gmail's prefetch); `proxy` loads it when the message is shown, hiding by whom.
    """
    text = user_agent.strip()
    if not text:
        return Agent.NONE
    if _BARE.match(text) or _GMAIL_AHEAD in text:
        return Agent.PRIVACY
    if _IMAGE_PROXY.search(text):
        return Agent.PROXY
    if _ROBOT.search(text):
        return Agent.ROBOT
    return Agent.BROWSER if _BROWSER.match(text) else Agent.OTHER


def device_of(user_agent: str) -> Device:
    """The kind of device a user agent names; `other` when it names none."""
    if _TABLET.search(user_agent):
        return Device.TABLET
    if _MOBILE.search(user_agent):
        return Device.MOBILE
    return Device.DESKTOP if re.search(r"windows nt|macintosh|x11|cros", user_agent, re.I) else Device.OTHER


def judge(one: Reaction, others: Sequence[Reaction], *, sent_at: datetime | None, links: int) -> tuple[Verdict, str]:
    """Who did it, and the reason in a word.

    `others` are all reactions to the same message around that time, `links` how many different links it has.
    """
    if one.head or one.agent in (Agent.ROBOT, Agent.NONE):
        return Verdict.MACHINE, "head" if one.head else f"agent_{one.agent}"
    if one.agent == Agent.PRIVACY:
        return Verdict.MACHINE, "privacy_proxy"
    if sent_at is None or one.at - sent_at < INSTANT:
        return Verdict.MACHINE, "instant"
    if one.kind == Kind.CLICK and _in_burst(one, others, links):
        return Verdict.MACHINE, "burst"
    if any(other.head and abs(other.at - one.at) <= WINDOW for other in others):
        return Verdict.UNCERTAIN, "scanned"
    if one.agent in (Agent.PROXY, Agent.OTHER):
        return Verdict.UNCERTAIN, f"agent_{one.agent}"
    return Verdict.HUMAN, "browser"


def _in_burst(one: Reaction, others: Sequence[Reaction], links: int) -> bool:
    """Whether this click is one of many: BURST_LINKS different links, or every one, inside some BURST around it."""
    clicks = sorted((other for other in (one, *others) if other.kind == Kind.CLICK), key=lambda other: other.at)
    enough = min(BURST_LINKS, links) if links >= 2 else BURST_LINKS
    for first in clicks:
        if not first.at <= one.at <= first.at + BURST:
            continue
        followed = {other.link for other in clicks if first.at <= other.at <= first.at + BURST}
        if len(followed) >= enough:
            return True
    return False

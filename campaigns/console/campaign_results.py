"""The results of one campaign on a screen: funnel, what the holdout says, revenue and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.console.campaigns import address, promoting
from campaigns.console.experiment_words import lines_of, said
from campaigns.console.words import STATES, VIEW
from campaigns.models import Campaign
from campaigns.rules.counting import RESULTS
from campaigns.rules.lifecycle import State
from campaigns.rules.sparing import KINDS
from campaigns.selectors.campaign_metrics import Figures
from campaigns.selectors.campaign_results import CampaignResults, campaign_results
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.effort import pace_of, spared_of
from campaigns.selectors.interruptions import pauses
from campaigns.selectors.kept import find_count, is_counting, is_large
from campaigns.selectors.pilots import is_pilot, pilot_story
from campaigns.selectors.tallies import tallied_at
from core.console import cells
from core.console.pages import Action
from core.console.views import DetailPage, Figure, Header
from core.menu import Panel


def _results(campaign: Campaign) -> CampaignResults | None:
    """Counted once for all parts of a page."""
    if not hasattr(campaign, "counted"):
        campaign.counted = campaign_results(campaign, timezone.now())  # type: ignore[attr-defined]
    found: CampaignResults | None = campaign.counted  # type: ignore[attr-defined]
    return found


def _is_under_way(campaign: Campaign) -> bool:
    """Whether its counts change while somebody looks."""
    return campaign.state in (State.BUILDING_AUDIENCE, State.SENDING)


def _counted(campaign: Campaign) -> dict[str, Any]:
    """As of when the figures are, when they are not of this moment, and how far a new count is."""
    if not is_large(campaign):
        return {"finished": not _is_under_way(campaign)}
    row, found = find_count(campaign, RESULTS), _results(campaign)
    counting = found is None or is_counting(row)
    return {
        "large": True,
        "at": found.at if found else None,
        "tallied_at": tallied_at(campaign),
        "counting": counting,
        "job": row.job if row else None,
        "finished": not counting and not _is_under_way(campaign),
    }


def _funnel(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = _results(campaign)
    rows, total = (found.funnel, found.funnel[0][1]) if found else ((), 0)
    return {"rows": rows, "total": total, **_counted(campaign)}


def _compared(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = _results(campaign)
    compared = found.compared if found else None
    return {
        "measures": lines_of(compared) if compared else (),
        "said": [said(one) for one in compared.decisions.values()] if compared else (),
        "control": "Held out",
        "pilot": bool(campaign.pilot_drawn) and not campaign.pilot_promoted_at,
        "every_look": True,
        "number": len(compared.comparisons) if compared else 0,
        "holdout": campaign.holdout_percent,
        "arms": compared.arms if compared else (),
    }


def _money(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = _results(campaign)
    counted = _counted(campaign)
    if found is None:
        return {"facts": [], **counted}
    money, currency = found.money, found.currency
    return {
        **counted,
        "facts": [
            ("Cost", cells.money(money.cost, currency)),
            ("Revenue of those it was sent to", cells.money(money.revenue, currency)),
            ("Customers who bought", cells.number(found.buyers)),
            ("Of them for the first time", cells.number(found.new_buyers)),
            ("Cost a buyer (CPA)", cells.money(money.cpa, currency)),
            ("Cost a new customer (CAC)", cells.money(money.cac, currency)),
            ("Revenue a unit spent (ROAS)", cells.number(money.roas)),
            ("Return beyond the cost (ROI)", cells.number(money.roi) if money.roi is not None else "Needs a holdout"),
            ("Counted for", f"{found.window_days} days after the launch"),
        ],
    }


def _pilot(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = pilot_story(campaign, timezone.now())
    groups = [("The pilot", found.figures), ("The others", found.rest)] if found else []
    return {
        "pilot": found,
        "marked": is_pilot(campaign),
        "groups": [(label, one, _shares(one)) for label, one in groups if one],
        "compared": [
            (
                one.label,
                cells.percent(one.pilot),
                cells.percent(one.rest),
                f"{100 * one.difference.low:+.2f} to {100 * one.difference.high:+.2f} points",
                "< 0.001" if one.p_value < 0.001 else f"{one.p_value:.3f}",
            )
            for one in (found.compared if found else ())
        ],
    }


def _shares(one: Figures) -> list[str]:
    pairs = [(one.delivered, one.sent), (one.opened, one.measured), (one.clicked, one.measured)]
    shares = [cells.percent(part / whole) if whole else cells.NOTHING for part, whole in pairs]
    return [cells.number(one.sent), *shares, cells.number(one.buyers)]


def _pace(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = pace_of(campaign)
    origin = found.origin and cells.link(reverse("console:campaign", args=[found.origin]), found.origin)
    return {
        "facts": [
            ("Iteration", cells.number(found.iteration)),
            ("Copied from", origin or cells.NOTHING),
            ("Versions of the draft", cells.number(found.versions)),
            ("Handed in, sent back", f"{found.submitted:,}, {found.sent_back:,}"),
            ("Draft to launch", _lasted(found.to_launch)),
            ("Of it in review", _lasted(found.in_review)),
            ("Launch to decision", _lasted(found.to_decision)),
            ("Decision", (found.decision or "Not yet").capitalize()),
        ]
    }


def _lasted(seconds: float | None) -> str:
    """In the two largest units: 3 d 4 h."""
    if seconds is None:
        return cells.NOTHING
    minutes = round(seconds / 60)
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "Under a minute"


def _spared(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found, currency = spared_of(campaign), campaign.currency
    return {
        "rows": [(KINDS[kind], messages, cells.money(cost, currency)) for kind, messages, cost in found.by_kind],
        "messages": found.messages,
        "cost": cells.money(found.cost, currency),
        "share": found.share,
        "launched": campaign.people is not None,
    }


def _pauses(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    return {"pauses": pauses(campaign) if campaign.launched_at else [], "launched": campaign.launched_at}


class CampaignResultsPage(DetailPage):
    """What the campaign changed, as far as anybody can know."""

    name, title, permission, panel_area = "campaign-results", "Results", VIEW, "campaign-results"
    panels = (
        Panel("funnel", "Funnel", "campaigns/_funnel.html", VIEW, _funnel, order=10, poll=5),
        Panel("pilot", "Pilot", "campaigns/_pilot.html", VIEW, _pilot, order=15),
        Panel("compared", "Against those held out", "campaigns/_held_out.html", VIEW, _compared, order=20),
        Panel("money", "Cost and revenue", "customers/_facts.html", VIEW, _money, place="side", order=10, poll=15),
        Panel("spared", "Not sent, and what that saved", "campaigns/_spared.html", VIEW, _spared, order=30),
        Panel("pace", "Pace", "customers/_facts.html", VIEW, _pace, place="side", order=15),
        Panel("pauses", "Pauses", "campaigns/_pauses.html", VIEW, _pauses, place="side", order=18),
    )

    def find(self) -> Campaign:
        """By its public id."""
        return find_campaign(self.kwargs["public_id"])

    def header(self, subject: Campaign) -> Header:
        """The campaign's name and state."""
        state = cells.dot(STATES[subject.state])
        return Header(f"Results of {subject.name}", subject.goal, code=subject.public_id, state=state)

    def figures(self, subject: Campaign) -> Sequence[Figure]:
        """The four that are asked for first."""
        found = _results(subject)
        if found is None:
            return ()
        money = found.money
        return (
            Figure("Buyers", cells.number(found.buyers), icon="shopping-cart"),
            Figure("Revenue", cells.money(money.revenue, found.currency), icon="receipt-2"),
            Figure("Cost", cells.money(money.cost, found.currency), icon="credit-card"),
            Figure("ROAS", cells.number(money.roas), icon="chart-line"),
        )

    def actions(self, subject: Campaign) -> Sequence[Action]:
        """Back to the campaign; a pilot that is over can be promoted."""
        back = Action("Campaign", reverse("console:campaign", args=[subject.public_id]), VIEW, "arrow-left")
        steps = [
            Action(label, address(name, subject), right, icon, primary=primary)
            for label, name, right, icon, primary in promoting(subject)
        ]
        anew = Action("Count anew", address("campaign-count", subject), VIEW, "refresh")
        return (back, *([anew] if is_large(subject) else []), *steps)

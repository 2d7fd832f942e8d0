"""The form of how people come into an automation, who comes again, what ends it, and within which limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from campaigns.console.automation_conditions import (
    ConditionsField,
    MemberField,
    is_segment,
    narrowed,
    refuse_on_segments,
)
from campaigns.console.automation_forms import choice_of, listened, trigger_of
from campaigns.rules.automations.graph import Reentry
from campaigns.rules.automations.schema import TRIGGERS
from campaigns.selectors.automations.around import dates
from core.console.forms import ConsoleForm

_IN = (("signal", "When something happens"), ("date", "On a day"), ("api", "Put in by a system (API) or by hand"))
_LIMITS = ("quiet_from", "quiet_until", "cap_messages", "cap_days")
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class EntryForm(ConsoleForm):
    """How people come in, who comes again, what ends it, and the limits."""

    way = forms.ChoiceField(label="People come in", choices=_IN)
    what = forms.ChoiceField(label="When this happens", required=False)
    where = ConditionsField()
    key = MemberField(label="About", max_length=80, required=False, help_text="Such as properties.cartId.")
    day = forms.ChoiceField(label="Day", required=False)
    days = forms.IntegerField(label="Days after it (negative: before)", min_value=-365, max_value=365, required=False)
    at = forms.RegexField(label="At", regex=_CLOCK, required=False, help_text="09:00")
    yearly = forms.BooleanField(label="Every year", required=False, help_text="As for birthdays. Otherwise once.")
    again = forms.ChoiceField(label="Who was in comes again", choices=Reentry.choices)
    again_days = forms.IntegerField(label="Days until then", min_value=1, max_value=365, required=False)
    goals = forms.MultipleChoiceField(
        label="Out at once when", required=False, help_text="Whoever reaches a goal gets nothing more."
    )
    goals_where = ConditionsField("Out only where", "As above, for each of these but coming into a segment.")
    quiet_from = forms.RegexField(label="Quiet from", regex=_CLOCK, required=False)
    quiet_until = forms.RegexField(label="Quiet until", regex=_CLOCK, required=False)
    cap_messages = forms.IntegerField(label="Messages a person at most", min_value=1, max_value=1000, required=False)
    cap_days = forms.IntegerField(label="In so many days", min_value=1, max_value=90, required=False)

    def __init__(self, *args: Any, graph: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._graph = graph
        heard: Sequence[tuple[str, str]] = listened()
        self.fields["what"].choices = heard  # type: ignore[attr-defined]
        self.fields["goals"].choices = heard  # type: ignore[attr-defined]
        self.fields["day"].choices = list(dates().items())  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(graph: Mapping[str, Any]) -> dict[str, Any]:
        """The stored values."""
        entry, limits = graph["entry"], graph.get("limits") or {}
        policy = graph.get("reentry") or {"policy": Reentry.NEVER}
        listens = entry["on"] in TRIGGERS
        return {
            "way": "signal" if listens else entry["on"],
            "what": choice_of(entry) if listens else "",
            "where": entry.get("where", []),
            "key": entry.get("key", ""),
            "day": entry.get("field", ""),
            "days": entry.get("days", 0),
            "at": entry.get("at", ""),
            "yearly": entry.get("yearly", True),
            "again": policy["policy"],
            "again_days": policy.get("days"),
            "goals": [choice_of(goal) for goal in graph.get("goals", ())],
            "goals_where": _shared(graph),
            **limits,
        }

    def clean(self) -> dict[str, Any]:
        """Conditions where there can be some."""
        if self.cleaned_data.get("way") == "signal":
            refuse_on_segments(self, [self.cleaned_data.get("what", "")])
        refuse_on_segments(self, self.cleaned_data.get("goals", ()), "goals_where")
        return self.cleaned_data

    def value(self) -> dict[str, Any]:
        """The graph with another way in."""
        data, graph = self.cleaned_data, self._graph
        policy = {"policy": data["again"]} | ({"days": data["again_days"]} if data["again_days"] else {})
        limits = {name: data[name] for name in _LIMITS if data.get(name)}
        zone = (graph.get("limits") or {}).get("time_zone")
        limits |= {"time_zone": zone} if zone else {}
        return {**graph, "entry": self._entry(), "reentry": policy, "goals": self._goals(), "limits": limits}

    def _goals(self) -> list[dict[str, Any]]:
        """Those chosen; ones that the API wrote with conditions of their own keep them until others are written."""
        known, where = self._graph.get("goals", ()), self.cleaned_data["goals_where"]
        goals: list[dict[str, Any]] = []
        for choice in self.cleaned_data["goals"]:
            same = [goal for goal in known if choice_of(goal) == choice]
            if same and (is_segment(choice) or where == _shared(self._graph)):
                goals += same
            else:
                goal = same[0] if same else trigger_of(choice)
                goals.append(narrowed(goal, [] if is_segment(choice) else where))
        return goals

    def _entry(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data["way"] == "api":
            return {"on": "api"}
        if data["way"] == "date":
            when = {"days": data["days"] or 0, "at": data["at"] or "09:00", "yearly": data["yearly"]}
            return {"on": "date", "field": data["day"], **when}
        return narrowed(trigger_of(data["what"], data["key"]), data["where"])


def _shared(graph: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conditions that all goals have in common which can have some; none when they differ."""
    found = [goal.get("where", []) for goal in graph.get("goals", ()) if not is_segment(choice_of(goal))]
    return found[0] if found and all(one == found[0] for one in found) else []

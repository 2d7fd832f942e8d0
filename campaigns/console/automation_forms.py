"""Forms of the automation editor, one for each kind of step; each answers plain JSON."""

from collections.abc import Mapping
from typing import Any

from django import forms

from campaigns.console.automation_conditions import ConditionsField, MemberField, narrowed, refuse_on_segments
from campaigns.console.words import weight_of
from campaigns.rules.automations.graph import StepType, links
from campaigns.rules.content.library import TemplateKind
from campaigns.selectors.automations.sources import sources
from campaigns.selectors.offers import list_promotions
from campaigns.selectors.templates import attribute_keys, offered
from core.console.forms import ConsoleForm
from core.errors import InvalidInput
from customers.rules.segments import words
from customers.rules.segments.tree import VERSION, RuleError
from customers.selectors.segments.registry import grammar

END = ""
_DAYS = (
    (1, "Monday"),
    (2, "Tuesday"),
    (3, "Wednesday"),
    (4, "Thursday"),
    (5, "Friday"),
    (6, "Saturday"),
    (7, "Sunday"),
)
_WAYS = {"": "Then", "happened": "If it happens", "timeout": "If not in time", "yes": "If so", "no": "If not"}


def listened() -> list[tuple[str, str]]:
    """Everything that can be listened for, as choices: `event:click`."""
    found = [("order", "An order is recorded")]
    for on, source in sources().items():
        group = {"event": "Event", "segment": "Comes into segment"}.get(on, on.capitalize())
        found += [(f"{on}:{name}", f"{group}: {label}") for name, label in source.choices()]
    return found


def trigger_of(choice: str, key: str = "") -> dict[str, Any]:
    """The trigger behind a choice."""
    on, _, name = choice.partition(":")
    found = {"on": on, on: name} if name else {"on": on}
    return {**found, "key": key} if key and on != "segment" else found


def choice_of(trigger: Mapping[str, Any]) -> str:
    """The choice for a trigger."""
    on = str(trigger["on"])
    return f"{on}:{trigger[on]}" if on in ("event", "segment") else on


class StepForm(ConsoleForm):
    """A step: its title, and where each way out leads."""

    heading = forms.CharField(label="Title", max_length=80, required=False, help_text="As it stands on the canvas.")

    def __init__(self, *args: Any, graph: Mapping[str, Any], step: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._step = step
        choices = [(END, "The way ends"), *((key, one.get("title") or key) for key, one in graph["steps"].items())]
        for number, link in enumerate(links(step)):
            label = _WAYS.get(link.label, f"Branch {link.label}")
            field = forms.ChoiceField(label=label, choices=choices, required=False, initial=link.to or END)
            self.fields[f"way_{number}"] = field
        self.prepare()

    def prepare(self) -> None:
        """Choices that are read from the database."""

    @classmethod
    def initial_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """The stored values."""
        return {"heading": step.get("title", ""), **cls.own_of(step)}

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """The stored values of this kind."""
        return {}

    def own(self) -> dict[str, Any]:
        """What this kind of step holds beside title and ways."""
        return {}

    def value(self) -> dict[str, Any]:
        """The step as JSON."""
        step: dict[str, Any] = {"type": self._step["type"], **self.own()}
        if self.cleaned_data["heading"]:
            step["title"] = self.cleaned_data["heading"]
        members = {"": "next", "happened": "next", "timeout": "otherwise", "yes": "yes", "no": "no"}
        for number, link in enumerate(links(self._step)):
            to = self.cleaned_data[f"way_{number}"] or None
            if self._step["type"] == StepType.AB:
                for branch in step["branches"]:
                    branch["next"] = to if branch["key"] == link.label else branch.get("next")
            else:
                step[members[link.label]] = to
        return step


class _Delay(StepForm):
    days = forms.IntegerField(label="Days", min_value=0, max_value=365, required=False)
    hours = forms.IntegerField(label="Hours", min_value=0, max_value=23, required=False)
    minutes = forms.IntegerField(label="Minutes", min_value=0, max_value=59, required=False)
    at = forms.RegexField(
        label="Until this time of day",
        regex=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        required=False,
        help_text="Such as 09:00, on the clock where the person is.",
    )
    weekdays = forms.TypedMultipleChoiceField(
        label="On these days only", choices=_DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def delay(self) -> dict[str, Any]:
        """The length of the wait."""
        return {name: self.cleaned_data[name] for name in _LENGTH if self.cleaned_data.get(name)}


_LENGTH = ("days", "hours", "minutes", "at", "weekdays")


class WaitForm(_Delay):
    """How long."""

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """The length."""
        return {name: step[name] for name in _LENGTH if name in step}

    def own(self) -> dict[str, Any]:
        """The length."""
        return self.delay()


class WaitForForm(_Delay):
    """What for, about what, and how long at most."""

    what = forms.ChoiceField(label="Wait until")
    where = ConditionsField()
    key = MemberField(
        label="For the same",
        max_length=80,
        required=False,
        help_text="The member that must be as on entry, such as properties.cartId. Empty: whatever it is about.",
    )
    field_order = ("heading", "what", "where", "key", *_LENGTH)

    def prepare(self) -> None:
        """What can be listened for."""
        self.fields["what"].choices = listened()  # type: ignore[attr-defined]

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """Trigger and timeout."""
        trigger = step["for"]
        own = {"what": choice_of(trigger), "key": trigger.get("key", ""), "where": trigger.get("where", [])}
        return {**own, **WaitForm.own_of(step["timeout"])}

    def clean(self) -> dict[str, Any]:
        """Conditions where there can be some."""
        refuse_on_segments(self, [self.cleaned_data.get("what", "")])
        return self.cleaned_data

    def own(self) -> dict[str, Any]:
        """Trigger and timeout."""
        trigger = trigger_of(self.cleaned_data["what"], self.cleaned_data["key"])
        return {"for": narrowed(trigger, self.cleaned_data["where"]), "timeout": self.delay()}


class SplitForm(StepForm):
    """A rule in words."""

    rule = forms.CharField(
        label="Rule",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text='As for segments, such as: country is "DE"',
    )

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """The rule in words, when it can be read."""
        try:
            spoken = grammar()
            return {"rule": spoken.write_words(spoken.read(step["rule"]))}
        except RuleError:
            return {"rule": ""}

    def clean_rule(self) -> dict[str, Any]:
        """The rule as JSON."""
        try:
            node = grammar().read_words(self.cleaned_data["rule"])
        except RuleError as refusal:
            raise forms.ValidationError([problem.message for problem in refusal.problems]) from refusal
        return {"version": VERSION, "rule": words.raw_json(node)}

    def own(self) -> dict[str, Any]:
        """The rule."""
        return {"rule": self.cleaned_data["rule"]}


class AbForm(StepForm):
    """Branches with their weights, one a line."""

    branches = forms.CharField(
        label="Branches",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, with its weight: A 50. Ways of new branches are set when it is edited again.",
    )

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """One a line."""
        return {"branches": "\n".join(f"{one['key']} {one['weight']}" for one in step["branches"])}

    def clean_branches(self) -> list[dict[str, Any]]:
        """Key and weight of each."""
        found = []
        for line in self.cleaned_data["branches"].splitlines():
            key, _, weight = line.strip().rpartition(" ")
            if not 1 <= len(key.strip()) <= 20 or weight_of(weight) not in range(1_001):
                words = "is not a name of at most 20 letters and a weight from 0 to 1,000."
                raise forms.ValidationError(f"“{line[:40]}” {words}")
            found.append({"key": key.strip(), "weight": weight_of(weight), "next": None})
        if not 2 <= len(found) <= 8:
            raise forms.ValidationError("Write two to eight branches.")
        return found

    def own(self) -> dict[str, Any]:
        """The branches."""
        return {"branches": self.cleaned_data["branches"]}


class SendForm(StepForm):
    """The message."""

    template = forms.ChoiceField(
        label="Take the words of a template",
        required=False,
        help_text="Its subject and text take the place of what stands below.",
    )
    subject = forms.CharField(label="Subject", max_length=200, required=False)
    body = forms.CharField(label="Text", max_length=100_000, required=False, widget=forms.Textarea(attrs={"rows": 12}))
    field_order = ("heading", "template", "subject", "body")

    def prepare(self) -> None:
        """The messages of the library."""
        rows = [(row.key, row.name) for row in offered(TemplateKind.MESSAGE)]
        self.fields["template"].choices = [("", "Keep what is written"), *rows]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Words, or where they come from."""
        for name in ("subject", "body"):
            if not self.cleaned_data.get(name) and not self.cleaned_data.get("template"):
                self.add_error(name, "Write it, or take the words of a template.")
        return self.cleaned_data

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """The words."""
        return {"subject": step["subject"], "body": step["body"]}

    def own(self) -> dict[str, Any]:
        """The words, and the template they were begun with."""
        if self.cleaned_data["template"]:
            return {"subject": "", "body": "", "template": self.cleaned_data["template"]}
        body = self.cleaned_data["body"].replace("\r\n", "\n")
        origin = {"template": self._step["template"]} if self._step.get("template") else {}
        return {"subject": self.cleaned_data["subject"], "body": body, **origin}


class TagForm(StepForm):
    """Tags on and off."""

    add = forms.CharField(label="Put on", max_length=500, required=False, help_text="Tags with commas between.")
    remove = forms.CharField(label="Take off", max_length=500, required=False, help_text="Tags with commas between.")

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """With commas."""
        return {name: ", ".join(step.get(name, ())) for name in ("add", "remove")}

    def own(self) -> dict[str, Any]:
        """As lists."""
        return {name: _names(self.cleaned_data[name]) for name in ("add", "remove")}


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


class WebhookForm(StepForm):
    """What receivers hear."""

    word = forms.CharField(label="Name", max_length=60, help_text="By which receivers tell this step from others.")

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """Its name."""
        return {"word": step["name"]}

    def own(self) -> dict[str, Any]:
        """Name, and the data that the API wrote."""
        data = {"data": self._step["data"]} if "data" in self._step else {}
        return {"name": self.cleaned_data["word"], **data}


class OfferForm(StepForm):
    """Which promotion, and where the code is kept."""

    promotion = forms.ChoiceField(label="Promotion", required=False)
    attribute = forms.ChoiceField(label="Keep the code in", required=False)

    def prepare(self) -> None:
        """Promotions and attributes."""
        rows = [(row.key, row.name) for row in list_promotions()[:500]]
        self.fields["promotion"].choices = rows  # type: ignore[attr-defined]
        self.fields["attribute"].choices = [(key, key) for key in attribute_keys()]  # type: ignore[attr-defined]

    @classmethod
    def own_of(cls, step: Mapping[str, Any]) -> dict[str, Any]:
        """Both."""
        return {"promotion": step["promotion"], "attribute": step["attribute"]}

    def own(self) -> dict[str, Any]:
        """Both; InvalidInput while there is no promotion or attribute."""
        if not self.cleaned_data["promotion"] or not self.cleaned_data["attribute"]:
            raise InvalidInput("A code needs a promotion and an attribute to keep it in; make those first.")
        return {name: self.cleaned_data[name] for name in ("promotion", "attribute")}


FORMS: Mapping[str, type[StepForm]] = {
    StepType.WAIT: WaitForm,
    StepType.WAIT_FOR: WaitForForm,
    StepType.SPLIT: SplitForm,
    StepType.AB: AbForm,
    StepType.SEND: SendForm,
    StepType.TAG: TagForm,
    StepType.WEBHOOK: WebhookForm,
    StepType.OFFER: OfferForm,
    StepType.EXIT: StepForm,
}
STARTS: Mapping[str, Mapping[str, Any]] = {
    StepType.WAIT: {"days": 1},
    StepType.WAIT_FOR: {"for": {"on": "order"}, "timeout": {"days": 1}},
    StepType.SPLIT: {"rule": {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}},
    StepType.AB: {"branches": [{"key": "A", "weight": 50}, {"key": "B", "weight": 50}]},
    StepType.SEND: {"subject": "", "body": ""},
    StepType.TAG: {"add": [], "remove": []},
    StepType.WEBHOOK: {"name": "step"},
    StepType.OFFER: {"promotion": "none", "attribute": "none"},
    StepType.EXIT: {},
}
"""What a step of each kind is before anybody has filled it in."""

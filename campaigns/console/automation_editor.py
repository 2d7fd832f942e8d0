"""Writing an automation by forms: every step has an address, the keyboard is enough, nothing needs the canvas."""

from typing import Any

from django import forms
from django.urls import reverse

from campaigns.console.automation_entry_form import EntryForm
from campaigns.console.automation_forms import FORMS, STARTS, StepForm
from campaigns.console.automations import address
from campaigns.console.words import CHANGE
from campaigns.models import Automation
from campaigns.rules.automations.editing import insert_step, put_step, remove_step
from campaigns.rules.automations.graph import StepType, links
from campaigns.rules.automations.templates import TEMPLATES
from campaigns.rules.automations.words import lines
from campaigns.selectors.automations.listing import find_automation, list_versions
from campaigns.selectors.campaigns import email_purposes
from campaigns.services.automations.definitions import change_automation, define_automation
from core.console.forms import ConsoleForm
from core.console.views import ActionPage, FormPage
from core.errors import NotFound


class BasicsForm(ConsoleForm):
    """What it is for."""

    title = forms.CharField(label="Name", max_length=120)
    goal = forms.CharField(
        label="Goal", max_length=300, required=False, help_text="What shall be different afterwards?"
    )
    purpose = forms.ChoiceField(
        label="Purpose",
        required=False,
        help_text="On which its messages rest. It stays once the automation was published.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [("", "It sends no messages"), *email_purposes()]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        data = self.cleaned_data
        return {"name": data["title"], "goal": data["goal"], "purpose": data["purpose"]}


class NewForm(BasicsForm):
    """And what to begin with."""

    template = forms.ChoiceField(label="Begin with", choices=[(key, words) for key, (words, _) in TEMPLATES.items()])


class NewAutomation(FormPage):
    """A draft from a template."""

    name, title, permission = "automation-new", "New automation", CHANGE
    form_class, submit_label, success = NewForm, "Write it", "This is the draft. Change its steps as you like."

    def save(self, form: NewForm) -> Automation:
        """Write it down."""
        _, graph = TEMPLATES[form.cleaned_data["template"]]
        return define_automation(values={**form.values(), "graph": graph}, by=self.actor, now=self.now)

    def success_url(self, result: Automation) -> str:
        """Its page."""
        return address("automation", result)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:automations")


class _Editor(FormPage, abstract=True):
    """What the forms of one automation share: they start from its newest version and write into the draft."""

    permission = CHANGE
    success = "The draft is changed. What is live stays as it was until it is published."

    @property
    def automation(self) -> Automation:
        """The automation of the address."""
        return find_automation(self.kwargs["public_id"])

    @property
    def graph(self) -> dict[str, Any]:
        """What its newest version does."""
        found: dict[str, Any] = list_versions(self.automation)[0].graph
        return found

    def write(self, **values: Any) -> Automation:
        """Change it."""
        return change_automation(automation=self.automation, values=values, by=self.actor, now=self.now)

    def success_url(self, result: Automation) -> str:
        """Its page."""
        return address("automation", result)

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:automation", args=[self.kwargs["public_id"]])


class AutomationBasics(_Editor):
    """Name, goal, purpose."""

    name, title, form_class, success = "automation-basics", "Name and purpose", BasicsForm, "Saved."

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.automation
        return {"title": row.name, "goal": row.goal, "purpose": row.purpose_id or ""}

    def save(self, form: BasicsForm) -> Automation:
        """Change them."""
        return self.write(**form.values())


class AutomationEntry(_Editor):
    """How people come in and what ends it."""

    name, title, form_class = "automation-entry", "Way in, goals and limits", EntryForm

    def form_kwargs(self) -> dict[str, Any]:
        """The graph."""
        return {"graph": self.graph}

    def initial(self) -> dict[str, Any]:
        """As stored."""
        return EntryForm.initial_of(self.graph)

    def save(self, form: EntryForm) -> Automation:
        """Into the draft."""
        return self.write(graph=form.value())


class AutomationStep(_Editor):
    """One step, in the form of its kind."""

    name, title, template_name = "automation-step", "Edit a step", "campaigns/automation_step.html"

    @property
    def step(self) -> dict[str, Any]:
        """The step of the address."""
        found = self.graph["steps"].get(self.kwargs["step"])
        if found is None:
            raise NotFound("This automation has no such step.")
        return dict(found)

    @property
    def form_class(self) -> type[StepForm]:  # type: ignore[override]
        """The form of its kind."""
        return FORMS[self.step["type"]]

    def form_kwargs(self) -> dict[str, Any]:
        """The step and its graph."""
        return {"graph": self.graph, "step": self.step}

    def initial(self) -> dict[str, Any]:
        """As stored."""
        return self.form_class.initial_of(self.step)

    def save(self, form: StepForm) -> Automation:
        """Into the draft."""
        return self.write(graph=put_step(self.graph, self.kwargs["step"], form.value()))

    def extra(self) -> dict[str, Any]:
        """Its kind, and the way to take it out."""
        remove = reverse("console:automation-step-remove", args=[self.kwargs["public_id"], self.kwargs["step"]])
        return {"kind": StepType(self.step["type"]).label, "remove_url": remove}


class NewStepForm(ConsoleForm):
    """Which kind, and where."""

    kind = forms.ChoiceField(label="What it does", choices=StepType.choices)
    where = forms.ChoiceField(label="Where")

    def __init__(self, *args: Any, graph: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [("|", "At the beginning")]
        for line in lines(graph):
            ways = links(graph["steps"][line.key])
            for link, (word, _) in zip(ways, line.ways, strict=True):
                places.append((f"{line.key}|{link.label}", f"After step {line.number}, {line.title}: {word}"))
        self.fields["where"].choices = places  # type: ignore[attr-defined]
        self.fields["where"].initial = places[-1][0]


class NewStep(_Editor):
    """Another step, put on a way out of one that is there."""

    name, title, form_class, submit_label = "automation-step-new", "Add a step", NewStepForm, "Add"
    success = "The step is there; now fill it in."

    def form_kwargs(self) -> dict[str, Any]:
        """The graph."""
        return {"graph": self.graph}

    def save(self, form: NewStepForm) -> tuple[Automation, str]:
        """Into the draft."""
        kind = form.cleaned_data["kind"]
        after, _, label = form.cleaned_data["where"].partition("|")
        graph, key = insert_step(self.graph, {"type": kind, **STARTS[kind]}, after=after, label=label)
        return self.write(graph=graph), key

    def success_url(self, result: tuple[Automation, str]) -> str:  # type: ignore[override]
        """On to filling it in."""
        return address("automation-step", result[0], result[1])


class RemoveStep(_Editor, ActionPage):
    """A step less; what led to it leads on to where it led."""

    name, title, submit_label, danger = "automation-step-remove", "Take out a step", "Take it out", True

    def question(self) -> str:
        """What happens."""
        return "What led to this step leads on to where its first way out led. It changes the draft only."

    def save(self, form: ConsoleForm) -> Automation:
        """Into the draft."""
        if self.kwargs["step"] not in self.graph["steps"]:
            raise NotFound("This automation has no such step.")
        return self.write(graph=remove_step(self.graph, self.kwargs["step"]))

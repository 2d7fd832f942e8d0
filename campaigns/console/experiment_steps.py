"""What people do with an experiment: write it, start it, stop it, count it, decide."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse

from campaigns.console.experiment_words import CHANGE
from campaigns.console.words import weight_of
from campaigns.models import Experiment
from campaigns.rules.experiments import MOST_MEASURES, Drawn, Looks
from campaigns.selectors.experiments import as_json, find_experiment, report_of
from campaigns.selectors.measures import measure_choices
from campaigns.services.experiments import (
    ask_figures,
    change_experiment,
    declare_winner,
    define_experiment,
    start_experiment,
    start_holdout,
    stop_experiment,
)
from core.console.forms import ConsoleForm
from core.console.views import ActionPage, FormPage
from customers.selectors.segments.listing import list_segments


class ExperimentForm(ConsoleForm):
    """Everything that is fixed once it runs."""

    stands_for = {"name": "title", "variants": "words", "measures": "decides"}
    key = forms.SlugField(label="Key", max_length=60, help_text="Programs ask for the experiment by this word.")
    title = forms.CharField(label="Name", max_length=120)
    hypothesis = forms.CharField(label="Hypothesis", max_length=300, required=False)
    words = forms.CharField(
        label="Variants",
        widget=forms.Textarea(attrs={"rows": 4}),
        initial="A 1 Buy now\nB 1 Add to basket",
        help_text="A line for each: its key, its weight, what it shows. The first is the control.",
    )
    segment = forms.ChoiceField(label="For", required=False)
    coverage = forms.IntegerField(label="Percent of them", min_value=1, max_value=100, initial=100)
    drawn = forms.ChoiceField(label="Who draws", choices=Drawn.choices)
    decides = forms.ChoiceField(label="What decides")
    also = forms.MultipleChoiceField(
        label="What is counted as well", required=False, help_text=f"At most {MOST_MEASURES - 1}."
    )
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, initial="EUR")
    window_days = forms.IntegerField(label="Counts for how many days", min_value=1, max_value=365, initial=30)
    looks = forms.ChoiceField(label="When the result is looked at", choices=Looks.choices)
    planned_people = forms.IntegerField(label="People in each group", min_value=2, initial=1_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segments = list(list_segments().order_by("name").values_list("slug", "name"))
        choices = measure_choices()
        self.fields["segment"].choices = [("", "Everybody"), *segments]  # type: ignore[attr-defined]
        self.fields["decides"].choices = self.fields["also"].choices = choices  # type: ignore[attr-defined]

    def clean_words(self) -> list[dict[str, Any]]:
        """Each line as a variant."""
        found = []
        for line in filter(str.strip, self.cleaned_data["words"].splitlines()):
            key, _, rest = line.strip().partition(" ")
            weight, _, value = rest.strip().partition(" ")
            if weight_of(weight) is None or not value.strip():
                raise forms.ValidationError(f"“{line[:60]}” is not a key, a weight and what it shows.")
            found.append({"key": key, "weight": weight_of(weight), "value": value.strip()})
        return found

    def values(self) -> dict[str, Any]:
        """As the service takes them; variants only when their lines were changed, since values may be objects."""
        found = dict(self.cleaned_data)
        found["name"], found["variants"] = found.pop("title"), found.pop("words")
        found["measures"] = list(dict.fromkeys([found.pop("decides"), *found.pop("also")]))
        if "words" not in self.changed_data and self.initial:
            del found["variants"]
        return found


class NewExperiment(FormPage):
    """A draft."""

    name, title, permission = "experiment-new", "New experiment", CHANGE
    form_class, submit_label, success = ExperimentForm, "Create", "Nobody is in it before it is started."

    def save(self, form: ExperimentForm) -> Experiment:
        """Define."""
        return define_experiment(values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Experiment) -> str:
        """Its page."""
        return reverse("console:experiment", args=[result.key])

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:experiments")


class _ExperimentStep(FormPage, abstract=True):
    """What the steps of one experiment share."""

    permission = CHANGE

    @property
    def experiment(self) -> Experiment:
        """The experiment of the address."""
        return find_experiment(self.kwargs["key"])

    def success_url(self, result: Experiment) -> str:
        """Its page."""
        return reverse("console:experiment", args=[result.key])

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:experiment", args=[self.kwargs["key"]])


class EditExperiment(_ExperimentStep):
    """Another plan, while nobody was drawn."""

    name, title, form_class = "experiment-edit", "Edit experiment", ExperimentForm

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.experiment
        names = ("key", "hypothesis", "coverage", "drawn", "currency", "window_days", "looks", "planned_people")
        lines = [f"{one['key']} {one['weight']} {as_json(one['value'])}" for one in row.variants]
        return {
            "title": row.name,
            "words": "\n".join(lines),
            "segment": row.segment.slug if row.segment else "",
            "decides": row.measures[0],
            "also": row.measures[1:],
            **{name: getattr(row, name) for name in names},
        }

    def save(self, form: ExperimentForm) -> Experiment:
        """Change."""
        return change_experiment(experiment=self.experiment, values=form.values(), by=self.actor, now=self.now)


class StartExperiment(_ExperimentStep, ActionPage):
    """On."""

    name, title = "experiment-start", "Start experiment"
    submit_label, success = "Start", "The experiment is running."

    def question(self) -> str:
        """What happens."""
        return (
            f"“{self.experiment.name}” draws people from now on. Variants, weights and measures cannot change any more."
        )

    def save(self, form: ConsoleForm) -> Experiment:
        """Start."""
        return start_experiment(experiment=self.experiment, by=self.actor, now=self.now)


class StopExperiment(_ExperimentStep, ActionPage):
    """Off for good."""

    name, title, danger = "experiment-stop", "Stop experiment", True
    submit_label, success = "Stop", "The experiment is over."

    def question(self) -> str:
        """What happens."""
        return f"“{self.experiment.name}” draws nobody any more and never runs again; everybody is shown the control."

    def save(self, form: ConsoleForm) -> Experiment:
        """Stop."""
        return stop_experiment(experiment=self.experiment, by=self.actor, now=self.now)


class CountExperiment(_ExperimentStep, ActionPage):
    """Figures of this moment."""

    name, title = "experiment-count", "Count now"
    submit_label, success = "Count", "Counted; with very many people that takes a minute."

    def question(self) -> str:
        """What happens."""
        return f"The figures of “{self.experiment.name}” are counted anew. They are every quarter of an hour anyway."

    def save(self, form: ConsoleForm) -> Experiment:
        """Count."""
        experiment = self.experiment
        ask_figures(experiment=experiment, by=self.actor, now=self.now)
        return experiment


class WinnerForm(ConsoleForm):
    """Which one, and why if the figures do not say so."""

    variant = forms.ChoiceField(label="Winner")
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed when the figures do not show that it is better. Stands in the audit log.",
    )

    def __init__(self, *args: Any, variants: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["variant"].choices = [(key, key) for key in variants]  # type: ignore[attr-defined]


class DeclareWinner(_ExperimentStep, ActionPage):
    """For everybody from now on."""

    name, title, form_class = "experiment-winner", "Declare winner", WinnerForm
    submit_label, success = "Declare", "Everybody is shown the winner from now on."

    def form_kwargs(self) -> dict[str, Any]:
        """The variants."""
        return {"variants": [one["key"] for one in self.experiment.variants]}

    def question(self) -> str:
        """What happens, and what stands against it."""
        row = self.experiment
        said = " ".join(one.text for one in report_of(row).decisions.values())
        return f"“{row.name}” ends, and everybody is shown the winner. {said}"

    def save(self, form: WinnerForm) -> Experiment:
        """Declare."""
        return declare_winner(experiment=self.experiment, by=self.actor, now=self.now, **form.cleaned_data)


class HoldoutForm(ConsoleForm):
    """How many."""

    percent = forms.IntegerField(label="Percent of all customers", min_value=1, max_value=20, initial=5)


class StartHoldout(ActionPage):
    """Some people get nothing, to measure what everything does."""

    name, title, permission = "experiment-holdout", "Global holdout", CHANGE
    form_class, submit_label, success = HoldoutForm, "Start", "These people get no campaign and no promotion."

    def question(self) -> str:
        """What happens."""
        return (
            "This share of all customers gets no campaign and no promotion from now on, always the same people, so "
            "that what marketing as a whole changes can be measured. Service messages are not touched."
        )

    def initial(self) -> dict[str, Any]:
        """One in twenty."""
        return {"percent": 5}

    def save(self, form: HoldoutForm) -> Experiment:
        """Start."""
        return start_holdout(percent=form.cleaned_data["percent"], by=self.actor, now=self.now)

    def success_url(self, result: Experiment) -> str:
        """Its page."""
        return reverse("console:experiment", args=[result.key])

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:experiments")

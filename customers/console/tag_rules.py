"""Tags given by rule in the console: saying who has one from now on, and leaving it to people again."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.views import ActionPage, FormPage
from core.errors import InvalidInput, NotFound
from customers.console.words import CHANGE
from customers.models import TagRule
from customers.rules.segments.tree import RuleError, to_json
from customers.selectors.segments.listing import list_segments
from customers.selectors.segments.registry import grammar
from customers.selectors.tag_rules import given_by, rules_of_tags
from customers.services.segments import refused_rule
from customers.services.tag_rules import define_tag_rule, end_tag_rule


def segment_choices() -> list[tuple[str, str]]:
    """Slug and name of every segment in use."""
    return [("", "A rule of its own"), *list_segments().order_by("name").values_list("slug", "name")]


class TagRuleForm(ConsoleForm):
    """Which tag, and who has it."""

    name = forms.CharField(label="Tag", max_length=100, help_text="Such as highly engaged. It is made when it is new.")
    segment = forms.ChoiceField(label="Whoever is in the segment", choices=segment_choices, required=False)
    words = forms.CharField(
        label="Or whoever fits this rule",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text='Such as: event count in the last 30 days is at least 5. It becomes the segment "Tagged ...".',
    )


class NewTagRule(FormPage):
    """A tag that comes and goes by itself."""

    name, title, permission = "tag-rule", "Give a tag by rule", CHANGE
    form_class, submit_label = TagRuleForm, "Give from now on"
    success = "Whoever is in the segment gets the tag within seconds, and loses it on leaving."

    def save(self, form: TagRuleForm) -> TagRule:
        """Define."""
        words = form.cleaned_data["words"].strip()
        if words and not self.reader.has_perm("customers.change_segment"):
            raise InvalidInput("You may not define segments; choose one.", param="words")
        return define_tag_rule(
            name=form.cleaned_data["name"],
            segment=form.cleaned_data["segment"],
            rule=_rule_of(words) if words else None,
            by=self.actor,
            now=self.now,
        )

    def success_url(self, result: TagRule) -> str:
        """The list."""
        return reverse("console:tags")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:tags")


class EndTagRule(ActionPage):
    """Leave the tag to people again."""

    name, title, permission, danger = "tag-rule-end", "End the rule of a tag", CHANGE, True
    submit_label, success = "End rule", "The rule is ended; what it gave comes off within seconds."

    @property
    def rule(self) -> TagRule:
        """The rule of the tag of this address."""
        found = rules_of_tags([self.kwargs["tag_id"]])
        if not found:
            raise NotFound("This tag is not given by a rule.")
        return found[self.kwargs["tag_id"]]

    def question(self) -> str:
        """What happens."""
        return f"“{self.rule.tag.name}” comes off whoever has it from the rule; what people put on stays."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many."""
        rule = self.rule
        return (("Customers who lose it", cells.number(given_by([rule]).get(rule.pk, 0))),)

    def save(self, form: ConsoleForm) -> TagRule:
        """End."""
        return end_tag_rule(name=self.rule.tag.name, by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The list."""
        return reverse("console:tags")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:tags")


def _rule_of(words: str) -> dict[str, Any]:
    try:
        return to_json(grammar().read_words(words))
    except RuleError as refusal:
        raise InvalidInput(refused_rule(refusal=refusal).message, param="words") from refusal

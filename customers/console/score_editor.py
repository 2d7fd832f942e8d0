"""The score editor: rules in words, what they would give everybody beside them, nothing stored before `Save`."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.console.pages import Page, go_to, is_htmx
from core.errors import DomainError
from customers.console import score_form as fields
from customers.models import ScoreModel
from customers.rules.scores import read_definition
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import RuleError
from customers.selectors.scores import find_model, latest_version
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.scoring import Distribution, preview_scores
from customers.services.scores import change_score, define_score

VIEW: Final = "customers.view_segment"
CHANGE: Final = "customers.change_segment"


def bars_of(seen: Distribution) -> list[tuple[str, int]]:
    """The distribution as labelled bars."""
    return [(f"{low}" if low == high else f"{low} to {high}", people) for low, high, people in seen.bars]


class _Editor(Page, abstract=True):
    """What new and edited scores share. Every answer keeps all that was typed."""

    permission = CHANGE
    template_name = "customers/score_editor.html"

    def model(self) -> ScoreModel | None:
        """The stored score, if there is one."""
        return None

    def start(self, using: Grammar) -> fields.Sheet:
        """The fields to begin with."""
        raise NotImplementedError

    def store(self, sheet: fields.Sheet, definition: dict[str, Any]) -> ScoreModel:
        """Make the one service call."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The editor with the newest version, or one rule to begin with."""
        using = grammar()
        return self._shown(self.start(using), using)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Look, add or remove a rule, or save."""
        using = grammar()
        # A look carries the button that was pressed last: it must never do what that button does.
        wish = "" if request.headers.get("HX-Target") == "preview" else request.POST.get("do", "")
        sheet = fields.sheet_posted(request.POST)
        if wish != "save":
            return self._shown(fields.changed(sheet, wish), using)
        try:
            stored = self.store(sheet, fields.definition_of(sheet, using))
        except DomainError as refusal:
            return self._shown(sheet, using, problem=refusal.message, status=refusal.status)
        messages.success(request, "Saved as a draft. Activate it to give everybody their points.")
        return go_to(request, reverse("console:score", args=[stored.slug]))

    def _shown(self, sheet: fields.Sheet, using: Grammar, *, problem: str = "", status: int = 200) -> HttpResponse:
        context = {
            "sheet": sheet,
            "problem": problem,
            "model": self.model(),
            "title": self.title,
            "examples": fields.examples(using),
            **self._look(sheet, using),
        }
        target = self.request.headers.get("HX-Target", "")
        fragment = {"preview": "customers/_score_looked.html", "rules": "customers/_score_reshaped.html"}
        htmx = is_htmx(self.request)
        return self.draw(
            fragment.get(target, self.template_name) if htmx else self.template_name, context, 200 if htmx else status
        )

    def _look(self, sheet: fields.Sheet, using: Grammar) -> dict[str, Any]:
        """What the rules would give everybody; no figure while one of them is not finished."""
        try:
            definition = read_definition(fields.definition_of(sheet, using), using)
            seen = preview_scores(definition=definition, grammar=using, now=self.now)
        except RuleError as refusal:
            fields.point_out(sheet, refusal.problems)
            return {"unfinished": True}
        except DomainError as refusal:
            sheet.problems.append(refusal.message)
            return {"unfinished": True}
        by_rule = zip((rule.name for rule in definition.rules), seen.by_rule, strict=True)
        return {
            "seen": seen,
            "bars_rows": bars_of(seen),
            "without": seen.everybody - seen.scored,
            "by_rule": list(by_rule),
        }


class NewScore(_Editor):
    """Define one; it starts with two rules to change."""

    name, title = "score-new", "New score"

    def start(self, using: Grammar) -> fields.Sheet:
        """Two rules to change."""
        lines = [fields.RuleLine(title, words, points) for title, words, points in fields.STARTERS]
        return fields.Sheet(lines=lines)

    def store(self, sheet: fields.Sheet, definition: dict[str, Any]) -> ScoreModel:
        """Define."""
        return define_score(
            name=sheet.name, description=sheet.description, definition=definition, by=self.actor, now=self.now
        )


class EditScore(_Editor):
    """Write the next version of one."""

    name, title = "score-edit", "Edit score"

    def model(self) -> ScoreModel | None:
        """The score of the address."""
        return find_model(self.kwargs["slug"])

    def start(self, using: Grammar) -> fields.Sheet:
        """The newest version."""
        found = find_model(self.kwargs["slug"])
        version = latest_version(found)
        definition = version.definition if version else {"minimum": 0, "maximum": 100, "rules": []}
        return fields.sheet_of(definition, using, name=found.name, description=found.description)

    def store(self, sheet: fields.Sheet, definition: dict[str, Any]) -> ScoreModel:
        """Write."""
        values = {"name": sheet.name, "description": sheet.description, "definition": definition}
        return change_score(model=find_model(self.kwargs["slug"]), values=values, by=self.actor, now=self.now)

"""The segment builder: conditions in words, a live count beside them, nothing stored before `Save`."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.console.pages import Page, go_to, is_htmx
from core.errors import DomainError
from customers.console import segment_form as fields
from customers.console.segment_moves import changed
from customers.console.words import shown_email, shown_name
from customers.models import Segment, SegmentKind
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Group, Node, RuleError, from_json
from customers.selectors.segments.listing import find_segment, used_by
from customers.selectors.segments.preview import count_everybody, drop_off, preview_rule, sample_rows
from customers.selectors.segments.registry import grammar
from customers.services.segments import change_segment, define_segment

VIEW: Final = "customers.view_segment"
CHANGE: Final = "customers.change_segment"


def _one(condition: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "rule": {"all": [condition]}}


TEMPLATES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "lapsed": (
        "Lapsed customers",
        _one({"on": "profile", "field": "last_order_at", "op": "longer_ago_than", "value": {"days": 180}}),
    ),
    "valuable": (
        "High value",
        _one({"on": "profile", "field": "lifetime_value", "op": "top_percent", "value": 10}),
    ),
    "new": (
        "New this month",
        _one({"on": "profile", "field": "created_at", "op": "within_last", "value": {"days": 30}}),
    ),
    "birthday": (
        "Birthday within a week",
        _one({"on": "profile", "field": "birth_date", "op": "anniversary_within", "value": {"days": 7}}),
    ),
    "never": ("Never ordered", _one({"on": "purchases", "field": "count", "op": "equals", "value": 0})),
}


def _event_kinds(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> list[tuple[str, str]]:
    """Event types as the step behind a sequence needs them: those that begin one."""
    found: dict[str, str] = {}
    for _, options in groups:
        for key, label in options:
            asked = fields.members_of(fields.Line("", key))
            if asked.get("on") == "sequence":
                found[asked["type"]] = label.partition(",")[0]
    return list(found.items())


class _Builder(Page, abstract=True):
    """What new and edited segments share. Every answer keeps all that was typed."""

    permission = CHANGE
    template_name = "customers/segment_builder.html"

    def segment(self) -> Segment | None:
        """The stored segment, if there is one."""
        return None

    def start(self, using: Grammar) -> tuple[str, fields.Box]:
        """The name and rule to begin with."""
        raise NotImplementedError

    def store(self, name: str, rule: dict[str, Any]) -> Segment:
        """Make the one service call."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The builder with the stored rule, or the one to begin with."""
        using = grammar()
        name, box = self.start(using)
        return self._shown(name, box, using)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count, change the shape of the rule, take it from words, or save it."""
        using = grammar()
        # A count carries the button that was pressed last: it must never do what that button does.
        target = request.headers.get("HX-Target")
        wish = "" if target in ("preview", "steps") else request.POST.get("do", "")
        name, box = request.POST.get("name", ""), fields.box_posted(request.POST)
        if target == "steps":
            return self._steps(box, using)
        if wish == "words":
            return self._from_words(name, box, using)
        if wish != "save":
            return self._shown(name, changed(box, wish), using)
        rule = fields.rule_of(box, using)
        try:
            stored = self.store(name, rule)
        except DomainError as refusal:
            return self._shown(name, box, using, problem=refusal.message, status=refusal.status)
        messages.success(request, "Saved. Its members are being calculated.")
        return go_to(request, reverse("console:segment", args=[stored.slug]))

    def _from_words(self, name: str, box: fields.Box, using: Grammar) -> HttpResponse:
        text = self.request.POST.get("words", "")
        try:
            return self._shown(name, fields.box_of(using.read_words(text)), using)
        except RuleError as refusal:
            return self._shown(name, box, using, problem=refusal.problems[0].message, typed=text, status=422)

    def _steps(self, box: fields.Box, using: Grammar) -> HttpResponse:
        """Who is left after each part: fetched behind the count, since it reads everybody's facts."""
        try:
            steps = drop_off(node=using.read(fields.rule_of(box, using)), grammar=using, now=self.now)
        except (RuleError, DomainError) as refusal:
            return self.draw("customers/_segment_steps.html", {"too_long": str(refusal)})
        return self.draw("customers/_segment_steps.html", {"everybody": steps[0].left, "steps": steps[1:]})

    def _shown(
        self,
        name: str,
        box: fields.Box,
        using: Grammar,
        *,
        problem: str = "",
        typed: str | None = None,
        status: int = 200,
    ) -> HttpResponse:
        looked, node = self._look(box, using)
        groups = fields.subject_groups()
        fields.dress(box, using, frozenset(key for _, options in groups for key, _ in options))
        context = {
            "name": name,
            "box": box,
            "modes": list(fields.MODES.items()),
            "groups": groups,
            "kinds": _event_kinds(groups),
            "words": typed if typed is not None else using.write_words(node) if node else "",
            "problem": problem,
            "segment": self.segment(),
            "title": self.title,
            "templates": [(key, label) for key, (label, _) in TEMPLATES.items()] if not self.segment() else [],
            **looked,
        }
        target = self.request.headers.get("HX-Target", "")
        fragment = {"preview": "customers/_segment_counted.html", "rule": "customers/_segment_reshaped.html"}
        template = fragment.get(target, self.template_name) if is_htmx(self.request) else self.template_name
        return self.draw(template, context, 200 if is_htmx(self.request) else status)

    def _look(self, box: fields.Box, using: Grammar) -> tuple[dict[str, Any], Node | None]:
        """The count and what stands beside it; without a figure while a condition is not finished."""
        try:
            node = using.read(fields.rule_of(box, using))
            seen = preview_rule(node=node, grammar=using, now=self.now)
        except RuleError as refusal:
            return {"problems": fields.point_out(box, refusal), "unfinished": True}, None
        except DomainError as refusal:
            return {"problems": [refusal.message], "unfinished": True}, None
        everybody = count_everybody()
        reach = [("Match the rules", seen.total), *((one.label, one.reachable) for one in seen.reach)]
        return {
            "seen": seen,
            "share": f"{seen.total * 100 / everybody:.1f}" if everybody else "0",
            "everybody": everybody,
            "bars_rows": reach,
            "why": [(reason.label, people) for reason, people in seen.reach[0].reasons] if seen.reach else [],
            "why_channel": seen.reach[0].label if seen.reach else "",
            "has_steps": isinstance(node, Group) and node.mode == "all" and len(node.nodes) > 1,
            "sample": self._sample(seen.sample_ids),
            "users": used_by(segment) if (segment := self.segment()) else [],
        }, node

    def _sample(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        return [
            {
                "url": reverse("console:customer", args=[row.public_id]),
                "name": shown_name(row, self.reader),
                "email": shown_email(row, self.reader),
                "row": row,
            }
            for row in sample_rows(ids)
        ]


class NewSegment(_Builder):
    """Define one; it starts with one condition, with a template or with the rule of another segment."""

    name, title = "segment-new", "New segment"

    def start(self, using: Grammar) -> tuple[str, fields.Box]:
        """One condition to fill in, or the template or segment that the address names."""
        template = TEMPLATES.get(self.request.GET.get("start", ""))
        if template:
            return template[0], fields.box_of(using.read(template[1]))
        if like := self.request.GET.get("like"):
            found = find_segment(like)
            if found.rule is not None:
                return f"{found.name[:110]} (copy)", fields.box_of(from_json(found.rule))
        return "", fields.Box("r", "all", [fields.first_line("r.0")])

    def store(self, name: str, rule: dict[str, Any]) -> Segment:
        """Define."""
        return define_segment(name=name, rule=rule, by=self.actor, now=self.now)


class EditSegment(_Builder):
    """Change one."""

    name, title = "segment-edit", "Edit segment"

    def segment(self) -> Segment | None:
        """The segment of the address."""
        if not hasattr(self, "_segment"):
            self._segment = find_segment(self.kwargs["slug"])
        return self._segment

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The stored rule; lists and snapshots have none to edit."""
        found = find_segment(self.kwargs["slug"])
        if found.kind != SegmentKind.DYNAMIC:
            messages.warning(request, "Only a dynamic segment has a rule to edit.")
            return HttpResponseRedirect(reverse("console:segment", args=[found.slug]))
        return super().get(request, *args, **kwargs)

    def start(self, using: Grammar) -> tuple[str, fields.Box]:
        """The stored rule, also when it can no longer be evaluated: what is wrong is then marked."""
        found = find_segment(self.kwargs["slug"])
        return found.name, fields.box_of(from_json(found.rule or {}))

    def store(self, name: str, rule: dict[str, Any]) -> Segment:
        """Change."""
        found = find_segment(self.kwargs["slug"])
        values = {"name": name} | ({"rule": rule} if rule != found.rule else {})
        return change_segment(segment=found, values=values, by=self.actor, now=self.now)

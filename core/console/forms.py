"""Forms of the console: Tabler's looks, and refusals of the domain shown beside the field they are about."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms

from core.errors import DomainError

_CLASSES: Final[Mapping[type[forms.Widget], str]] = {
    forms.CheckboxInput: "form-check-input",
    forms.CheckboxSelectMultiple: "form-check-input",
    forms.RadioSelect: "form-check-input",
    forms.Select: "form-select",
    forms.SelectMultiple: "form-select",
    forms.HiddenInput: "",
}


def dress(field: forms.BoundField, size: str = "") -> None:
    """Give the field's widget the class of its kind; `sm` for dense bars."""
    widget = field.field.widget
    base = _CLASSES.get(type(widget), "form-control")
    sized = f"{base} {base}-{size}" if size and base.startswith("form-") else base
    invalid = " is-invalid" if base and field.errors else ""
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} {sized}{invalid}".strip()


class ConsoleForm(forms.Form):
    """A form drawn by `console/_form.html`; what was typed survives every refusal."""

    required_css_class = "required"
    stands_for: ClassVar[Mapping[str, str]] = {"name": "title"}
    """Members of services by the field that asks for them, where the two have different names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def dressed(self) -> "ConsoleForm":
        """The same form, its widgets ready to be drawn; called once per answer, after validation."""
        for field in self:
            dress(field)
        return self

    def refuse(self, error: DomainError) -> None:
        """Put each problem of a DomainError beside its field, or on top when the form has no such field."""
        problems = [(p.param, p.message) for p in error.details] or [(error.param or "", error.message)]
        for name, message in problems:
            field = name if name in self.fields else self.stands_for.get(name)
            known = field in self.fields
            said = message.removeprefix(f"Invalid '{name}': ") if known else message
            self.add_error(field if known else None, said[:1].upper() + said[1:])


class ReasonForm(ConsoleForm):
    """Asks why; the answer goes into the audit trail."""

    reason = forms.CharField(
        label="Reason",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the audit log. Do not write personal data here.",
    )


class NoteForm(ConsoleForm):
    """Nothing to fill in: the button is the answer."""

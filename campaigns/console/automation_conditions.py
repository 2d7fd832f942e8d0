"""Form fields for what is listened for: which of it counts, and what it is about."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from campaigns.rules.automations.conditions import ConditionFault, is_path, read_conditions, write_conditions

_HELP: Final = (
    "Leave it empty to hear all of it, or write one condition a line; all of them must hold: value at least 50, or "
    'properties.url contains "cart". There are is, is not, contains, at least, at most and is set. An order has value, '
    "currency and orderId; an event what was sent with it, such as value, elementId and its properties."
)


class ConditionsField(forms.CharField):
    """Conditions in words, one a line; a list of conditions when cleaned."""

    widget = forms.Textarea

    def __init__(self) -> None:
        super().__init__(
            label="Only where", required=False, max_length=4_000, help_text=_HELP, widget=forms.Textarea({"rows": 3})
        )

    def prepare_value(self, value: Any) -> Any:
        """Stored conditions in words; what was typed stays as it is."""
        return write_conditions(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The conditions; refused with the line that is none."""
        try:
            return read_conditions(super().clean(value))
        except ConditionFault as fault:
            raise forms.ValidationError(str(fault)) from fault


class MemberField(forms.CharField):
    """The name of a member, such as properties.cartId."""

    def clean(self, value: Any) -> Any:
        """The name; refused when it can be none."""
        name = super().clean(value)
        if name and not is_path(name):
            raise forms.ValidationError(f"“{name[:60]}” is no member: write its name, such as properties.cartId.")
        return name


def narrowed(trigger: dict[str, Any], conditions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The trigger with these conditions."""
    return {**trigger, "where": list(conditions)} if conditions else trigger


def refuse_on_segment(form: forms.Form, choice: str) -> None:
    """Coming into a segment has no members: a condition on it is an error beside the field."""
    if choice.startswith("segment:") and form.cleaned_data.get("where"):
        form.add_error("where", "Coming into a segment has no conditions: put them into the segment itself.")

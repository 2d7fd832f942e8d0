"""Form fields for what is listened for: which of it counts, and what it is about."""

from collections.abc import Mapping, Sequence
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

    def __init__(self, label: str = "Only where", help_text: str = _HELP) -> None:
        area = forms.Textarea({"rows": 3})
        super().__init__(label=label, required=False, max_length=4_000, help_text=help_text, widget=area)

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


def narrowed(trigger: Mapping[str, Any], conditions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The trigger with these conditions and no others."""
    bare = {name: value for name, value in trigger.items() if name != "where"}
    return {**bare, "where": list(conditions)} if conditions else bare


def is_segment(choice: str) -> bool:
    """Whether what is listened for is that somebody comes into a segment, which has no members to ask about."""
    return choice.startswith("segment:")


def refuse_on_segments(form: forms.Form, choices: Sequence[str], field: str = "where") -> None:
    """Conditions on nothing but coming into a segment are an error beside the field."""
    if form.cleaned_data.get(field) and all(is_segment(choice) for choice in choices):
        form.add_error(field, "Coming into a segment has no conditions: put them into the segment itself.")

"""Bringing the members of a list: a file or pasted ids, then the steps of every import."""

from typing import Any

from django import forms
from django.urls import reverse

from core.console.forms import ConsoleForm
from core.console.views import FormPage, Step
from core.errors import InvalidInput
from customers.console.imports import address
from customers.console.segment_builder import CHANGE
from customers.models import ImportFile, ImportTarget, Segment
from customers.rules.pasted import as_csv
from customers.selectors.segments.listing import find_segment
from customers.services.imports import stage_import

MODES = (
    ("add", "Join those who are on the list"),
    ("replace", "Take their place: whoever is not in the file leaves the list"),
)


class UploadForm(ConsoleForm):
    """A file, or what was pasted, and what it does to the list."""

    file = forms.FileField(
        label="CSV file",
        required=False,
        help_text="Columns with external or public ids, e-mail addresses or phone numbers, known by their names.",
    )
    pasted = forms.CharField(
        label="Or paste them",
        required=False,
        max_length=2_000_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Ids, e-mail addresses and phone numbers with +, one a line or parted by commas.",
    )
    mode = forms.ChoiceField(label="They", choices=MODES, initial="add", widget=forms.RadioSelect)


class UploadList(FormPage):
    """Step 1: who shall be on the list."""

    name, title, permission = "segment-upload", "Upload members", CHANGE
    form_class, submit_label, success = UploadForm, "Continue", ""
    template_name = "customers/list_upload.html"
    steps = tuple(Step(label) for label in ("File", "Columns", "Try", "Import"))

    def segment(self) -> Segment:
        """The list of the address."""
        return find_segment(self.kwargs["slug"])

    def extra(self) -> dict[str, Any]:
        """The list."""
        return {"segment": self.segment()}

    def save(self, form: UploadForm) -> ImportFile:
        """Stage what was brought."""
        upload, pasted = form.cleaned_data["file"], form.cleaned_data["pasted"].strip()
        if bool(upload) == bool(pasted):
            raise InvalidInput("Choose a file, or paste ids: one of the two.", param="file")
        return stage_import(
            chunks=upload.chunks() if upload else [as_csv(pasted)],
            file_name=upload.name if upload else "pasted.csv",
            target=ImportTarget.MEMBERS,
            segment=self.segment(),
            replaces=form.cleaned_data["mode"] == "replace",
            by=self.actor,
            now=self.now,
        )

    def success_url(self, result: ImportFile) -> str:
        """The columns; what was pasted needs none to be named."""
        return address("import-try" if result.file_name == "pasted.csv" else "import-columns", result)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:segment", args=[self.kwargs["slug"]])

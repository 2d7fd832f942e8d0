"""Consent from OneTrust and to it: a file comes in by the steps of every import, a file goes out for one company."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse

from consent.services.onetrust_export import IDENTIFIERS, Wish, check_wish, stream_onetrust
from consent.services.onetrust_files import stage_onetrust
from core.console.forms import ConsoleForm
from core.console.pages import Page
from core.console.views import ActionPage, FormPage, Step
from core.errors import DomainError, NotFound, Problem
from core.models import Job
from customers.models import ImportFile, ImportTarget
from customers.selectors.imports import find_import, values_in
from customers.selectors.purposes import list_purposes
from customers.selectors.recipients import recipient_choices
from customers.services.imports import start_import, state_basis

RECORD: Final = "consent.record_consent"
MOST_PURPOSES: Final = 50
_STEPS: Final = (("Purposes", "onetrust-purposes"), ("Try", "onetrust-try"), ("Import", "onetrust-start"))


class FileForm(ConsoleForm):
    """The file as OneTrust wrote it."""

    file = forms.FileField(
        label="CSV or JSON file",
        help_text="CSV: the report of data subjects and purposes. JSON: pages of data subjects, or receipts.",
    )


class BringOneTrust(FormPage):
    """Step 1: the file."""

    name, title, permission = "onetrust-new", "Consent from OneTrust", RECORD
    form_class, submit_label, success = FileForm, "Upload", ""
    steps = (Step("File"), *(Step(label) for label, _ in _STEPS))

    def save(self, form: FileForm) -> ImportFile:
        """Stage it."""
        upload = form.cleaned_data["file"]
        return stage_onetrust(chunks=upload.chunks(), file_name=upload.name, by=self.actor, now=self.now)

    def success_url(self, result: ImportFile) -> str:
        """Which purpose is which."""
        return reverse("console:onetrust-purposes", args=[result.public_id])

    def cancel_url(self) -> str:
        """The ledger."""
        return reverse("console:consent-ledger")


class _OfFile(FormPage, abstract=True):
    """A step about a staged file of decisions; its page is that of every import."""

    success = ""

    @property
    def file(self) -> ImportFile:
        """The file of this address; NotFound for one of another kind."""
        file = find_import(public_id=self.kwargs["public_id"])
        if file.target != ImportTarget.CONSENTS:
            raise NotFound("There is no such file.")
        return file

    @property
    def steps(self) -> Sequence[Step]:  # type: ignore[override]
        """All four, with their addresses."""
        of_file = [Step(label, reverse(f"console:{name}", args=[self.kwargs["public_id"]])) for label, name in _STEPS]
        return [Step("File"), *of_file]

    def cancel_url(self) -> str:
        """The page of the file."""
        return reverse("console:import", args=[self.kwargs["public_id"]])

    def success_url(self, result: Any) -> str:
        """Its progress."""
        return self.cancel_url()


class PurposesForm(ConsoleForm):
    """Which purpose here each one of the file is, and which words people were shown."""

    reference = forms.CharField(
        label="Where it was given",
        max_length=120,
        help_text="For rows without a receipt, for example onetrust-2026. Letters, digits and . _ : / # + - only.",
    )

    def __init__(self, *args: Any, theirs: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._theirs, self._ours = list(theirs), list_purposes()
        choices = [("", "Leave out"), *((one.key, one.name) for one in self._ours)]
        for at, name in enumerate(self._theirs):
            label = f"“{name}” is"
            self.fields[f"purpose_{at}"] = forms.ChoiceField(label=label, required=False, choices=choices)
        for one in self._ours:
            self.fields[f"notice.{one.key}"] = forms.ChoiceField(
                label=f"Words shown: {one.name}", required=False, choices=[("", "Not in this file"), *one.notices]
            )

    def clean(self) -> dict[str, Any]:
        """Beside each chosen purpose stand the words that people were shown."""
        data: dict[str, Any] = super().clean() or {}
        for key in {data.get(f"purpose_{at}") for at in range(len(self._theirs))} - {None, ""}:
            if not data.get(f"notice.{key}"):
                self.add_error(f"notice.{key}", "Choose the words that people were shown (GDPR Art. 7(1)).")
        return data

    def basis(self) -> dict[str, Any]:
        """What the services take."""
        data = self.cleaned_data
        meant = {name: data[f"purpose_{at}"] for at, name in enumerate(self._theirs) if data[f"purpose_{at}"]}
        notices = {key: data[f"notice.{key}"] for key in meant.values()}
        return {"purposes": meant, "notice": notices, "reference": data["reference"]}

    def refuse(self, error: DomainError) -> None:
        """Beside the fields of this form, which are members of the basis."""
        error.details = tuple(
            Problem(problem.param.removeprefix("consent_basis."), problem.code, problem.message)
            for problem in error.details
        )
        error.param = (error.param or "").removeprefix("consent_basis.")
        super().refuse(error)


class OneTrustPurposes(_OfFile):
    """Step 2: which purpose is which, and on what words it rests."""

    name, title, permission = "onetrust-purposes", "Purposes", RECORD
    form_class, submit_label = PurposesForm, "Continue"

    @property
    def theirs(self) -> list[str]:
        """The names of purposes in the file."""
        return values_in(file=self.file, field="purpose", most=MOST_PURPOSES)

    def form_kwargs(self) -> dict[str, Any]:
        """The names to be said something about."""
        return {"theirs": self.theirs}

    def initial(self) -> dict[str, Any]:
        """What was stated, else what the names say."""
        stated = self.file.consent_basis
        known = {text.casefold(): one.key for one in list_purposes() for text in (one.key, one.name)}
        meant: dict[str, str] = stated.get("purposes") or {}
        chosen = {
            f"purpose_{at}": meant.get(name, known.get(name.casefold(), "")) for at, name in enumerate(self.theirs)
        }
        notices = {f"notice.{key}": notice for key, notice in stated.get("notice", {}).items()}
        return chosen | notices | {"reference": stated.get("reference", "")}

    def save(self, form: PurposesForm) -> ImportFile:
        """State it."""
        return state_basis(file=self.file, basis=form.basis(), now=self.now)

    def success_url(self, result: ImportFile) -> str:
        """The rehearsal."""
        return reverse("console:onetrust-try", args=[result.public_id])


class TryOneTrust(_OfFile, ActionPage):
    """Step 3: the whole file is gone through, and nothing is recorded."""

    name, title, permission = "onetrust-try", "Try", RECORD
    submit_label = "Try the whole file"

    def question(self) -> str:
        """What happens."""
        return (
            "Every row is read and checked as in the real import; nothing is recorded. You see the figures at the end."
        )

    def save(self, form: ConsoleForm) -> Job:
        """Start the rehearsal."""
        return start_import(file=self.file, dry_run=True, by=self.actor, now=self.now)


class StartForm(ConsoleForm):
    """Whether content that was imported before is meant."""

    again = forms.BooleanField(label="Import it even if the same file was imported before", required=False)


class StartOneTrust(_OfFile, ActionPage):
    """Step 4: the decisions are recorded."""

    name, title, permission = "onetrust-start", "Import", RECORD
    form_class, submit_label = StartForm, "Import"

    def question(self) -> str:
        """What happens."""
        return (
            "Each decision goes into the ledger with its instant, and with this file as its evidence. What people told "
            "us here is never replaced. You can pause or stop at any time; what is recorded by then stays."
        )

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What the rehearsal found, if there was one."""
        file = self.file
        if file.job is None or not file.dry_run:
            return (("Rehearsal", "none yet"),)
        words = {"Recorded": file.created, "Changes nothing": file.unchanged, "Refused": file.refused}
        return [(label, f"{count:,}") for label, count in words.items()]

    def save(self, form: StartForm) -> Job:
        """Start it."""
        again = form.cleaned_data["again"]
        return start_import(file=self.file, dry_run=False, again=again, by=self.actor, now=self.now)


class WishForm(ConsoleForm):
    """For whom, named by what, and by which names purposes are known there."""

    recipient = forms.ChoiceField(
        label="For", help_text="A company whose agreement holds; enter it under Processors first."
    )
    identifier = forms.ChoiceField(label="People are named by", choices=list(IDENTIFIERS.items()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].choices = recipient_choices()  # type: ignore[attr-defined]
        self._ours = list_purposes()
        for one in self._ours:
            self.fields[f"name.{one.key}"] = forms.CharField(
                label=f"{one.name} is known there as", required=False, max_length=120
            )

    def wish(self) -> Wish:
        """What is asked for."""
        data = self.cleaned_data
        names = {one.key: data[f"name.{one.key}"] for one in self._ours if data[f"name.{one.key}"]}
        return Wish(names, data["recipient"], data["identifier"])


class HandToOneTrust(FormPage):
    """Where people stand, as a file that OneTrust imports."""

    name, title, permission = "onetrust-export", "Consent to OneTrust", RECORD
    form_class, submit_label, success = WishForm, "Download", ""

    def save(self, form: WishForm) -> Wish:
        """Ask whether it may be written now."""
        wish = form.wish()
        check_wish(wish=wish, now=self.now)
        return wish

    def success_url(self, result: Wish) -> str:
        """The file."""
        names = [("purpose", f"{ours}={theirs}") for ours, theirs in result.purposes.items()]
        query = urlencode([("recipient", result.recipient), ("identifier", result.identifier), *names])
        return f"{reverse('console:onetrust-file')}?{query}"

    def cancel_url(self) -> str:
        """The ledger."""
        return reverse("console:consent-ledger")


class OneTrustFile(Page):
    """The file; asks for the password again, and stands in the audit log and in the disclosure ledger."""

    name, title, permission = "onetrust-file", "Consent to OneTrust", RECORD
    step_up, downloads = True, True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """Streamed, a thousand rows at a time."""
        pairs = [text.partition("=") for text in request.GET.getlist("purpose")[:MOST_PURPOSES]]
        purposes = {ours: theirs for ours, _, theirs in pairs if theirs}
        wish = Wish(purposes, request.GET.get("recipient", ""), request.GET.get("identifier", "email"))
        rows: Iterator[str] = stream_onetrust(wish=wish, by=self.actor, now=self.now)
        headers = {"Content-Disposition": 'attachment; filename="consent.csv"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)

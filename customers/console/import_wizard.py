"""Bringing a file in, step by step: file, columns, consent, try, import; every step has an address of its own."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.urls import reverse

from core.console.cells import MASK
from core.console.forms import ConsoleForm, NoteForm
from core.console.pages import MissingPermission
from core.console.views import ActionPage, FormPage, Step
from core.errors import DomainError, NotFound, Problem
from core.models import Job
from customers.console.imports import IMPORT, address, counts_of
from customers.console.segment_builder import CHANGE
from customers.console.words import PII
from customers.models import ImportFile, ImportTarget
from customers.rules.conversions import DATE_ORDERS
from customers.rules.mapping import CONSENT, CONSENT_PREFIX, Mapping
from customers.selectors.import_steps import preparing_of
from customers.selectors.imports import find_import, first_rows, header_drift, target_of
from customers.selectors.purposes import list_purposes
from customers.services.import_undo import start_undo
from customers.services.imports import map_import, reread_import, stage_import, start_import, state_basis

PREVIEW_ROWS: Final = 20
_STEPS: Final[tuple[tuple[str, str], ...]] = (
    ("Columns", "import-columns"),
    ("Consent", "import-consent"),
    ("Try", "import-try"),
    ("Import", "import-start"),
)
_DATES: Final = {
    "iso": "2026-12-31 (ISO 8601)",
    "ymd": "2026/12/31",
    "dmy": "31.12.2026 or 31/12/2026",
    "mdy": "12/31/2026",
}
_UNUSED: Final = {
    ImportTarget.CUSTOMERS.value: ("rows", "currency"),
    ImportTarget.PURCHASES.value: ("region", "update"),
    ImportTarget.MEMBERS.value: ("date_format", "decimal", "time_zone", "currency", "rows", "update"),
}
"""Questions about how values are written that files of this kind do not ask."""
_ENCODINGS: Final = ("", "utf-8", "utf-16", "cp1252", "cp1250", "iso-8859-15", "mac_roman")
_DELIMITERS: Final = (("", "As found"), (",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Bar"))


class FileForm(ConsoleForm):
    """The file and what its rows are."""

    target = forms.ChoiceField(
        label="The rows are",
        choices=[(one.value, one.label) for one in (ImportTarget.CUSTOMERS, ImportTarget.PURCHASES)],
    )
    file = forms.FileField(label="CSV file")
    encoding = forms.ChoiceField(
        label="Encoding", required=False, choices=[(name, name or "As found") for name in _ENCODINGS]
    )
    delimiter = forms.ChoiceField(label="Delimiter", required=False, choices=_DELIMITERS)


class NewImport(FormPage):
    """Step 1: the file."""

    name, title, permission = "import-new", "File", IMPORT
    form_class, submit_label, success = FileForm, "Upload", ""
    template_name = "customers/import_file.html"
    steps = (Step("File"), *(Step(label) for label, _ in _STEPS))

    def save(self, form: FileForm) -> ImportFile:
        """Stage the upload."""
        upload = form.cleaned_data["file"]
        return stage_import(
            chunks=upload.chunks(),
            file_name=upload.name,
            target=form.cleaned_data["target"],
            encoding=form.cleaned_data["encoding"],
            delimiter=form.cleaned_data["delimiter"],
            by=self.actor,
            now=self.now,
        )

    def success_url(self, result: ImportFile) -> str:
        """The columns."""
        return address("import-columns", result)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:imports")


class _OfFile(FormPage, abstract=True):
    """A step about a staged file."""

    success = ""

    @property
    def file(self) -> ImportFile:
        """The file of this address; NotFound for one that is prepared elsewhere."""
        file = find_import(public_id=self.kwargs["public_id"])
        if preparing_of(file.target):
            raise NotFound("Files of this kind are prepared on screens of their own.")
        return file

    @property
    def steps(self) -> Sequence[Step]:  # type: ignore[override]
        """All five, with their addresses; members of a list state no consent."""
        asked = [step for step in _STEPS if step[0] != "Consent" or self.file.segment_id is None]
        of_file = [Step(label, reverse(f"console:{name}", args=[self.kwargs["public_id"]])) for label, name in asked]
        return [Step("File"), *of_file]

    def check_list(self) -> None:
        """Whoever brings members onto a list must be allowed to change it as well."""
        if self.file.segment_id and not self.reader.has_perm(CHANGE):
            raise MissingPermission(CHANGE)

    def cancel_url(self) -> str:
        """The page of the file."""
        return reverse("console:import", args=[self.kwargs["public_id"]])


class ColumnsForm(ConsoleForm):
    """A field for each column of the file, then how values are written."""

    date_format = forms.ChoiceField(label="Dates are written", choices=[(name, _DATES[name]) for name in DATE_ORDERS])
    decimal = forms.ChoiceField(
        label="Decimals",
        required=False,
        choices=[("", "Plain numbers"), (".", "Point: 1,234.50"), (",", "Comma: 1.234,50")],
    )
    time_zone = forms.CharField(label="Times without offset are in", initial="UTC")
    region = forms.CharField(label="Country of phone numbers without +", required=False, max_length=2)
    currency = forms.CharField(label="Currency of all amounts", required=False, max_length=3)
    rows = forms.ChoiceField(
        label="Each row is", choices=[("orders", "A whole order or customer"), ("lines", "One line of an order")]
    )
    update = forms.BooleanField(label="Change customers who are known already", required=False)
    encoding = forms.ChoiceField(
        label="Read again as", required=False, choices=[(name, name or "Keep") for name in _ENCODINGS]
    )

    def __init__(self, *args: Any, file: ImportFile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purposes = {CONSENT_PREFIX + one.key: f"consent: {one.name}" for one in list_purposes()}
        names = [("", "Ignore"), *((name, purposes.get(name, name)) for name in target_of(file.target).fields)]
        self._headers = list(file.headers)
        own = dict(self.fields)
        self.fields.clear()
        for at, header in enumerate(self._headers):
            self.fields[f"column_{at}"] = forms.ChoiceField(label=header, required=False, choices=names)
        self.fields.update(own)
        for name in _UNUSED[file.target]:
            del self.fields[name]

    def mapping(self, stored: dict[str, Any]) -> dict[str, Any]:
        """What the services take."""
        data = self.cleaned_data
        columns = {header: data[f"column_{at}"] for at, header in enumerate(self._headers) if data[f"column_{at}"]}
        options = {name: data[name] for name in Mapping().to_json() if name in data}
        return stored | options | {"columns": columns, "decimal": data.get("decimal") or None}


class MapColumns(_OfFile):
    """Step 2: what the columns mean."""

    name, title, permission = "import-columns", "Columns", IMPORT
    form_class, submit_label = ColumnsForm, "Continue"
    template_name = "customers/import_columns.html"

    def form_kwargs(self) -> dict[str, Any]:
        """The columns of the file."""
        return {"file": self.file}

    def initial(self) -> dict[str, Any]:
        """The stored or proposed mapping."""
        file = self.file
        columns = file.mapping.get("columns", {})
        mapped = {f"column_{at}": columns.get(header, "") for at, header in enumerate(file.headers)}
        options = {name: value or "" for name, value in file.mapping.items() if name != "columns"}
        return mapped | options | {"update": file.mapping.get("update", True)}

    def save(self, form: ColumnsForm) -> ImportFile:
        """Store the mapping; or read the file with another encoding first."""
        encoding = form.cleaned_data["encoding"]
        if encoding and encoding != self.file.dialect["encoding"]:
            delimiter = self.file.dialect["delimiter"]
            self.reread = True
            return reread_import(file=self.file, encoding=encoding, delimiter=delimiter, now=self.now)
        return map_import(file=self.file, mapping=form.mapping(dict(self.file.mapping)), now=self.now)

    def success_url(self, result: ImportFile) -> str:
        """Consent; the columns once more when the file was read anew."""
        if getattr(self, "reread", False):
            return address("import-columns", result)
        return address("import-try" if result.target == ImportTarget.MEMBERS else "import-consent", result)

    def extra(self) -> dict[str, Any]:
        """The first rows, masked without the right to personal data, and everything worth a warning."""
        file = self.file
        sees, drift = self.reader.has_perm(PII), header_drift(file)
        rows = first_rows(file=file, count=PREVIEW_ROWS)
        return {
            "file": file,
            "preview": rows if sees else [[MASK if cell else "" for cell in row] for row in rows],
            "warnings": [*file.dialect["warnings"], *([drift.sentence] if drift else [])],
        }


class BasisForm(ConsoleForm):
    """What consent in the file rests on: asked only for the columns that are mapped to consent."""

    purposes = forms.MultipleChoiceField(
        label="The people were asked about", required=False, widget=forms.CheckboxSelectMultiple
    )
    reference = forms.CharField(
        label="Where it was given",
        required=False,
        max_length=120,
        help_text="Form, event or contract, for example fair-berlin-2026. Letters, digits and . _ : / # + - only.",
    )
    collected_at = forms.DateField(
        label="When it was given", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    doi_done = forms.BooleanField(label="Each yes was confirmed by a second step (double opt-in)", required=False)
    wording = forms.CharField(
        label="Words that people were shown",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Needed where no notice is chosen. Words that are no published notice are kept as proof, but a yes "
        "to them allows nothing.",
    )

    def __init__(self, *args: Any, file: ImportFile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = set(file.mapping.get("columns", {}).values())
        self._mapped = [one for one in list_purposes() if {CONSENT, CONSENT_PREFIX + one.key} & columns]
        if CONSENT in columns:
            self.fields["purposes"].choices = [(one.key, one.name) for one in self._mapped]  # type: ignore[attr-defined]
        else:
            del self.fields["purposes"]
        words = self.fields.pop("wording")
        for one in self._mapped:
            self.fields[f"notice.{one.key}"] = forms.ChoiceField(
                label=f"Notice shown: {one.name}", required=False, choices=[("", "Other words"), *one.notices]
            )
        self.fields["wording"] = words
        self.fields["reference"].required = True
        if not self._mapped:
            self.fields.clear()

    def basis(self) -> dict[str, Any]:
        """What the services take."""
        data = self.cleaned_data
        filled = {name: data[name] for name in ("purposes", "reference", "doi_done", "wording") if data.get(name)}
        if at := data.get("collected_at"):
            filled["collected_at"] = at.isoformat()
        notices = {one.key: data[f"notice.{one.key}"] for one in self._mapped if data.get(f"notice.{one.key}")}
        return filled | ({"notice": notices} if notices else {})

    def refuse(self, error: DomainError) -> None:
        """Beside the fields of this form, which are members of the basis."""
        error.details = tuple(
            Problem(problem.param.removeprefix("consent_basis."), problem.code, problem.message)
            for problem in error.details
        )
        error.param = (error.param or "").removeprefix("consent_basis.")
        super().refuse(error)


class StateBasis(_OfFile):
    """Step 3: the basis of consent; needed when a column is mapped to consent."""

    name, title, permission = "import-consent", "Consent", IMPORT
    form_class, submit_label = BasisForm, "Continue"
    template_name = "customers/import_consent.html"

    def form_kwargs(self) -> dict[str, Any]:
        """The file, whose mapping says what to ask."""
        return {"file": self.file}

    def initial(self) -> dict[str, Any]:
        """What was stated."""
        stated = dict(self.file.consent_basis)
        return stated | {f"notice.{key}": notice for key, notice in stated.get("notice", {}).items()}

    def extra(self) -> dict[str, Any]:
        """Whether there is anything to ask."""
        columns = self.file.mapping.get("columns", {})
        stating = [h for h, name in columns.items() if name == CONSENT or name.startswith(CONSENT_PREFIX)]
        return {"columns": stating}

    def save(self, form: BasisForm) -> ImportFile:
        """State it."""
        return state_basis(file=self.file, basis=form.basis(), now=self.now)

    def success_url(self, result: ImportFile) -> str:
        """The rehearsal."""
        return address("import-try", result)


class TryImport(_OfFile, ActionPage):
    """Step 4: the whole file is gone through, and nothing is stored."""

    name, title, permission = "import-try", "Try", IMPORT
    submit_label = "Try the whole file"

    def question(self) -> str:
        """What happens."""
        return "Every row is read and checked as in the real import; nothing is stored. You see the figures at the end."

    def save(self, form: ConsoleForm) -> Job:
        """Start the rehearsal."""
        self.check_list()
        return start_import(file=self.file, dry_run=True, by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """Its progress."""
        return self.cancel_url()


class StartForm(ConsoleForm):
    """Whether content that was imported before is meant."""

    again = forms.BooleanField(label="Import it even if the same file was imported before", required=False)


class StartImport(_OfFile, ActionPage):
    """Step 5: the rows are stored."""

    name, title, permission = "import-start", "Import", IMPORT
    form_class, submit_label = StartForm, "Import"

    def question(self) -> str:
        """What happens."""
        if segment := self.file.segment:
            what = "take the place of everybody on" if self.file.replaces else "join"
            return f"The customers of this file {what} “{segment.name}”, in one go, when the whole file was read."
        return "The rows are stored in order. You can pause or stop at any time; what is stored by then stays."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What the rehearsal found, if there was one."""
        file = self.file
        if file.job is None or not file.dry_run:
            return (("Rehearsal", "none yet"),)
        return [(label, f"{count:,}") for label, count in counts_of(file)]

    def save(self, form: StartForm) -> Job:
        """Start it."""
        self.check_list()
        return start_import(
            file=self.file, dry_run=False, again=form.cleaned_data["again"], by=self.actor, now=self.now
        )

    def success_url(self, result: Job) -> str:
        """Its progress."""
        return self.cancel_url()


class UndoImport(_OfFile, ActionPage):
    """Take an import back."""

    name, title, permission = "import-undo", "Undo import", IMPORT
    form_class, submit_label, danger = NoteForm, "Undo the import", True
    steps = ()

    def question(self) -> str:
        """What happens, and what does not."""
        if self.file.target == ImportTarget.PURCHASES:
            return "Every order of this file is removed, and the figures of its customers count it no more."
        return (
            "Customers that this file made are deleted, and what it changed about others is as before again. "
            "Whoever was changed or used since then stays as they are. A yes that rests on this file alone is found "
            "invalid, by an entry more in the ledger; a no stays."
        )

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many rows it was."""
        file = self.file
        return (("New", f"{file.created:,}"), ("Changed", f"{file.updated:,}"))

    def save(self, form: ConsoleForm) -> Job:
        """Start it."""
        return start_undo(file=self.file, by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """Its progress."""
        return self.cancel_url()

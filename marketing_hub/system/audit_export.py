"""The audit log as a file: the filtered rows, newest first, written while they are read."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse

from core import audit
from core.console.addresses import Address
from core.console.forms import NoteForm
from core.console.lists import TOO_SLOW, TooSlow, quickly
from core.console.views import Page
from core.errors import InvalidInput
from core.models import AuditEntry
from marketing_hub.system.audit import OWN, AuditFilter, entries_for, who
from marketing_hub.system.people import name_of, names_of

MOST_ROWS: Final = 50_000
BATCH: Final = 1_000
ABOUT: Final = ("actor_kind", "actor_id", "actor", "action", "object")
HEAD: Final = ("id", "at", *ABOUT, "changes", "reason", "ip", "request_id")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


class ExportAudit(Page):
    """Says how many rows it will be, then streams them; the export itself stands in the log."""

    name, title, permission, template_name = "audit-export", "Export the audit log", OWN, "console/confirm.html"
    submit_label, danger = "Download CSV", False

    def get(self, request: HttpRequest) -> HttpResponse:
        """How many rows."""
        count = self._count(self._matching())
        words = f"{count:,} entr{'y' if count == 1 else 'ies'}"
        if count > MOST_ROWS:
            words = f"The newest {MOST_ROWS:,} entries; narrow the dates to get the others"
        question = f"{words} will be written to a CSV file in UTC. The export is recorded in the audit log."
        filters = [(name, ", ".join(values)) for name, values in self._address().filters().items()]
        return self.draw(self.template_name, {"question": question, "consequences": filters, "form": NoteForm()})

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """The file."""
        rows = self._matching()
        count = min(self._count(rows), MOST_ROWS)
        narrowed = {name: ["", ", ".join(values)] for name, values in self._address().filters().items()}
        audit.record(by=self.actor, action="audit.exported", target="audit", changes={"rows": [0, count], **narrowed})
        newest = rows.order_by("-at", "-pk")[:MOST_ROWS].iterator(chunk_size=BATCH)
        response = StreamingHttpResponse(self._lines(newest), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="audit-{self.now:%Y%m%d-%H%M%S}.csv"'
        return response

    def cancel_url(self) -> str:
        """The same rows on the screen."""
        return reverse("console:audit") + self._address().with_()

    def _address(self) -> Address:
        return Address(self.request.GET)

    def _matching(self) -> QuerySet[AuditEntry]:
        """The rows the address asks for; refused when any part of it cannot be understood."""
        filterset = AuditFilter(data=self.request.GET, queryset=entries_for(self.reader), request=self.request)
        if self._address().unknown(filterset.form.fields) or not filterset.form.is_valid():
            raise InvalidInput("A filter of this export is not valid. Go back to the list and correct it.")
        found: QuerySet[AuditEntry] = filterset.qs
        return found

    def _count(self, rows: QuerySet[AuditEntry]) -> int:
        try:
            with quickly():
                return rows.order_by()[: MOST_ROWS + 1].count()
        except TooSlow:
            raise InvalidInput(TOO_SLOW) from None

    def _lines(self, rows: Iterable[AuditEntry]) -> Iterator[str]:
        writer, names = csv.writer(_Line()), dict[str, str]()
        yield writer.writerow(HEAD)
        for entry in rows:
            if who(entry) not in names:
                names |= {who(entry): ""} | names_of([who(entry)], self.reader)
            yield writer.writerow(_harmless(value) for value in _values(entry, name_of(who(entry), names)))


def _values(entry: AuditEntry, name: str) -> tuple[Any, ...]:
    changes = "; ".join(f"{field}: {value}" for field, value in entry.changes.items())
    about = (entry.actor_kind, entry.actor_id, name, entry.action, entry.target)
    return (entry.pk, entry.at.isoformat(), *about, changes, entry.reason, entry.ip or "", entry.request_id)


def _harmless(value: Any) -> str:
    """The value as text that a spreadsheet will not take for a formula (CWE-1236)."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text

"""What is done with each field of the API, as a page of the documentation, written from the registries alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from core import privacy
from customers.rules.fields import PROFILE_FIELDS, PiiClass, ProfileField
from customers.rules.sealed import SEALED_CLASSES
from customers.selectors.answers import DIRECT_IDENTIFIERS
from marketing_hub.access import PERMISSIONS, ROLE_PERMISSIONS, SCOPE_PERMISSIONS, SCOPES

READ, READ_PII, WRITE = "customers:read", "customers.pii:read", "customers:write"
KEPT_OF_TOMBSTONES: Final = ("id", "status", "created_at", "updated_at", "created_via")
"""Fields of a profile that hold a value after erasure: none of them names or describes a person."""
HEAD: Final = """# What is done with each field

Written by `manage.py fieldguide` from the registries that the product works by: the data dictionary, the table of
access, the privacy registry. A test refuses a page that says anything else.

Fields of a customer are stored as they are, custom attributes by their class. *Sealed* means AES-256-GCM under a key of
`FIELD_KEYS`, with a keyed hash to find equal values ([encryption](../operations/encryption.md)).
"""


def field_guide() -> str:
    """The page in Markdown."""
    return "\n".join([HEAD, *_fields(), *_classes(), *_places(), *_scopes()])


def _fields() -> Iterator[str]:
    yield "## Fields of a customer\n"
    rows = (
        [f"`{field.name}`", field.meaning, field.pii_class, *_doors(field), *_laws(field)] for field in PROFILE_FIELDS
    )
    head = ("Field", "Meaning", "Class", "Scope to read", "Scope to write", "Permission to see", "GDPR", "CCPA")
    yield from _table(head, rows)


def _doors(field: ProfileField) -> tuple[str, str, str]:
    scopes = [READ, READ_PII] if field.name in DIRECT_IDENTIFIERS else [READ]
    if field.name == "attributes":
        scopes = [f"{READ}; by class {READ_PII}"]
    seen = "customers.view_pii" if field.name in DIRECT_IDENTIFIERS else SCOPE_PERMISSIONS[READ]
    return " + ".join(scopes), WRITE if field.editable else "", seen


def _laws(field: ProfileField) -> tuple[str, str]:
    erased = "stays in the tombstone" if field.name in KEPT_OF_TOMBSTONES else "emptied by erasure"
    corrected = ", corrected on request (Art. 16)" if field.editable else ""
    gdpr = f"for {field.purpose}, from {field.origin}; in the access package (Art. 15){corrected}; {erased} (Art. 17)"
    limit = "; sensitive (1798.121)" if field.pii_class in SEALED_CLASSES else ""
    return gdpr, f"in requests to know (1798.110); {erased} (1798.105){limit}"


def _classes() -> Iterator[str]:
    yield "\n## Custom attributes, by class\n"
    head = ("Class", "Stored", "Scope to read", "When a person limits its use (1798.121)", "To companies outside")
    yield from _table(head, ([PiiClass(name).label, *_class(name)] for name in PiiClass.values))


def _class(name: str) -> tuple[str, str, str, str]:
    sealed = name in SEALED_CLASSES
    outside = (
        "never: not by webhook, export or their API client"
        if name == PiiClass.CONFIDENTIAL
        else "as the purpose allows"
    )
    scope = READ if name == PiiClass.NONE else f"{READ} + {READ_PII}"
    return "sealed" if sealed else "as it is", scope, "withheld" if sealed else "no change", outside


def _places() -> Iterator[str]:
    yield "\n## Where else personal data lies\n"
    head = ("Place", "What", "Purpose", "Kept", "Sealed columns", "Erasure")
    yield from _table(head, ([f"`{place.name}`", *_place(place)] for place in privacy.places()))


def _place(place: privacy.PersonalData) -> tuple[str, str, str, str, str]:
    names = [field.name for field in place.model._meta.concrete_fields if field.name.endswith("_sealed")]
    sealed = "sensitive attributes" if place.name == "customers.profiles" else ", ".join(f"`{name}`" for name in names)
    return place.category, place.purpose, place.retention, sealed, place.kept_because or "erased or emptied"


def _scopes() -> Iterator[str]:
    yield "\n## Scopes, and who may do the same in the console\n"
    head = ("Scope", "Lets a client", "Permission of staff", "Roles")
    yield from _table(head, ([f"`{scope}`", words, *_staff(scope)] for scope, words in SCOPES.items()))


def _staff(scope: str) -> tuple[str, str]:
    permission = SCOPE_PERMISSIONS[scope]
    roles = sorted(role for role, held in ROLE_PERMISSIONS.items() if permission in held)
    return f"`{permission}`: {PERMISSIONS[permission][0].lower()}", ", ".join(roles) or "superusers"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""

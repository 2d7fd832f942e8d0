"""The data dictionary of a customer profile: what each field means, how personal it is, where it comes from, its use.

Published by API and console, and the base of notices and access answers (GDPR Article 15(1)): a field that is not
described here is not shown. Custom attributes describe themselves in the same words (rules/attributes.py).
"""

from dataclasses import dataclass

from django.db.models.enums import TextChoices

IDENTIFY = "identification"
CONTACT = "communication"
PERSONALISE = "personalisation"
COMPLY = "compliance"
MEASURE = "measurement"
OPERATE = "operation"

_GIVEN = "the person, a form, an import or an API client"
_PURCHASES = "computed from purchases"
_SYSTEM = "set by the system"


class PiiClass(TextChoices):
    """How personal a value is; anything above `none` needs the right to see personal data."""

    NONE = "none", "Not personal"
    PERSONAL = "personal", "Personal"
    SENSITIVE = "sensitive", "Sensitive"
    CONFIDENTIAL = "confidential", "Confidential"


@dataclass(frozen=True, slots=True)
class ProfileField:
    """One field: `type` is text, date, datetime, number, integer, boolean, enum, list or object.

    `pii_class` none is visible to everybody who may see customers, everything else needs the right to personal data.
    `editable` by people and API clients; `filterable` as a parameter of the customer list and in segments.
    """

    name: str
    type: str
    meaning: str
    pii_class: str
    purpose: str
    origin: str
    editable: bool = False
    filterable: bool = True


PROFILE_FIELDS: tuple[ProfileField, ...] = (
    ProfileField("id", "text", "Public id of the customer, cus_ and a random part.", "none", IDENTIFY, _SYSTEM),
    ProfileField(
        "external_id", "text", "Id in the system that owns the customer.", "personal", IDENTIFY, _GIVEN, editable=True
    ),
    ProfileField(
        "email",
        "text",
        "E-mail address: lower case, domain in ASCII (IDNA 2008).",
        "personal",
        CONTACT,
        _GIVEN,
        editable=True,
    ),
    ProfileField("phone", "text", "Phone number, E.164.", "personal", CONTACT, _GIVEN, editable=True),
    ProfileField("first_name", "text", "Given name.", "personal", PERSONALISE, _GIVEN, editable=True),
    ProfileField("last_name", "text", "Family name.", "personal", PERSONALISE, _GIVEN, editable=True),
    ProfileField(
        "country",
        "text",
        "Country of residence, ISO 3166-1 alpha-2; decides which privacy law applies.",
        "none",
        COMPLY,
        _GIVEN,
        editable=True,
    ),
    ProfileField(
        "region",
        "text",
        "State or province, ISO 3166-2 such as US-CA; decides the law where states have their own.",
        "none",
        COMPLY,
        _GIVEN,
        editable=True,
    ),
    ProfileField(
        "language",
        "text",
        "Language to write in, BCP 47 such as en or pt-BR.",
        "none",
        PERSONALISE,
        _GIVEN,
        editable=True,
    ),
    ProfileField(
        "time_zone", "text", "IANA time zone, for quiet hours.", "personal", PERSONALISE, _GIVEN, editable=True
    ),
    ProfileField(
        "birth_date",
        "date",
        "Date of birth, for age limits and greetings.",
        "sensitive",
        COMPLY,
        _GIVEN,
        editable=True,
    ),
    ProfileField(
        "status",
        "enum",
        "active, inactive, or deleted (a tombstone without personal data).",
        "none",
        OPERATE,
        _GIVEN,
        editable=True,
    ),
    ProfileField(
        "attributes",
        "object",
        "Custom attributes; each has a definition with its own class and purpose.",
        "personal",
        PERSONALISE,
        _GIVEN,
        editable=True,
    ),
    ProfileField("tags", "list", "Words put on the customer.", "personal", PERSONALISE, "staff, API, rules or models"),
    ProfileField("segments", "list", "Segments that the customer is in.", "personal", PERSONALISE, "computed by rules"),
    ProfileField("created_at", "datetime", "When the customer became known to us.", "none", OPERATE, _SYSTEM),
    ProfileField("updated_at", "datetime", "When the profile last changed.", "none", OPERATE, _SYSTEM),
    ProfileField("last_seen_at", "datetime", "Latest stored event.", "personal", MEASURE, "computed from events"),
    ProfileField("orders_count", "integer", "Number of orders, refunds apart.", "personal", MEASURE, _PURCHASES),
    ProfileField("orders_total", "number", "Sum of orders and refunds.", "personal", MEASURE, _PURCHASES),
    ProfileField("orders_currency", "text", "ISO 4217 currency of the sum.", "none", MEASURE, _PURCHASES),
    ProfileField(
        "last_purchase", "object", "Latest order: order_id, amount, currency, date.", "personal", MEASURE, _PURCHASES
    ),
    ProfileField(
        "consent",
        "object",
        "Answer per purpose and channel, projected from the ledger.",
        "personal",
        COMPLY,
        "the consent ledger",
    ),
    ProfileField(
        "engagement",
        "object",
        "Counts and latest times of views, clicks and opens.",
        "personal",
        MEASURE,
        "computed from events",
    ),
    ProfileField(
        "created_via", "text", "Which import, client or member of staff brought the customer.", "none", OPERATE, _SYSTEM
    ),
)

DICTIONARY: dict[str, ProfileField] = {field.name: field for field in PROFILE_FIELDS}


def personal_fields() -> frozenset[str]:
    """Names of the fields that only people with the right to personal data may see."""
    return frozenset(field.name for field in PROFILE_FIELDS if field.pii_class != "none")

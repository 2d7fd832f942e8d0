"""Which column of a file means which field: by the name of the column, never by its position."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, Literal, NamedTuple, Self, get_args
from zoneinfo import ZoneInfo

from customers.rules.attributes import AttributeRule
from customers.rules.conversions import DATE_ORDERS, DecimalMark, known_time_zones
from customers.rules.countries import COUNTRY_NAMES

TargetName = Literal["customers", "purchases", "members", "consents"]
RowMode = Literal["orders", "lines"]
ATTRIBUTE_PREFIX = "attributes."
CONSENT, CONSENT_PREFIX = "consent", "consent."

# Names of columns, best first, in the form of `_fold`, for each field that may be recognised without asking. Seen in
# exports of Mailchimp, Shopify, HubSpot, Google Contacts, Outlook and Salesforce, and in German, French and Spanish.
# Consent and status are never recognised by name: they need a person who says what the column means.
_SYNONYMS: dict[str, dict[str, str]] = {
    "customers": {
        "external_id": "externalid customerid customernumber userid contactid recordid leadid subscriberid memberid "
        "clientid euid id",
        "email": "emailaddress email email1value emailaddr mail emailadresse adressemail adressedemessagerie "
        "correoelectronico correo",
        "phone": "mobilephone mobilephonenumber mobile mobilenumber phone phonenumber cellphone cell telephone "
        "telephonenumber telefon telefonnummer handy telefono phone1value defaultaddressphone homephone",
        "first_name": "firstname givenname forename fname vorname prenom nombre",
        "last_name": "lastname familyname surname lname nachname nom apellidos apellido",
        "country": "countrycode defaultaddresscountrycode country countryregion cc businesscountryregion land pays "
        "pais",
        "region": "regioncode provincecode defaultaddressprovincecode statecode state province stateregion region",
        "language": "language languagecode locale sprache langue idioma",
        "time_zone": "timezone tz zeitzone",
        "birth_date": "birthday birthdate dateofbirth dob geburtstag geburtsdatum datedenaissance",
        "created_at": "createdat createdate createddate created signupdate registeredat customersince",
        "tags": "tags tag labels",
    },
    "purchases": {
        "order_id": "orderid ordernumber orderno invoiceno invoicenumber invoiceid invoice transactionid order "
        "bestellnummer rechnungsnummer",
        "external_id": "externalid customerid customernumber userid contactid clientid kundennummer",
        "email": "emailaddress email customeremail mail emailadresse",
        "purchased_at": "purchasedat purchasedate orderdate orderedat invoicedate paidat processedat createdat date "
        "bestelldatum rechnungsdatum",
        "amount": "amount total ordertotal totalamount totalprice grandtotal linetotal lineamount revenue betrag summe",
        "quantity": "quantity qty lineitemquantity menge anzahl",
        "unit_price": "unitprice price lineitemprice einzelpreis preis",
        "currency": "currency currencycode wahrung devise moneda",
    },
}
# Seen in reports of OneTrust on data subjects, purposes and receipts.
_SYNONYMS["consents"] = {
    "who": "identifier datasubjectidentifier datasubject email emailaddress",
    "kind": "identifiertype datasubjectidentifiertype",
    "purpose": "purposename purpose purposelabel name purposeid id",
    "status": "purposestatus transactiontype status consentstatus transactionstatus",
    "at": "interactiondate lastinteractiondate transactiondate lasttransactiondate consentdate receiptdate "
    "lastupdateddate",
    "form": "collectionpointid lasttransactioncollectionpointid collectionpointname collectionpoint",
    "receipt": "receiptid consentreceiptid receiptguid lastreceiptid",
}
_NAMES = ("external_id", "email", "phone")
_SYNONYMS["members"] = {name: _SYNONYMS["customers"][name] for name in _NAMES}
_ONLY_ASKED = {"customers": ("status", "consent"), "purchases": (), "members": (), "consents": ()}
_OF_DECISIONS = {
    "who": "the person's identifier",
    "purpose": "the name of the purpose",
    "status": "what the person decided",
    "at": "when the person decided",
}
_IDENTITIES = ("external_id", "email", "phone", "anonymous_id")
_CURRENCY = re.compile(r"[A-Z]{3}")
_CRM_PREFIX = "property"


@dataclass(frozen=True, slots=True)
class Target:
    """What the rows become, and the fields a column may be mapped to.

    Attributes are `attributes.<key>`; `consent.<purpose>` is a column about one purpose, `consent` one about the
    purposes that the importing person names.
    """

    name: TargetName
    rules: tuple[AttributeRule, ...] = ()
    purposes: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that a column may be mapped to."""
        own = (*_SYNONYMS[self.name], *_ONLY_ASKED[self.name])
        extra = ("anonymous_id",) if self.name == "customers" else ()
        consent = (CONSENT_PREFIX + key for key in self.purposes)
        return (*own, *extra, *consent, *(ATTRIBUTE_PREFIX + rule.key for rule in self.rules))


CUSTOMERS = Target("customers")
PURCHASES = Target("purchases")
MEMBERS = Target("members")
"""Rows that name customers whom we know: an external id column may hold public ids (`cus_...`) as well."""
CONSENTS = Target("consents")
"""Rows that say what one person decided about one purpose of another system, and when."""


def customers_target(rules: Iterable[AttributeRule] = (), purposes: Iterable[str] = ()) -> Target:
    """The customers target with the custom attributes and the purposes that are defined now."""
    return Target("customers", tuple(rules), tuple(purposes))


class MappingProblem(NamedTuple):
    """What is wrong with a mapping: `param` names the member, as in columns.Email."""

    param: str
    code: str
    message: str


class BadMapping(ValueError):
    """The mapping cannot be used; every problem at once."""

    def __init__(self, problems: Sequence[MappingProblem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to read the rows of one file.

    `columns` maps header to field; headers left out are ignored. `update` says whether known customers change too.
    `date_format` is iso, ymd, dmy, mdy or a strptime format, `decimal` "." or ",", or None when numbers are plain.
    `time_zone` is where times without an offset were read off a clock. `region` (ISO 3166-1) is the country of phone
    numbers without "+", where the row has no country of its own. `currency` is for purchases without such a column.
    `rows` says whether a row is a whole order or one of its lines, which add up.
    """

    columns: dict[str, str] = field(default_factory=dict)
    update: bool = True
    date_format: str = "iso"
    decimal: DecimalMark | None = None
    time_zone: str = "UTC"
    region: str = ""
    currency: str = ""
    rows: RowMode = "orders"

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `read_mapping` takes back."""
        return {name: getattr(self, name) for name in _MEMBERS}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The mapping that `to_json` wrote, unchecked."""
        return cls(**stored)

    def fields(self) -> frozenset[str]:
        """The fields that some column fills."""
        return frozenset(self.columns.values())

    def consent_columns(self) -> dict[str, str]:
        """Field (`consent` or `consent.<purpose>`) to header of the columns that state consent."""
        return {
            name: header for header, name in self.columns.items() if name == CONSENT or name.startswith(CONSENT_PREFIX)
        }


_MEMBERS = tuple(Mapping.__dataclass_fields__)


def auto_map(headers: Sequence[str], target: Target) -> Mapping:
    """A mapping of the headers that are recognised, each field at most once; a proposal, perhaps incomplete.

    Attributes are recognised by their key. Purchases with a unit price and a quantity but no amount are taken as
    lines of orders. Check the result with `read_mapping(mapping.to_json(), ...)`.
    """
    folded = {_fold(header): header for header in reversed(headers)}
    wanted = {name: synonyms.split() for name, synonyms in _SYNONYMS[target.name].items()}
    wanted |= {ATTRIBUTE_PREFIX + rule.key: [_fold(rule.key)] for rule in target.rules}
    columns: dict[str, str] = {}
    for name, synonyms in wanted.items():
        header = next((folded[synonym] for synonym in synonyms if synonym in folded), None)
        if header is not None and header not in columns:
            columns[header] = name
    in_file_order = {header: columns[header] for header in headers if header in columns}
    found = set(columns.values())
    lines = {"quantity", "unit_price"} <= found and "amount" not in found
    return Mapping(columns=in_file_order, rows="lines" if lines else "orders")


def read_mapping(stored: dict[str, Any], target: Target, headers: Sequence[str] | None = None) -> Mapping:
    """The checked mapping that a JSON object describes; a column given as null or "" is ignored.

    With `headers` every mapped column must occur among them. Raises BadMapping, which lists all problems: codes
    unknown_member, wrong_type, unknown_field, unknown_column, mapped_twice, missing_field, bad_option.
    """
    problems = [
        MappingProblem(str(name), "unknown_member", f'"{name}" is not a part of a mapping.')
        for name in stored
        if name not in _MEMBERS
    ]
    columns = _read_columns(stored.get("columns"), target, headers, problems)
    options = {name: stored[name] for name in _MEMBERS if name != "columns" and stored.get(name) is not None}
    problems.extend(_wrong_options(options))
    if not problems:
        mapping = replace(Mapping(columns=columns), **options)
        problems.extend(_missing_fields(mapping, target))
    if problems:
        raise BadMapping(problems)
    return mapping


def _read_columns(
    stored: Any, target: Target, headers: Sequence[str] | None, problems: list[MappingProblem]
) -> dict[str, str]:
    if not isinstance(stored, dict) or not all(isinstance(name, str | None) for name in stored.values()):
        problems.append(MappingProblem("columns", "wrong_type", 'Give columns as {"name of the column": "field"}.'))
        return {}
    columns = {str(header): str(name) for header, name in stored.items() if name}
    allowed = set(target.fields)
    taken: set[str] = set()
    for header, name in columns.items():
        param = f"columns.{header}"
        if name not in allowed:
            problems.append(MappingProblem(param, "unknown_field", f'There is no field "{name}" for {target.name}.'))
        elif name in taken:
            problems.append(MappingProblem(param, "mapped_twice", f'Two columns are mapped to "{name}".'))
        if headers is not None and header not in headers:
            problems.append(MappingProblem(param, "unknown_column", f'The file has no column "{header}".'))
        taken.add(name)
    return columns


def _wrong_options(options: dict[str, Any]) -> Iterable[MappingProblem]:
    for name, value in options.items():
        if name == "update":
            fits, sentence = isinstance(value, bool), "Give true or false."
        elif not isinstance(value, str):
            fits, sentence = False, "Give a text."
        else:
            fits, sentence = _option_fits(name, value)
        if not fits:
            yield MappingProblem(name, "bad_option", f"{name}: {sentence}")


def _option_fits(name: str, value: str) -> tuple[bool, str]:
    match name:
        case "date_format":
            return value in DATE_ORDERS or "%" in value, "Give iso, ymd, dmy, mdy or a format with % signs."
        case "decimal":
            return value in (".", ","), 'Give "." or ",".'
        case "time_zone":
            return value in known_time_zones(), "Give a time zone such as Europe/Berlin."
        case "region":
            return value == "" or value in COUNTRY_NAMES, "Give a country code such as GB."
        case "currency":
            return value == "" or _CURRENCY.fullmatch(value) is not None, "Give a currency code such as EUR."
        case _:
            return value in get_args(RowMode), 'Give "orders" or "lines".'


def _missing_fields(mapping: Mapping, target: Target) -> Iterable[MappingProblem]:
    if target.name == "consents":
        return [_missing(words) for name, words in _OF_DECISIONS.items() if name not in mapping.fields()]
    return _missing_of_customers(mapping, target)


def _missing_of_customers(mapping: Mapping, target: Target) -> Iterable[MappingProblem]:
    found = mapping.fields()
    if target.name != "purchases":
        if not found & set(_IDENTITIES):
            yield _missing("an id, e-mail address or phone number of the customer")
        return
    if not found & {"external_id", "email"}:
        yield _missing("the id or e-mail address of the customer")
    for name, words in (("order_id", "the number of the order"), ("purchased_at", "the date of the purchase")):
        if name not in found:
            yield _missing(words)
    if "amount" not in found and not {"quantity", "unit_price"} <= found:
        yield _missing("the amount, or both quantity and unit price")
    if "currency" not in found and not mapping.currency:
        yield MappingProblem("currency", "missing_field", "State the currency of the amounts, or map its column.")


def _missing(words: str) -> MappingProblem:
    return MappingProblem("columns", "missing_field", f"Map a column to {words}.")


def zone_of(mapping: Mapping) -> tzinfo:
    """The time zone in which the file's clock times were written."""
    return UTC if mapping.time_zone == "UTC" else ZoneInfo(mapping.time_zone)


def _fold(header: str) -> str:
    """Letters and digits only, small, without accents and without the "property_" of CRM tables."""
    plain = unicodedata.normalize("NFKD", header).casefold()
    folded = "".join(letter for letter in plain if letter.isalnum())
    return folded.removeprefix(_CRM_PREFIX) or folded

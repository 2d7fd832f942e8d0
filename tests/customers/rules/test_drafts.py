import csv
import gzip
import io
import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from customers.rules.attributes import AttributeRule
from customers.rules.csvfile import Row, read_rows
from customers.rules.csvsniff import sniff
from customers.rules.drafts import CustomerDraft, PurchaseDraft, Rejected, parse_row, parser_for
from customers.rules.mapping import CUSTOMERS, PURCHASES, Mapping, auto_map, customers_target

RULES = [
    AttributeRule("points", "number"),
    AttributeRule("level", "enum", options=("gold", "silver")),
    AttributeRule("joined", "date"),
    AttributeRule("called", "datetime"),
    AttributeRule("vip", "boolean"),
    AttributeRule("likes", "list"),
]


def row(**cells: str) -> Row:
    return Row(7, dict(cells), None, 0, list(cells.values()))


def customer(cells: dict[str, str], **options) -> CustomerDraft | Rejected:
    target = customers_target(RULES)
    return parse_row(row(**cells), Mapping({name: name for name in cells}, **options), target)


def purchase(cells: dict[str, str], **options) -> PurchaseDraft | Rejected:
    return parse_row(row(**cells), Mapping({name: name for name in cells}, **options), PURCHASES)


def codes(rejected: Rejected) -> list[tuple[str, str]]:
    return [(reason.field, reason.code) for reason in rejected.reasons]


def test_parse_row__full_customer__becomes_typed():
    draft = customer(
        {
            "external_id": "'7210448301122",
            "email": "Jane.Doe@Example.com",
            "phone": "'+31612345678",
            "first_name": " Jane \n Anne",
            "last_name": "'t Hooft",
            "country": "Netherlands",
            "region": "NH",
            "language": "pt_br",
            "time_zone": "Europe/Amsterdam",
            "birth_date": "17.5.1990",
            "created_at": "1.2.2024 10:00",
            "status": "Inactive",
            "tags": '"VIP","Blog"; VIP',
            "consent": "yes",
            "attributes.points": "1.234,5",
            "attributes.level": "gold",
            "attributes.joined": "3.2.2020",
            "attributes.called": "3.2.2020 08:00",
            "attributes.vip": "ja",
            "attributes.likes": "tea;milk",
        },
        date_format="dmy",
        decimal=",",
        time_zone="Europe/Amsterdam",
    )

    assert draft == CustomerDraft(
        number=7,
        identities={"email": "jane.doe@example.com", "phone": "+31612345678", "external_id": "7210448301122"},
        fields={
            "first_name": "Jane Anne",
            "last_name": "'t Hooft",
            "country": "NL",
            "region": "NL-NH",
            "language": "pt-BR",
            "time_zone": "Europe/Amsterdam",
            "birth_date": date(1990, 5, 17),
            "created_at": datetime(2024, 2, 1, 9, tzinfo=UTC),
            "status": "inactive",
        },
        attributes={
            "points": 1234.5,
            "level": "gold",
            "joined": "2020-02-03",
            "called": "2020-02-03T07:00:00Z",
            "vip": True,
            "likes": ["tea", "milk"],
        },
        tags=("VIP", "Blog"),
        consents={"": True},
    )


def test_parse_row__empty_cells__leave_fields_alone():
    draft = customer({"email": "jane@example.com", "first_name": "", "birth_date": "0/0/00", "tags": " ", "phone": "'"})

    assert draft == CustomerDraft(7, identities={"email": "jane@example.com"})


def test_parse_row__national_phone__takes_the_country_of_its_row_or_of_the_file():
    assert customer({"phone": "020 7946 0123", "country": "UK"}).identities == {"phone": "+442079460123"}
    assert customer({"phone": "020 7946 0123"}, region="GB").identities == {"phone": "+442079460123"}
    assert codes(customer({"phone": "020 7946 0123"})) == [("phone", "missing_region")]


def test_parse_row__us_state__decides_the_place():
    assert customer({"email": "a.b@example.com", "region": "California"}).fields == {"region": "US-CA", "country": "US"}


def test_parse_row__unknown_region_or_several_addresses__leave_a_note():
    draft = customer({"email": "a.b@example.com ::: c@example.com", "region": "Bayern", "country": "DE"})

    assert draft.identities == {"email": "a.b@example.com"}
    assert [(note.field, note.code) for note in draft.notes] == [
        ("email", "several_values"),
        ("region", "unknown_region"),
    ]


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ({"first_name": "Jane"}, [("", "missing_identity")]),
        ({"email": "jane@"}, [("email", "invalid_email")]),
        ({"external_id": "null"}, [("external_id", "blocked_value")]),
        ({"external_id": "7.21045E+12"}, [("external_id", "damaged_number")]),
        ({"external_id": "1", "birth_date": "1/2/90"}, [("birth_date", "ambiguous_date")]),
        ({"external_id": "1", "country": "Narnia"}, [("country", "unknown_country")]),
        ({"external_id": "1", "language": "English please"}, [("language", "unknown_language")]),
        ({"external_id": "1", "time_zone": "Mars"}, [("time_zone", "unknown_time_zone")]),
        ({"external_id": "1", "status": "deleted"}, [("status", "unknown_status")]),
        ({"external_id": "1", "consent": "perhaps"}, [("consent", "bad_boolean")]),
        ({"external_id": "1", "first_name": "x" * 121}, [("first_name", "too_long")]),
        ({"external_id": "1", "tags": "x" * 101}, [("tags", "too_long")]),
        ({"external_id": "1", "attributes.level": "lead"}, [("attributes.level", "not_an_option")]),
        ({"external_id": "1", "attributes.points": "1,5"}, [("attributes.points", "ambiguous_number")]),
        ({"email": "x", "country": "Narnia"}, [("country", "unknown_country"), ("email", "invalid_email")]),
    ],
)
def test_parse_row__wrong_cells__give_every_reason_with_field_and_column(cells, reasons):
    rejected = customer(cells)

    assert codes(rejected) == reasons
    assert all(reason.column == reason.field and reason.message.endswith(".") for reason in rejected.reasons)


def test_parse_row__card_or_social_security_number__is_refused_even_in_an_ignored_column():
    cells = {"Email": "jane@example.com", "Memo": "4242 4242 4242 4242", "SSN": "123456789"}

    rejected = parse_row(row(**cells), Mapping({"Email": "email"}), CUSTOMERS)

    assert [(reason.column, reason.code) for reason in rejected.reasons] == [
        ("Memo", "payment_card"),
        ("SSN", "us_ssn"),
    ]
    assert rejected.cells_to_keep(row(**cells)) == ["jane@example.com", "", ""]


@pytest.mark.parametrize("line", [b"4242424242424242,x,y\n", b'"4242424242424242,x\n'])
def test_parse_row__unreadable_row__keeps_its_problem_and_no_secret(line):
    raw = b"id,email\n" + line
    bad = next(iter(read_rows(io.BytesIO(raw), sniff(b"id,email\n"))))

    rejected = parse_row(bad, Mapping({"id": "external_id"}), CUSTOMERS)

    assert codes(rejected) == [("", bad.problem)]
    assert "4242" not in json.dumps(rejected.cells_to_keep(bad))


def test_parse_row__order_with_amount__becomes_a_purchase():
    draft = purchase(
        {"order_id": "'1001", "email": "Jane@Example.com", "purchased_at": "2024-04-10", "amount": "49.99"},
        currency="USD",
    )

    assert draft == PurchaseDraft(
        7, "1001", ("email", "jane@example.com"), datetime(2024, 4, 10, tzinfo=UTC), Decimal("49.99"), "USD"
    )


def test_parse_row__line_of_an_order__multiplies_exactly():
    draft = purchase(
        {
            "order_id": "C536379",
            "external_id": "14527",
            "purchased_at": "2010-12-01 09:41:00",
            "quantity": "-3",
            "unit_price": "0.001",
            "currency": "gbp",
        }
    )

    assert (draft.amount, draft.quantity, draft.unit_price) == (Decimal("-0.003"), -3, Decimal("0.001"))
    assert (draft.currency, draft.customer) == ("GBP", ("external_id", "14527"))


GOOD_PURCHASE = {"order_id": "1", "external_id": "7", "purchased_at": "2024-04-10", "amount": "1", "currency": "EUR"}


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"external_id": ""}, [("external_id", "missing_customer")]),
        ({"external_id": "guest"}, [("external_id", "blocked_value")]),
        ({"order_id": ""}, [("order_id", "missing_value")]),
        ({"order_id": "5.36E+5"}, [("order_id", "damaged_number")]),
        ({"order_id": "x" * 101}, [("order_id", "bad_order_id")]),
        ({"purchased_at": "12/1/10 8:26"}, [("purchased_at", "ambiguous_date")]),
        ({"purchased_at": ""}, [("purchased_at", "missing_value")]),
        ({"amount": "1,5"}, [("amount", "ambiguous_number")]),
        ({"amount": ""}, [("amount", "missing_value")]),
        ({"currency": "Euro"}, [("currency", "bad_currency")]),
        ({"currency": ""}, [("currency", "missing_value")]),
        ({"amount": "", "quantity": "0.5", "unit_price": "2"}, [("quantity", "not_a_whole_number")]),
        ({"external_id": "", "amount": "x"}, [("amount", "bad_number"), ("external_id", "missing_customer")]),
    ],
)
def test_parse_row__purchase_with_wrong_cells__gives_every_reason(changes, reasons):
    assert codes(purchase(GOOD_PURCHASE | changes)) == reasons


def test_parser_for__first_invoices_with_american_dates__need_a_stated_format(shared_data):
    path = shared_data / "purchases/online_retail_head_uci.csv"
    with path.open("rb") as file:
        dialect = sniff(file.read(65_536))
        guess = auto_map(dialect.headers, PURCHASES)
        stated = Mapping(guess.columns, rows=guess.rows, date_format="mdy", currency="GBP")
        unstated = Mapping(guess.columns, rows=guess.rows, currency="GBP")

        refused = Counter(
            code for r in read_rows(file, dialect) for _, code in codes(parse_row(r, unstated, PURCHASES))
        )
        drafts = [parse_row(r, stated, PURCHASES) for r in read_rows(file, dialect)]

    assert refused["ambiguous_date"] == 999
    others = [codes(draft) for draft in drafts if not isinstance(draft, PurchaseDraft)]
    assert len(drafts) == 999
    assert others == [[("external_id", "missing_customer")]] * len(others)
    assert drafts[0].purchased_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_parser_for__whole_retail_set__reconciles_with_the_known_answers(shared_data):
    reasons: Counter[str] = Counter()
    taken, orders, cancelled = Decimal(0), set(), 0
    with gzip.open(shared_data / "purchases/online_retail.csv.gz", "rb") as file:
        dialect = sniff(file.read(65_536))
        guess = auto_map(dialect.headers, PURCHASES)
        parse = parser_for(Mapping(guess.columns, rows=guess.rows, currency="GBP"), PURCHASES)
        for parsed in map(parse, read_rows(file, dialect)):
            if isinstance(parsed, Rejected):
                reasons.update(code for _, code in codes(parsed))
                continue
            taken += parsed.amount
            orders.add(parsed.order_id)
            cancelled += parsed.order_id.startswith("C")
    with gzip.open(shared_data / "purchases/online_retail.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    everything = sum(int(line["Quantity"]) * Decimal(line["UnitPrice"]) for line in rows)
    anonymous = sum(int(r["Quantity"]) * Decimal(r["UnitPrice"]) for r in rows if not r["CustomerID"])

    assert reasons == {"missing_customer": 135_080}
    assert round(everything, 2) == Decimal("9747747.93")
    assert taken + anonymous == everything
    assert len(orders) == 22_190
    assert cancelled == sum(r["InvoiceNo"].startswith("C") and r["CustomerID"] != "" for r in rows)


def test_parser_for__naughty_strings_in_every_column__are_taken_or_refused_with_a_reason(shared_data):
    naughty = json.loads((shared_data / "vectors/blns.json").read_text())
    target = customers_target(RULES)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(target.fields)
    writer.writerows([text] * len(target.fields) for text in naughty)
    raw = out.getvalue().encode("utf-8", "surrogatepass")
    parse = parser_for(Mapping({name: name for name in target.fields}), target)

    results = [parse(line) for line in read_rows(io.BytesIO(raw), sniff(raw))]

    assert len(results) > 450
    for result in results:
        assert isinstance(result, CustomerDraft) or all(reason.message.endswith(".") for reason in result.reasons)

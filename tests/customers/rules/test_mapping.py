import json

import pytest

from customers.rules.attributes import AttributeRule
from customers.rules.mapping import CUSTOMERS, PURCHASES, BadMapping, Mapping, auto_map, customers_target, read_mapping

NAMES = {"email", "first_name", "last_name"}


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (
            "Mailchimp audience export",
            {"Email Address": "email", "First Name": "first_name", "Last Name": "last_name", "CC": "country"}
            | {"REGION": "region", "TIMEZONE": "time_zone", "EUID": "external_id"},
        ),
        ("Mailchimp unsubscribed export (2013)", {"Email Address": "email", "Country": "country", "REGION": "region"}),
        (
            "Shopify customers export",
            {"Customer ID": "external_id", "Email": "email", "First Name": "first_name", "Last Name": "last_name"}
            | {"Phone": "phone", "Default Address Country Code": "country", "Tags": "tags"}
            | {"Default Address Province Code": "region"},
        ),
        (
            "HubSpot contacts export",
            {"Record ID": "external_id", "Email": "email", "First Name": "first_name", "Last Name": "last_name"}
            | {"Phone Number": "phone", "Country/Region": "country", "Create Date": "created_at"},
        ),
        (
            "HubSpot API / warehouse properties",
            {"property_email": "email", "property_firstname": "first_name", "property_lastname": "last_name"}
            | {"property_createdate": "created_at"},
        ),
        (
            "Google Contacts export (classic)",
            {"E-mail 1 - Value": "email", "Given Name": "first_name", "Family Name": "last_name"}
            | {"Phone 1 - Value": "phone", "Birthday": "birth_date", "Language": "language"},
        ),
        (
            "Outlook contacts export",
            {"E-mail Address": "email", "First Name": "first_name", "Last Name": "last_name", "Mobile Phone": "phone"}
            | {"Birthday": "birth_date", "Business Country/Region": "country"},
        ),
        (
            "Salesforce leads export",
            {"Lead ID": "external_id", "Email": "email", "FirstName": "first_name", "LastName": "last_name"}
            | {"Phone": "phone"},
        ),
    ],
)
def test_auto_map__header_rows_of_known_tools__find_their_fields_and_nothing_wrong(export_formats, tool, expected):
    headers = list(dict.fromkeys(export_formats[tool]))

    mapping = auto_map(headers, CUSTOMERS)

    assert expected.items() <= mapping.columns.items()
    assert set(expected.values()) >= NAMES or tool.endswith("(2013)")
    assert read_mapping(json.loads(json.dumps(mapping.to_json())), CUSTOMERS, headers) == mapping
    assert {"status", "consent"}.isdisjoint(mapping.fields())


def test_auto_map__all_formats_of_the_list__are_tested(export_formats):
    assert len(export_formats) == 8


def test_auto_map__retail_invoices__are_lines_of_orders():
    headers = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]

    mapping = auto_map(headers, PURCHASES)

    assert mapping.rows == "lines"
    assert mapping.columns == {
        "InvoiceNo": "order_id",
        "Quantity": "quantity",
        "InvoiceDate": "purchased_at",
        "UnitPrice": "unit_price",
        "CustomerID": "external_id",
    }


def test_auto_map__columns_in_another_order__give_the_same_fields():
    headers = ["Email", "Customer ID", "Id", "Last Name"]

    assert auto_map(headers, CUSTOMERS).columns == dict(auto_map(headers[::-1], CUSTOMERS).columns)


def test_auto_map__defined_attributes__are_found_by_their_key():
    target = customers_target([AttributeRule("loyalty_level", "enum", options=("gold",))])

    assert auto_map(["Loyalty Level", "Email"], target).columns == {
        "Loyalty Level": "attributes.loyalty_level",
        "Email": "email",
    }
    assert auto_map(["Loyalty Level"], CUSTOMERS).columns == {}


def test_read_mapping__explicit_mapping__is_read_and_null_columns_are_ignored():
    stored = {
        "columns": {"Mail": "email", "Note": None, "Memo": "", "Ok?": "consent"},
        "update": False,
        "date_format": "dmy",
        "decimal": ",",
        "time_zone": "Europe/Berlin",
    }

    mapping = read_mapping(stored, CUSTOMERS, ["Mail", "Note", "Memo", "Ok?"])

    assert mapping == Mapping(
        {"Mail": "email", "Ok?": "consent"}, False, "dmy", ",", time_zone="Europe/Berlin", rows="orders"
    )


@pytest.mark.parametrize(
    ("stored", "target", "problems"),
    [
        ({}, CUSTOMERS, [("columns", "wrong_type")]),
        ({"columns": ["Email"]}, CUSTOMERS, [("columns", "wrong_type")]),
        ({"columns": {"Email": 3}}, CUSTOMERS, [("columns", "wrong_type")]),
        ({"columns": {"Email": "emial"}}, CUSTOMERS, [("columns.Email", "unknown_field")]),
        ({"columns": {"Email": "attributes.x"}}, CUSTOMERS, [("columns.Email", "unknown_field")]),
        ({"columns": {"Mail": "email"}}, CUSTOMERS, [("columns.Mail", "unknown_column")]),
        ({"columns": {"Email": "email", "Id": "email"}}, CUSTOMERS, [("columns.Id", "mapped_twice")]),
        ({"columns": {"Id": "first_name"}}, CUSTOMERS, [("columns", "missing_field")]),
        ({"columns": {"Email": "email"}, "colour": 1}, CUSTOMERS, [("colour", "unknown_member")]),
        ({"columns": {"Email": "email"}, "update": "yes"}, CUSTOMERS, [("update", "bad_option")]),
        ({"columns": {"Email": "email"}, "date_format": "american"}, CUSTOMERS, [("date_format", "bad_option")]),
        ({"columns": {"Email": "email"}, "decimal": ";"}, CUSTOMERS, [("decimal", "bad_option")]),
        ({"columns": {"Email": "email"}, "time_zone": "Mars"}, CUSTOMERS, [("time_zone", "bad_option")]),
        ({"columns": {"Email": "email"}, "region": 44}, CUSTOMERS, [("region", "bad_option")]),
        ({"columns": {"Email": "email"}, "rows": "pages"}, CUSTOMERS, [("rows", "bad_option")]),
        (
            {"columns": {"Id": "order_id"}},
            PURCHASES,
            [("columns", "missing_field")] * 3 + [("currency", "missing_field")],
        ),
        ({"columns": {"Id": "order_id"}, "currency": "euro"}, PURCHASES, [("currency", "bad_option")]),
    ],
)
def test_read_mapping__wrong_mapping__is_refused_with_every_problem(stored, target, problems):
    with pytest.raises(BadMapping) as refusal:
        read_mapping(stored, target, ["Email", "Id"])

    assert [(problem.param, problem.code) for problem in refusal.value.problems] == problems
    assert all(problem.message.endswith(".") for problem in refusal.value.problems)

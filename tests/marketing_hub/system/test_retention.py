"""The retention schedule: every rule names a table that exists, a dry run counts and deletes nothing."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from integrations.models import RefusedRequest
from marketing_hub.system.schedule import COUNTED_AT_MOST, RULES, dry_run
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FILL = """
INSERT INTO integrations_refusedrequest (client_id, minute, method, route, status, code, param, request_id, count)
SELECT 'cli_x', '2020-01-01'::timestamptz + n * interval '1 minute', 'GET', '/', 404, 'not_found', '', 'r', 1
FROM generate_series(1, %s) n
"""


def fill(number):
    with connection.cursor() as cursor:
        cursor.execute(FILL, [number])


def found_for(table):
    return next(found for found in dry_run(now=NOON) if found.rule.table == table)


def test_dry_run__every_rule__counts_in_a_table_that_exists():
    assert [found.rows for found in dry_run(now=NOON)] == [0] * len(RULES)


def test_dry_run__old_rows__are_counted_and_stay():
    fill(3)

    found = found_for("integrations_refusedrequest")

    assert (found.rows, found.said) == (3, "3")
    assert RefusedRequest.objects.count() == 3


def test_dry_run__more_than_can_be_counted__says_so():
    fill(COUNTED_AT_MOST + 5)

    assert found_for("integrations_refusedrequest").said == "100,000 or more"


def test_retention_screen__dry_run__shows_numbers_to_the_officer_only(client):
    fill(3)
    client.force_login(make_staff("compliance_officer"))
    page = client.get("/console/retention?dry_run").content.decode()
    file = client.post("/console/retention/export", {"format": "csv"})
    client.force_login(make_staff("analyst"))

    assert "Refused API requests" in page and "Nothing was deleted" in page
    assert b"integrations_refusedrequest" in file.content
    assert client.get("/console/retention").status_code == 403

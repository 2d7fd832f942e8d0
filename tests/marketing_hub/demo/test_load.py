"""The small demo on the real product: loaded through the worker and over HTTP, interrupted, called again, by hand."""

import json
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from marketing_hub.demo.activity import Activity
from marketing_hub.demo.automations import PEOPLE as WELCOMED
from marketing_hub.demo.desk import REQUESTS, SEGMENTS, TAGS
from marketing_hub.demo.load import MismatchError, agree, judge
from marketing_hub.demo.offers import CODES
from tests.marketing_hub.demo.conftest import NOW
from tests.support.stack import Stack
from tests.support.waiting import eventually

PEOPLE = 438
COUNTS = {
    "customers": "SELECT count(*) FROM customers_customer",
    "orders": "SELECT count(*) FROM customers_purchase",
    "net": "SELECT sum(amount) FROM customers_purchase WHERE currency = 'GBP'",
    "ledger": "SELECT count(*) FROM consent_consentevent",
    "events": "SELECT count(*) FROM engagement_event",
    "staff": "SELECT count(*) FROM core_staffuser",
    "clients": "SELECT count(*) FROM integrations_apiclient",
    "imports": "SELECT count(*) FROM customers_importfile",
    "segments": "SELECT count(*) FROM customers_segment",
    "requests": "SELECT count(*) FROM consent_datarequest",
    "campaigns": "SELECT count(*) FROM campaigns_campaign c WHERE NOT EXISTS"
    " (SELECT FROM campaigns_automationmessage m WHERE m.campaign_id = c.id)",
    "automations": "SELECT count(*) FROM campaigns_automation WHERE state = 'active'",
    "runs": "SELECT count(*) FROM campaigns_run",
    "codes": "SELECT count(*) FROM campaigns_code",
}
LACKING = """
SELECT count(*) FROM customers_tagrule r JOIN customers_segment s ON s.id = r.segment_id
LEFT JOIN customers_segmentmember m ON m.version_id = s.current_id
LEFT JOIN customers_customertag t ON t.customer_id = m.customer_id AND t.tag_id = r.tag_id WHERE t.id IS NULL
"""
GIVEN = """
SELECT n.name, count(*) FROM customers_customertag t JOIN customers_tag n ON n.id = t.tag_id
WHERE t.given_by_id IS NOT NULL GROUP BY 1
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[SimpleNamespace]:
    """A stack with the small demo, what the command said, and the file it left."""
    with Stack() as stack:
        said = stack.manage("demo", "load", "--small", "--base-url", stack.base_url)
        note = next(Path(stack.environment["HUB_DATA_DIR"]).glob("demo-*.json"))
        yield SimpleNamespace(stack=stack, said=said, note=note, left=json.loads(note.read_text()))


def counts(stack: Stack) -> dict[str, Any]:
    with stack.connect() as connection:
        return {name: connection.execute(query).fetchone()[0] for name, query in COUNTS.items()}


def test_load__small__says_that_every_total_reconciles(demo):
    assert demo.said.endswith("every total reconciles with the known answers.\n")
    assert f"{PEOPLE:,} imported by imp_" in demo.said
    assert "refused with consent_required, over HTTP" in demo.said


def test_load__small__stores_what_its_import_accepted(demo):
    with demo.stack.connect() as connection:
        reasons, figures = connection.execute(
            "SELECT reasons, figures FROM customers_importfile WHERE target = 'purchases'"
        ).fetchone()

    found = counts(demo.stack)
    assert (found["customers"], found["staff"], found["clients"], found["imports"]) == (PEOPLE + 1, 5, 2, 2)
    assert found["net"] == Decimal(figures["accepted"]["GBP"])
    assert reasons == {"missing_customer": 1_351}
    assert min(found["orders"], found["ledger"]) > 1_000
    assert found["events"] > 500


def test_load__small__leaves_audiences_that_are_calculated_and_work_on_the_desks(demo):
    def calculated() -> int:
        with demo.stack.connect() as connection:
            return int(
                connection.execute("SELECT count(*) FROM customers_segment WHERE current_id IS NOT NULL").fetchone()[0]
            )

    assert eventually(lambda: calculated() == len(SEGMENTS))

    found = counts(demo.stack)
    assert found["segments"] == len(SEGMENTS)
    assert found["requests"] == len(REQUESTS)
    assert (found["campaigns"], found["codes"]) == (1, CODES)
    assert (found["automations"], found["runs"]) == (1, WELCOMED)


def test_load__small__gives_the_two_tags_to_the_members_of_their_audiences(demo):
    def lacking() -> int:
        with demo.stack.connect() as connection:
            return int(connection.execute(LACKING).fetchone()[0])

    assert eventually(lambda: lacking() == 0)

    with demo.stack.connect() as connection:
        given = dict(connection.execute(GIVEN).fetchall())
    assert given.keys() == set(TAGS)
    assert min(given.values()) > 0


def test_load__called_again__says_so_and_changes_nothing(demo):
    before = counts(demo.stack)

    said = demo.stack.manage("demo", "load", "--small", "--base-url", demo.stack.base_url)

    assert said == "The demo is loaded already.\n"
    assert counts(demo.stack) == before


def test_load__interrupted_before_its_end__completes_without_doubling(demo):
    before = counts(demo.stack)
    demo.note.rename(demo.note.with_suffix(".away"))

    said = demo.stack.manage("demo", "load", "--small", "--base-url", demo.stack.base_url)

    assert "of them sent before" in said
    assert counts(demo.stack) == before
    assert json.loads(demo.note.read_text())["logins"] == demo.left["logins"]


def test_load__finished__leaves_logins_and_a_client_that_work(demo):
    left = json.loads(demo.note.read_text())
    pair = (left["client"]["client_id"], left["client"]["client_secret"])
    base = demo.stack.base_url

    token = httpx.post(f"{base}/oauth/token", auth=pair, data={"grant_type": "client_credentials"}).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    jane = httpx.get(f"{base}/api/v1/customers/12345", headers=headers).json()
    click = {
        "userId": "12345",
        "campaignId": "promo_2024_q2",
        "elementId": "signup-button",
        "timestamp": "2024-06-10T13:45:00Z",
        "deviceType": "mobile",
    }
    clicked = httpx.post(f"{base}/api/engagement/click", headers=headers, json=click)

    assert stat.S_IMODE(demo.note.stat().st_mode) == 0o600
    assert [login["role"] for login in left["logins"]] == [
        "superuser",
        "marketer",
        "compliance_officer",
        "integration_admin",
        "analyst",
    ]
    assert (jane["email"], jane["created_at"]) == ("jane.doe@example.com", "2024-02-15T14:34:00Z")
    assert (jane["last_purchase"]["order_id"], jane["last_purchase"]["amount"]) == ("ord_789", 49.99)
    assert clicked.status_code == 202


def test_judge__refused_although_the_person_agrees__is_a_mismatch():
    activity = [Activity(NOW, {}, allowed=True), Activity(NOW, {}, allowed=False)]
    refused = {"status": "rejected", "code": "consent_required"}

    with pytest.raises(MismatchError, match="consent_required"):
        judge(activity, [refused, refused])


def test_judge__stored_although_the_person_does_not_agree__is_a_mismatch():
    with pytest.raises(MismatchError, match="expected"):
        judge([Activity(NOW, {}, allowed=False)], [{"status": "accepted"}])


def test_agree__other_figure__names_both():
    with pytest.raises(MismatchError, match=r"net value: 1, expected 2\."):
        agree("net value", 1, 2)

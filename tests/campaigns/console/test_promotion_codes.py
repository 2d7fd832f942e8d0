"""All codes of a promotion: paged, searched, and as a file that is on record."""

import csv
import tracemalloc
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from campaigns.models import Code
from campaigns.services.code_files import AT_ONCE, stream_codes
from campaigns.services.offers import make_codes
from core.console.addresses import seal
from core.models import AuditEntry, Role
from tests.factories.campaigns import AUTHOR, make_promotion
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    session = client.session
    session["stepped_up_at"] = (timezone.now() + timedelta(hours=1)).isoformat()
    session.save()
    return client


@pytest.fixture
def promotion():
    found = make_promotion()
    for prefix, number in (("SPRING", 120), ("LATE", 2)):
        make_codes(promotion=found, number=number, prefix=prefix, by=AUTHOR, now=timezone.now())
    Code.objects.filter(code__startswith="LATE").update(redeemed=1)
    make_codes(promotion=make_promotion(), number=3, prefix="OTHER", by=AUTHOR, now=timezone.now())
    return found


def codes_on(client, url):
    return [part.split("<")[0] for part in client.get(url).content.decode().split("<code>")[1:]]


def test_list__more_than_a_page__has_each_code_once_and_those_of_no_other(marketer, promotion):
    url = f"/console/promotions/{promotion.key}/codes"
    found = [*codes_on(marketer, url), *codes_on(marketer, f"{url}?page=2")]

    assert sorted(found) == sorted(promotion.codes.values_list("code", flat=True)) and len(found) == 122


def test_list__beginning_or_use__is_narrowed(marketer, promotion):
    url = f"/console/promotions/{promotion.key}/codes"

    assert len(codes_on(marketer, f"{url}?q={seal('late-')}")) == 2
    assert len(codes_on(marketer, f"{url}?use=used_up")) == 2
    assert codes_on(marketer, f"{url}?use=unused&q={seal('LATE')}") == []
    assert codes_on(marketer, f"{url}?use=stolen") == []


def test_list__searched_without_a_new_page__brings_the_link_to_these_as_a_file(marketer, promotion):
    url = f"/console/promotions/{promotion.key}/codes"

    part = marketer.post(url, {"q": "late", "use": "used_up"}, headers={"HX-Request": "true"})
    link = unescape(part.content.decode().split('id="list-actions"')[1].split("/codes/file")[1].split('"')[0])
    answer = marketer.post(f"{url}/file{link}")

    assert [row[:5] for row in answer.getvalue().decode().splitlines()[1:]] == ["LATE-", "LATE-"]


def test_file__of_what_the_list_shows__holds_those_codes_and_stands_in_the_audit_log(marketer, promotion):
    answer = marketer.post(f"/console/promotions/{promotion.key}/codes/file?use=used_up&q={seal('late')}")

    head, *rows = csv.reader(answer.getvalue().decode().splitlines())
    entry = AuditEntry.objects.get(action="promotion.codes_exported")
    assert head == ["code", "redeemed", "max_redemptions", "created_at"]
    assert [row[0][:5] for row in rows] == ["LATE-", "LATE-"] and {row[1] for row in rows} == {"1"}
    assert answer["Content-Disposition"] == f'attachment; filename="codes-{promotion.key}.csv"'
    assert (entry.target, entry.changes["codes"]) == (promotion.public_id, [0, 2])


def test_file__look_before_it_is_fetched__leaves_no_entry(marketer, promotion):
    page = marketer.get(f"/console/promotions/{promotion.key}/codes/file?use=unused").content.decode()

    assert "Unused" in page and "stands in the audit log" in page
    assert not AuditEntry.objects.filter(action="promotion.codes_exported").exists()


@pytest.mark.parametrize("query", ["use=stolen", "q=altered", "colour=red"])
def test_file__filter_that_is_none__is_refused_and_nothing_leaves(marketer, promotion, query):
    answer = marketer.post(f"/console/promotions/{promotion.key}/codes/file?{query}")

    assert answer.status_code == 400 and not answer.streaming
    assert not AuditEntry.objects.filter(action="promotion.codes_exported").exists()


def test_file__reader_who_may_not_change_offers_or_gave_no_password__gets_none(client, promotion):
    url = f"/console/promotions/{promotion.key}/codes/file"
    client.force_login(make_staff(Role.ANALYST))
    refused = client.post(url)
    client.force_login(make_staff(Role.MARKETER))
    asked = client.post(url)

    assert (refused.status_code, asked.status_code) == (403, 302) and asked["Location"].startswith("/console/confirm")
    assert not AuditEntry.objects.filter(action="promotion.codes_exported").exists()


def test_stream__many_codes__come_in_pieces_and_take_no_more_room_than_few():
    promotion, now = make_promotion(), timezone.now()

    def peak():
        tracemalloc.start()
        pieces = [piece.count("\n") for piece in stream_codes(promotion=promotion, by=AUTHOR)]
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return pieces, found

    def more(first, number):
        Code.objects.bulk_create(
            [Code(promotion=promotion, code=f"C{n:08}", created_at=now) for n in range(first, first + number)],
            batch_size=5_000,
        )

    more(0, 2 * AT_ONCE)
    few, small = peak()
    more(2 * AT_ONCE, 4 * AT_ONCE)
    many, large = peak()

    assert (sum(few), sum(many)) == (2 * AT_ONCE + 1, 6 * AT_ONCE + 1)
    assert max(many) <= AT_ONCE and large < 1.3 * small

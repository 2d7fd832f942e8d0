"""Answers from Redis: the same bytes, cheaper for the quota, counted, and never about a person."""

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from customers.services.customers import create_customer

pytestmark = pytest.mark.django_db
SERIES = "/api/v1/events?bucket=day"


def used(caller):
    return {window["name"]: window["used"] for window in caller.get("/api/v1/usage").json()["windows"]}


def test_series__asked_twice__comes_from_the_cache_and_spares_the_quota(caller, django_assert_num_queries):
    partner = caller("engagement:read")
    first = partner.get(SERIES)
    before = used(partner)

    with django_assert_num_queries(0):
        second = partner.get(SERIES)

    after = used(partner)
    assert (first["X-Cache"], second["X-Cache"]) == ("miss", "hit")
    assert second.content == first.content
    assert second["Cache-Control"] == "private, max-age=10"
    assert after["burst"] == before["burst"] + 2
    assert after["day"] == before["day"] + 1


def test_series__unchanged__is_not_sent_again(caller):
    partner = caller("engagement:read")
    etag = partner.get(SERIES)["ETag"]

    answer = partner.get(SERIES, if_none_match=etag)

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)


def test_series__other_question_or_about_a_person__is_made_anew(caller):
    partner = caller("engagement:read")
    partner.get(SERIES)
    create_customer(properties={"external_id": "c1"}, by=SYSTEM, now=timezone.now())

    assert partner.get("/api/v1/events?bucket=hour")["X-Cache"] == "miss"
    person = partner.get(f"{SERIES}&customer=c1")
    assert not person.has_header("X-Cache")
    assert person["Cache-Control"] == "no-store"


def test_series__without_the_scope__is_refused_though_the_answer_is_kept(caller):
    caller("engagement:read").get(SERIES)

    assert caller("customers:read").get(SERIES).status_code == 403


def test_metrics__hits_and_misses__are_shown(caller):
    partner = caller("engagement:read")
    partner.get(SERIES)
    partner.get(SERIES)

    text = Client().get("/metrics").content.decode()

    assert 'hub_response_cache_total{route="api/v1/events",state="hit"}' in text
    assert 'hub_response_cache_total{route="api/v1/events",state="miss"}' in text

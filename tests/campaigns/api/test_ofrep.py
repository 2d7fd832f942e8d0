"""OFREP: the OpenFeature SDK from PyPI reads our variants from the running server; refusals, exposures, entity tags."""

import pytest
from django.utils import timezone
from openfeature import api as openfeature
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from campaigns.models import Exposure, Shown
from campaigns.rules.assignment import assign
from campaigns.services.experiments import declare_winner, stop_experiment
from core.actors import SYSTEM
from customers.models import Customer
from tests.factories.campaigns import make_audience, make_people, make_promotion
from tests.factories.experiments import VARIANTS, make_experiment, make_shopper

PATH = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def page(caller):
    return caller("flags:evaluate")


def context(user="jane"):
    return {"context": {"targetingKey": user}}


@pytest.mark.django_db(transaction=True)
def test_openfeature_sdk__against_the_running_server__reads_variants_of_every_kind(live_server, caller):
    jane = make_shopper(external_id="jane")
    words = make_experiment(key="words")
    make_experiment(key="switch", variants=[{"key": "off", "value": False}, {"key": "on", "value": True}])
    make_experiment(key="factor", variants=[{"key": "low", "value": 0.5}, {"key": "high", "value": 1.5}])
    make_experiment(
        key="layout", variants=[{"key": "a", "value": {"columns": 2}}, {"key": "b", "value": {"columns": 3}}]
    )
    headers = {"Authorization": f"Bearer {caller('flags:evaluate').token}"}
    openfeature.set_provider(OFREPProvider(live_server.url, headers_factory=lambda: headers))
    client, who = openfeature.get_client(), EvaluationContext(targeting_key="jane")

    expected = VARIANTS[assign(words.public_id, jane.public_id, weights=[0.5, 0.5])]
    found = client.get_string_details("words", "fallback", who)
    unknown = client.get_string_details("no-such-flag", "fallback", who)
    nobody = client.get_string_details("words", "fallback", EvaluationContext())

    assert (found.value, found.variant, found.reason) == (expected["value"], expected["key"], Reason.SPLIT)
    assert client.get_boolean_value("switch", None, who) in (True, False)
    assert client.get_float_value("factor", 0.0, who) in (0.5, 1.5)
    assert client.get_object_value("layout", {}, who)["columns"] in (2, 3)
    assert (unknown.value, unknown.error_code) == ("fallback", ErrorCode.FLAG_NOT_FOUND)
    assert (nobody.value, nobody.error_code) == ("fallback", ErrorCode.TARGETING_KEY_MISSING)
    assert Shown.objects.filter(experiment=words).values_list("customer", "variant").get() == (jane.pk, expected["key"])


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"{", b"[" * 100_000])
def test_flags__body_that_is_no_json__is_a_parse_error_in_the_words_of_the_protocol(page, body):
    answer = page.post(PATH, body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "PARSE_ERROR")
    assert not Exposure.objects.exists()


@pytest.mark.django_db
def test_flag__asked_twice__is_logged_once_and_stays(page):
    make_shopper(external_id="jane")
    experiment = make_experiment(key="words")

    first, second = page.post(f"{PATH}/words", context()).json(), page.post(f"/api{PATH}/words", context()).json()

    assert first == second
    assert list(first) == ["key", "value", "reason", "variant", "metadata"]
    assert first["metadata"] == {"id": experiment.public_id}
    assert Shown.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["no consent", "signal", "unknown"])
def test_flag__person_may_not_be_looked_at__is_the_control_and_not_logged(page, why):
    make_shopper(external_id="jane")
    make_people(1, external_id="silent")
    make_experiment(key="words")
    user = {"no consent": "silent", "signal": "jane", "unknown": "nobody"}[why]

    body = page.post(f"{PATH}/words", context(user), **({"sec_gpc": "1"} if why == "signal" else {})).json()

    assert (body["variant"], body["reason"]) == ("A", "STATIC")
    assert not Shown.objects.exists()


@pytest.mark.django_db
def test_flag__segment_and_coverage__leave_the_others_with_the_control(page):
    jane, john = make_shopper(external_id="jane"), make_shopper(external_id="john", email="john@example.com")
    make_experiment(key="members", segment=make_audience([jane]).slug)

    mine, theirs = (page.post(f"{PATH}/members", context(user)).json() for user in ("jane", "john"))

    assert mine["reason"] == "TARGETING_MATCH"
    assert (theirs["variant"], theirs["reason"]) == ("A", "STATIC")
    assert list(Shown.objects.values_list("customer", flat=True)) == [jane.pk]
    assert john.pk != jane.pk


@pytest.mark.django_db
def test_flag__stopped_then_decided__is_the_control_then_the_winner(page):
    make_shopper(external_id="jane")
    experiment = make_experiment(key="words")
    page.post(f"{PATH}/words", context())

    stop_experiment(experiment=experiment, by=SYSTEM, now=timezone.now())
    stopped = page.post(f"{PATH}/words", context()).json()
    declare_winner(experiment=experiment, variant="B", reason="Shorter", by=SYSTEM, now=timezone.now())
    decided = page.post(f"{PATH}/words", context()).json()

    assert (stopped["variant"], stopped["reason"]) == ("A", "DISABLED")
    assert (decided["variant"], decided["reason"]) == ("B", "STATIC")


@pytest.mark.django_db
def test_flag__promotion__is_its_variant_and_counts_as_its_exposure(page):
    make_shopper(external_id="jane")
    promotion = make_promotion()

    body = page.post(f"{PATH}/{promotion.key}", context()).json()

    assert (body["reason"], body["metadata"]) == ("SPLIT", {"id": promotion.public_id})
    assert body["value"] == {"headline": f"Variant {body['variant']}"}
    assert Exposure.objects.get().variant == body["variant"]


@pytest.mark.django_db
def test_flags__all_of_them__have_an_entity_tag_and_log_nothing(page):
    make_shopper(external_id="jane")
    make_experiment(key="words")
    make_experiment(key="draft", running=False)
    promotion = make_promotion()

    first = page.post(PATH, context())
    again = page.post(PATH, context(), if_none_match=first["ETag"])
    make_experiment(key="more")
    changed = page.post(PATH, context(), if_none_match=first["ETag"])

    assert [flag["key"] for flag in first.json()["flags"]] == ["words", promotion.key]
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert not Shown.objects.exists() and not Exposure.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/nothing", context(), 404, "FLAG_NOT_FOUND"),
        ("/words", {"context": {}}, 400, "TARGETING_KEY_MISSING"),
        ("/words", {"context": {"targetingKey": 7}}, 400, "INVALID_CONTEXT"),
        ("/words", {"context": []}, 400, "INVALID_CONTEXT"),
        ("/words", [], 400, "INVALID_CONTEXT"),
        ("", {}, 400, "TARGETING_KEY_MISSING"),
    ],
)
def test_refusal__of_any_kind__has_the_words_of_the_protocol_and_ours(page, path, body, status, code):
    make_experiment(key="words")

    answer = page.post(f"{PATH}{path}", body)

    found = answer.json()
    assert (answer.status_code, found["errorCode"]) == (status, code)
    assert found["errorDetails"] and found["request_id"]
    assert found.get("key") == (path.removeprefix("/") or None)


@pytest.mark.django_db
def test_flag__hundred_people__fall_where_the_hash_says(page):
    people = [make_shopper(external_id=f"p{number}", email=f"p{number}@example.com") for number in range(20)]
    experiment = make_experiment(key="words", coverage=50)

    found = {person.pk: page.post(f"{PATH}/words", context(person.public_id)).json() for person in people}

    for person in people:
        place = assign(experiment.public_id, person.public_id, weights=[0.5, 0.5], coverage=0.5)
        assert found[person.pk]["variant"] == ("AB"[place] if place is not None else "A")
        assert Shown.objects.filter(customer=person).exists() == (place is not None)
    assert Customer.objects.count() == 20


@pytest.mark.django_db
def test_evaluate__every_answer__says_how_much_is_left(page):
    make_shopper(external_id="jane")
    make_experiment(key="words")

    answers = [page.post(PATH, context()), page.post(f"{PATH}/nothing", context()), page.post(PATH, b"{")]

    assert [answer.status_code for answer in answers] == [200, 404, 400]
    assert all("X-RateLimit-Remaining" in answer and "API-Version" in answer for answer in answers)

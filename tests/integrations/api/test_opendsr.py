"""OpenDSR 2.0, spoken by a controller: discovery, requests, status, cancellation, signatures, refusals."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from consent.models import DataRequest, Letter
from consent.rules.requests import State
from consent.selectors.requests import opened
from consent.services.request_decisions import approve_request, deliver_request, refuse_request
from consent.services.requests import verify_request
from core.actors import SYSTEM
from customers.models import Identity
from integrations.rules.opendsr import receipt_of, status_of
from integrations.services.certificates import TERM, certificate_of
from integrations.services.digests import find_people
from integrations.services.signing import current_key, rotate_signing_key
from tests.factories.requests import ONE, make_subject, work

pytestmark = pytest.mark.django_db
PATH = "/opendsr/v2/requests"
JANE = {"identity_type": "email", "identity_value": "jane.silva@example.com", "identity_format": "raw"}


def asked(kind="access", **facts):
    """A request as controllers send it."""
    now = datetime.now(UTC).isoformat()
    body = {"regulation": "gdpr", "subject_request_id": str(uuid4()), "subject_request_type": kind}
    return body | {"submitted_time": now, "subject_identities": [JANE], "api_version": "2.0"} | facts


def verify(answer, client):
    """The body, once its signature holds under the certificate that discovery leads to."""
    where = client.get("/opendsr/v2/discovery").json()["processor_certificate"]
    pem = client.get("/" + where.split("/", 3)[3]).content
    held = x509.load_pem_x509_certificate(pem)
    signature = base64.b64decode(answer["X-OpenDSR-Signature"], validate=True)
    held.public_key().verify(signature, answer.content, PKCS1v15(), SHA256())
    names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [answer["X-OpenDSR-Processor-Domain"]]
    return answer.json()


@pytest.fixture
def controller(caller):
    return caller("privacy:write")


def test_discovery__for_everybody__says_what_is_supported_and_is_signed(client, settings):
    settings.PUBLIC_URL = "https://hub.example.com"

    answer = client.get("/opendsr/v2/discovery")

    body = verify(answer, client)
    assert answer["X-OpenDSR-Processor-Domain"] == "hub.example.com"
    assert body["api_version"] == "2.0"
    assert body["supported_subject_request_types"] == ["access", "portability", "erasure"]
    assert body["supported_identities"] == [
        {"identity_type": kind, "identity_format": form}
        for kind in ("email", "controller_customer_id")
        for form in ("raw", "sha1", "md5", "sha256")
    ]


def test_certificate__self_signed__holds_now_and_its_key_alone_signs(client):
    answer = client.get("/opendsr/v2/discovery")
    pem = client.get("/" + answer.json()["processor_certificate"].split("/", 3)[3])

    made = x509.load_pem_x509_certificate(pem.content)

    made.verify_directly_issued_by(made)
    assert made.not_valid_before_utc < datetime.now(UTC) < made.not_valid_after_utc
    assert pem.content == client.get(pem.request["PATH_INFO"]).content
    with pytest.raises(InvalidSignature):
        signature = base64.b64decode(answer["X-OpenDSR-Signature"])
        made.public_key().verify(signature, answer.content + b" ", PKCS1v15(), SHA256())


def test_certificate__key_rotated_or_term_over__another_one_holds_and_the_old_stays_for_a_while(client):
    now = datetime.now(UTC)
    key = current_key(now=now)
    first = certificate_of(kid=key.kid, now=now)

    later = certificate_of(kid=key.kid, now=now + TERM)
    rotate_signing_key(by=SYSTEM, now=now)

    next_ones = x509.load_pem_x509_certificate(later.encode())
    assert certificate_of(kid=key.kid, now=now) == first != later
    assert next_ones.not_valid_before_utc < now + TERM < next_ones.not_valid_after_utc
    assert client.get("/opendsr/v2/certificates/unknown.pem").status_code == 404


def test_request__of_somebody_known__is_on_the_desk_and_answered_with_a_signed_receipt(controller, client):
    person, sent = make_subject(), asked("erasure", regulation="ccpa")

    answer = controller.post(PATH, sent)

    body, row = verify(answer, client), DataRequest.objects.get()
    assert answer.status_code == 201
    assert (row.kind, row.channel, row.regime, row.state) == ("erasure", "api", "US-CA", "received")
    assert (row.customer, row.controller, row.opened_by) == (
        (person, controller.client.public_id, f"client:{controller.client.public_id}")
    )
    assert (body["controller_id"], body["subject_request_id"]) == (row.controller, sent["subject_request_id"])
    assert body["expected_completion_time"] == f"{row.law_due}T00:00:00Z"
    assert json.loads(base64.b64decode(body["encoded_request"])) == sent
    assert opened(row.details_sealed) == "email (raw): jane.silva@example.com"


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("email", "jane.silva@example.com", "tara.lund@example.com"),
        ("controller_customer_id", "shop-7", "shop-8"),
    ],
)
def test_request__of_somebody_unknown__is_answered_alike(controller, kind, ours, theirs):
    make_subject(external_id="shop-7")
    when, mine = datetime.now(UTC).isoformat(), {"received_time", "subject_request_id", "encoded_request"}
    sent = [
        asked(submitted_time=when, subject_identities=[JANE | {"identity_type": kind, "identity_value": value}])
        for value in (ours, theirs)
    ]

    answers = [controller.post(PATH, body) for body in sent]
    told = [controller.get(f"{PATH}/{body['subject_request_id']}").json() for body in sent]

    known, unknown = ({k: v for k, v in answer.json().items() if k not in mine} for answer in answers)
    assert known == unknown
    assert [answer.status_code for answer in answers] == [201, 201]
    assert told[0]["request_status"] == told[1]["request_status"] == "pending"
    assert [bool(row.customer_id) for row in DataRequest.objects.order_by("pk")] == [True, False]


def test_request__address_and_id_of_two_people__is_about_whoever_has_the_address(controller):
    make_subject("tara.lund@example.com", external_id="shop-7")
    jane = make_subject()
    other = {"identity_type": "controller_customer_id", "identity_value": "shop-7", "identity_format": "raw"}

    controller.post(PATH, asked(subject_identities=[other, JANE]))

    row = DataRequest.objects.get()
    assert row.customer == jane
    assert "controller_customer_id (raw): shop-7" in opened(row.details_sealed)


@pytest.mark.parametrize("form", ["sha1", "md5", "sha256"])
@pytest.mark.parametrize(("kind", "value"), [("email", "jane.silva@example.com"), ("controller_customer_id", "shop-7")])
def test_request__person_named_by_a_digest__is_found_within_a_round(controller, form, kind, value):
    jane = make_subject(external_id="shop-7")
    Identity.objects.create(customer=jane, kind="external_id", value="shop-7")
    digits = hashlib.new(form, value.encode()).hexdigest()
    named = {"identity_type": kind, "identity_value": digits.upper(), "identity_format": form}

    answer = controller.post(PATH, asked(subject_identities=[named]))
    before = DataRequest.objects.get()
    found = find_people(now=datetime.now(UTC))

    row = DataRequest.objects.get()
    assert (answer.status_code, before.customer, found, row.customer) == (201, None, 1, jane)
    assert digits not in json.dumps(before.agent_facts)
    assert "digests" not in row.agent_facts
    assert opened(row.contact_sealed) == "jane.silva@example.com"
    assert find_people(now=datetime.now(UTC)) == 0


def test_request__digest_of_nobody__stays_on_the_desk_and_its_history_says_so(controller):
    make_subject()
    digits = hashlib.sha256(b"tara.lund@example.com").hexdigest()
    named = {"identity_type": "email", "identity_value": digits, "identity_format": "sha256"}
    controller.post(PATH, asked(subject_identities=[named]))

    assert find_people(now=datetime.now(UTC)) == 0

    row = DataRequest.objects.get()
    assert (row.customer, row.state, "digests" in row.agent_facts) == (None, State.RECEIVED, False)
    assert row.events.latest("pk").kind == "not_found"


def test_request__second_one_by_digest__is_linked_to_the_open_one_of_the_same_person(controller):
    make_subject()
    controller.post(PATH, asked())
    digits = hashlib.md5(b"jane.silva@example.com", usedforsecurity=False).hexdigest()
    named = {"identity_type": "email", "identity_value": digits, "identity_format": "md5"}
    controller.post(PATH, asked(subject_identities=[named]))

    find_people(now=datetime.now(UTC))

    first, second = DataRequest.objects.order_by("pk")
    assert second.duplicate_of == first


def test_request__withdrawn_before_its_person_was_found__forgets_the_digests(controller):
    make_subject()
    digits = hashlib.sha256(b"jane.silva@example.com").hexdigest()
    named = {"identity_type": "email", "identity_value": digits, "identity_format": "sha256"}
    sent = asked(subject_identities=[named])
    controller.post(PATH, sent)
    controller.delete(f"{PATH}/{sent['subject_request_id']}")

    assert find_people(now=datetime.now(UTC)) == 0

    row = DataRequest.objects.get()
    assert (row.customer, "digests" in row.agent_facts) == (None, False)


def test_request__the_same_again__is_the_same_request_and_another_under_its_id_is_409(controller):
    sent = asked()

    first, again = (controller.post(PATH, sent).json() for _ in range(2))
    other = controller.post(PATH, sent | {"subject_request_type": "erasure"})

    assert first == again
    assert (other.status_code, other.json()["code"]) == (409, "state_conflict")
    assert DataRequest.objects.count() == 1


def test_request__second_one_of_the_same_person__is_a_duplicate_with_the_clock_of_the_first(controller, caller):
    make_subject()
    early = (datetime.now(UTC) - timedelta(days=9)).isoformat()

    controller.post(PATH, asked(submitted_time=early))
    caller("privacy:write").post(PATH, asked())

    first, second = DataRequest.objects.order_by("pk")
    assert second.duplicate_of == first
    assert second.law_due == first.law_due
    assert first.backdated_because


@pytest.mark.parametrize(
    "facts",
    [
        {"regulation": "lgpd"},
        {"regulation": None},
        {"subject_request_id": "a7551968-d5d6-14b2-9831-815ac9017798"},
        {"subject_request_id": "seven"},
        {"subject_request_type": "rectification"},
        {"submitted_time": "2099-01-01T00:00:00Z"},
        {"submitted_time": "2018-10-02T15:00:00Z"},
        {"submitted_time": "soon"},
        {"subject_identities": []},
        {"subject_identities": "jane.silva@example.com"},
        {"subject_identities": [JANE | {"identity_format": "crc32"}]},
        {"subject_identities": [JANE | {"identity_format": "sha256", "identity_value": "ab" * 20}]},
        {"subject_identities": [JANE | {"identity_format": "md5", "identity_value": "jane.silva@example.com"}]},
        {"subject_identities": [JANE | {"identity_type": "ios_vendor_id", "identity_format": "sha1"}]},
        {"subject_identities": [JANE | {"identity_value": "no address"}]},
        {"subject_identities": [JANE | {"identity_value": "jane\x00@example.com"}]},
        {"subject_identities": [JANE] * 21},
        {"status_callback_urls": ["http://controller.example.com/called"]},
        {"status_callback_urls": ["https://10.0.0.7/called"]},
        {"status_callback_urls": ["https://controller.example.com/called"] * 6},
        {"api_version": "1.0"},
    ],
)
def test_request__member_that_does_not_hold__is_400_and_stores_nothing(controller, facts):
    answer = controller.post(PATH, asked(**facts))

    assert answer.status_code == 400
    assert not DataRequest.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff"])
def test_request__no_json_object__is_400(controller, body):
    assert controller.post(PATH, body).status_code == 400
    assert not DataRequest.objects.exists()


def test_addresses__without_the_scope__give_nothing(caller, client):
    partner, number = caller("privacy:read"), uuid4()

    answers = [
        call(method, path)
        for call in (partner, lambda method, path: getattr(client, method)(path))
        for method, path in (("post", PATH), ("get", f"{PATH}/{number}"), ("delete", f"{PATH}/{number}"))
    ]

    assert [answer.status_code for answer in answers] == [403] * 3 + [401] * 3
    assert not DataRequest.objects.exists()


def test_status__request_of_another_client__is_404_whether_it_exists_or_not(controller, caller):
    other, sent = caller("privacy:write"), asked()
    controller.post(PATH, sent)

    paths = [f"{PATH}/{number}" for number in (sent["subject_request_id"], uuid4(), "nonsense", "%00")]
    answers = [other.get(path) for path in paths] + [other.delete(path) for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 8
    assert len({answer.json()["message"] for answer in (*answers[:3], *answers[4:7])}) == 1
    assert all("no-store" in answer["Cache-Control"] for answer in answers)
    assert all("X-RateLimit-Remaining" in answer for answer in answers)
    assert DataRequest.objects.get().state == State.RECEIVED


def test_status__through_the_life_of_a_request__ends_with_where_the_results_are(controller, client):
    make_subject()
    sent = asked()
    controller.post(PATH, sent)
    row, address = DataRequest.objects.get(), f"{PATH}/{sent['subject_request_id'].upper()}"
    now = datetime.now(UTC)

    before = verify(controller.get(address), client)
    row = work(verify_request(request=row, how="passport", by=ONE, now=now))
    during = controller.get(address).json()
    deliver_request(request=work(approve_request(request=row, by=ONE, now=now)), by=ONE, now=now)
    after = verify(controller.get(address), client)

    assert [said["request_status"] for said in (before, during, after)] == ["pending", "in_progress", "completed"]
    assert "results_url" not in before | during
    assert after["results_url"].endswith(f"/api/v1/privacy-requests/{row.public_id}/export")


def test_status__refused__is_cancelled_and_the_extension_says_which(controller):
    sent = asked()
    controller.post(PATH, sent)
    row = DataRequest.objects.get()

    refuse_request(request=row, code="unfounded", reason="The fifth today.", by=ONE, now=datetime.now(UTC))

    said = controller.get(f"{PATH}/{sent['subject_request_id']}").json()
    (ours,) = said["extensions"].values()
    assert said["request_status"] == "cancelled"
    assert ours == {"request_id": row.public_id, "state": "refused"}


def test_cancel__while_pending__withdraws_once(controller, client):
    make_subject()
    sent = asked("erasure")
    controller.post(PATH, sent)

    first, again = (controller.delete(f"{PATH}/{sent['subject_request_id']}") for _ in range(2))

    body, row = verify(first, client), DataRequest.objects.get()
    assert (first.status_code, again.status_code, row.state) == (202, 202, State.WITHDRAWN)
    assert (body["subject_request_id"], body["controller_id"]) == (sent["subject_request_id"], row.controller)
    assert Letter.objects.filter(request=row, kind="withdrawn").count() == 1


def test_cancel__once_in_progress__is_409_and_changes_nothing(controller):
    make_subject()
    sent = asked("erasure")
    controller.post(PATH, sent)
    verify_request(request=DataRequest.objects.get(), how="passport", by=ONE, now=datetime.now(UTC))

    answer = controller.delete(f"{PATH}/{sent['subject_request_id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert DataRequest.objects.get().state == State.COLLECTING


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("identity_open", [True, False])
def test_status__of_every_state__is_one_of_the_protocol(state, identity_open):
    status = status_of(state=state, identity_open=identity_open)

    assert status in {"pending", "in_progress", "completed", "cancelled"}
    assert (status == "completed") == (state == State.DELIVERED)


def test_receipt__clock_a_little_fast__is_now_and_times_beyond_are_none():
    now = datetime(2026, 11, 22, 5, tzinfo=UTC)

    assert receipt_of(now + timedelta(minutes=4), now) == now
    assert receipt_of(now - timedelta(days=3), now) == now - timedelta(days=3)
    assert receipt_of(now + timedelta(minutes=6), now) is None
    assert receipt_of(now - timedelta(days=367), now) is None

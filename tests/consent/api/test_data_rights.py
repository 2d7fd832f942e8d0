"""The Data Rights Protocol 1.0, spoken by an agent with a real key: tokens, requests, status, revocation, refusals."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from consent.models import DataRequest, Letter, RightsAgent
from consent.rules.data_rights import ACTIONS, Refused, is_key, read_exercise, read_signed, status_of
from consent.rules.requests import Refusal, State
from consent.services.registers import save_entry
from consent.services.request_decisions import approve_request, deliver_request, refuse_request
from consent.services.requests import extend_request
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from core.models import AuditEntry
from tests.factories.registers import agent_values
from tests.factories.requests import ONE, make_subject, work

pytestmark = pytest.mark.django_db
BUSINESS = "NORTHWIND_SHOP"
JANE = {"name": "Jane Silva", "email": "jane.silva@example.com", "email_verified": True}


class Agent:
    """An agent of the network, as it speaks: what it signs is base64 of signature and JSON (combined mode)."""

    def __init__(self, agent_id="PERMISSION_DESK", **facts):
        self.id, self.key, self.token, self.http = agent_id, Ed25519PrivateKey.generate(), "", Client()
        public = base64.b64encode(self.key.public_key().public_bytes_raw()).decode()
        values = agent_values(name=f"Agent {agent_id}", agent_id=agent_id, verify_key=public) | facts
        self.row = save_entry(row=RightsAgent(), values=values, by=SYSTEM, now=datetime.now(UTC))

    def signed(self, message, key=None):
        text = json.dumps(message).encode()
        return base64.b64encode((key or self.key).sign(text) + text)

    def claims(self, **facts):
        now = datetime.now(UTC)
        window = {"issued-at": now - timedelta(seconds=5), "expires-at": now + timedelta(minutes=10)}
        times = {name: at.isoformat() for name, at in window.items()}
        return {"agent-id": self.id, "business-id": BUSINESS, "drp.version": "1.0"} | times | facts

    def send(self, method, path, body=b"", token=None):
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.generic(method, path, body, content_type="text/plain", headers=headers)

    def pair(self, **facts):
        answer = self.send("POST", f"/v1/agent/{self.id}", self.signed(self.claims(**facts)))
        self.token = answer.json()["token"] if answer.status_code == 200 else self.token
        return answer

    def ask(self, action="deletion", **facts):
        message = self.claims(exercise=action, regime="ccpa") | JANE | facts
        return self.send("POST", "/v1/data-rights-request", self.signed(message))


@pytest.fixture(autouse=True)
def _takes_part(settings):
    settings.DRP_BUSINESS_ID = BUSINESS


@pytest.fixture
def agent(db):
    made = Agent()
    assert made.pair().status_code == 200
    return made


def test_pairing__signed_by_the_registered_key__makes_a_token_kept_as_a_digest():
    agent = Agent()

    answer = agent.pair()

    agent.row.refresh_from_db()
    assert answer.json() == {"agent-id": "PERMISSION_DESK", "token": agent.token}
    assert agent.token not in (agent.row.token_digest, "")
    assert agent.send("GET", "/v1/agent/PERMISSION_DESK").json() == {}
    assert agent.send("GET", "/v1/agent/OTHER_DESK").status_code == 403
    assert AuditEntry.objects.filter(action="agent.paired", target=agent.row.public_id).count() == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"agent-id": "OTHER_DESK"},
        {"business-id": "OTHER_SHOP"},
        {"issued-at": "2099-01-01T00:00:00Z"},
        {"expires-at": "2020-01-01T00:00:00Z"},
        {"expires-at": "soon"},
        {"drp.version": "0.9.4"},
    ],
)
def test_pairing__claim_that_does_not_hold__is_403_without_a_word(claims):
    agent = Agent()

    answer = agent.pair(**claims)

    agent.row.refresh_from_db()
    assert (answer.status_code, answer.content, agent.row.token_digest) == (403, b"", "")


def test_pairing__wrong_key_unknown_agent_or_no_message__is_403():
    agent, stranger = Agent(), Ed25519PrivateKey.generate()
    forged = agent.signed(agent.claims(), stranger)
    sent = [("PERMISSION_DESK", forged), ("NOBODY", agent.signed(agent.claims())), ("PERMISSION_DESK", b"%%%")]

    answers = [agent.send("POST", f"/v1/agent/{name}", body) for name, body in sent]

    assert [(answer.status_code, answer.content) for answer in answers] == [(403, b"")] * 3


def test_pairing__the_same_message_again__makes_no_second_token():
    agent = Agent()
    body = agent.signed(agent.claims())

    first, again = (agent.send("POST", f"/v1/agent/{agent.id}", body) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 403)
    assert agent.send("GET", f"/v1/agent/{agent.id}", token=first.json()["token"]).status_code == 200


def test_exercise__deletion__is_on_the_desk_and_waits_for_the_person(agent):
    person = make_subject()

    answer = agent.ask(**{"agent-request-id": "case-7"})

    row = DataRequest.objects.get()
    body = answer.json()
    assert (row.kind, row.channel, row.agent, row.regime, row.state) == (
        ("erasure", "agent", "Agent PERMISSION_DESK", "US-CA", "verifying")
    )
    assert (row.customer, row.via_agent, row.opened_by) == (person, agent.row, f"client:{agent.row.public_id}")
    assert (body["request_id"], body["status"], body["reason"]) == (
        (row.public_id, "in_progress", "need_user_verification")
    )
    assert (body["agent_request_id"], body["expected_by"]) == ("case-7", row.law_due.isoformat())
    assert body["user_verification_url"].endswith("/privacy/received")
    assert Letter.objects.filter(request=row, kind="verify").exists()
    assert "/privacy/confirm/" not in json.dumps(body)


def test_exercise__somebody_unknown__is_answered_alike(agent):
    make_subject()

    known = agent.ask().json()
    unknown = agent.ask(email="tara.lund@example.com").json()

    ours = {"request_id", "received_at"}
    assert {k: v for k, v in known.items() if k not in ours} == {k: v for k, v in unknown.items() if k not in ours}


def test_exercise__opt_out__needs_no_identity_and_is_carried_out(agent):
    person = make_subject(country="US", region="US-CA")

    answer = agent.ask("sale:opt-out", email_verified=False)

    row = work(DataRequest.objects.get())
    assert answer.json()["status"] == "in_progress"
    assert row.kind == "opt_out"
    assert person.pk == row.customer_id


def test_exercise__address_the_agent_verified_and_we_rely_on__is_collected_at_once():
    make_subject()
    agent = Agent(relies_on_email=True)
    agent.pair()

    relied = agent.ask("access").json()
    doubted = agent.ask("access", email="tara.lund@example.com", email_verified=False).json()

    row = DataRequest.objects.get(public_id=relied["request_id"])
    assert (row.state, row.verified_how) == ("collecting", "e-mail address verified by agent")
    assert relied["status"] == "in_progress"
    assert "reason" not in relied
    assert doubted["reason"] == "need_user_verification"


def test_exercise__the_same_message_again__is_the_same_request(agent):
    make_subject()
    body = agent.signed(agent.claims(exercise="access", regime="ccpa") | JANE)

    first, again = (agent.send("POST", "/v1/data-rights-request", body).json() for _ in range(2))

    assert first == again
    assert DataRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"agent-id": "OTHER_DESK"}, 403, "wrong_agent"),
        ({"business-id": "OTHER_SHOP"}, 403, "wrong_business"),
        ({"issued-at": "2099-01-01T00:00:00+00:00"}, 403, "not_yet_issued"),
        ({"expires-at": "2020-01-01T00:00:00+00:00"}, 403, "expired"),
        ({"drp.version": "2.0"}, 403, "wrong_version"),
        ({"exercise": "sale:opt-in"}, 400, "unsupported_action"),
        ({"regime": "gdpr"}, 400, "unsupported_regime"),
        ({"email": ""}, 400, "email_missing"),
        ({"email": "no address"}, 400, "invalid_email"),
        ({"email": ["jane.silva@example.com"]}, 400, "bad_claim"),
    ],
)
def test_exercise__claim_that_does_not_hold__is_refused_by_its_code_and_stores_nothing(agent, facts, status, code):
    answer = agent.ask(**facts)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not DataRequest.objects.exists()


def test_exercise__without_a_token_or_with_the_key_of_another__is_refused(agent):
    other = Agent("OTHER_DESK")
    other.pair()
    message = agent.signed(agent.claims(exercise="access") | JANE)

    nobody = agent.send("POST", "/v1/data-rights-request", message, token="drp_nonsense")
    swapped = agent.send("POST", "/v1/data-rights-request", message, token=other.token)
    altered = base64.b64encode(base64.b64decode(message).replace(b"jane.silva", b"john.silva"))
    changed = agent.send("POST", "/v1/data-rights-request", altered)

    assert [answer.status_code for answer in (nobody, swapped, changed)] == [401, 403, 403]
    assert changed.json()["code"] == swapped.json()["code"] == "bad_signature"
    assert not DataRequest.objects.exists()


def test_exercise__more_than_three_a_day_for_one_address__is_429(agent):
    answers = [agent.ask(action).status_code for action in ("access", "deletion", "sale:opt-out", "access:specific")]

    assert answers == [200, 200, 200, 429]


def test_exercise__message_too_long__is_413(agent):
    answer = agent.send("POST", "/v1/data-rights-request", b"A" * 64_001)

    assert answer.status_code == 413


def test_status__request_of_another_agent__is_403_whether_it_exists_or_not(agent):
    make_subject()
    other = Agent("OTHER_DESK")
    other.pair()
    request_id = agent.ask().json()["request_id"]

    mine = agent.send("GET", f"/v1/data-rights-request/{request_id}")
    theirs = other.send("GET", f"/v1/data-rights-request/{request_id}")
    none = other.send("GET", "/v1/data-rights-request/dsr_none")

    assert (mine.status_code, theirs.status_code, none.status_code) == (200, 403, 403)
    assert theirs.json()["message"] == none.json()["message"]


def test_status__through_the_life_of_a_request__says_extension_and_answer():
    make_subject()
    agent = Agent(relies_on_email=True)
    agent.pair()
    request_id = agent.ask("access").json()["request_id"]
    row = DataRequest.objects.get(public_id=request_id)
    before = agent.send("GET", f"/v1/data-rights-request/{request_id}").json()["expected_by"]

    extend_request(request=row, reason="Many systems", by=ONE, now=datetime.now(UTC))
    extended = agent.send("GET", f"/v1/data-rights-request/{request_id}").json()
    row = work(approve_request(request=work(row), by=ONE, now=datetime.now(UTC)))
    deliver_request(request=row, by=ONE, now=datetime.now(UTC))
    done = agent.send("GET", f"/v1/data-rights-request/{request_id}").json()

    assert extended["expected_by"] > before
    assert "Many systems" in extended["processing_details"]
    assert (done["status"], done.get("reason")) == ("fulfilled", None)


def test_status__refused_request__is_denied_with_a_reason_of_the_protocol(agent):
    make_subject()
    request_id = agent.ask("deletion").json()["request_id"]
    row = DataRequest.objects.get(public_id=request_id)

    refuse_request(request=row, code="not_identified", reason="No answer.", by=ONE, now=datetime.now(UTC))

    body = agent.send("GET", f"/v1/data-rights-request/{request_id}").json()
    assert (body["status"], body["reason"], body["processing_details"]) == (
        "denied",
        "insuf_verification",
        "No answer.",
    )


def test_revoke__signed_by_the_agent__withdraws_the_request_once(agent):
    make_subject()
    request_id = agent.ask("deletion").json()["request_id"]
    address, body = f"/v1/data-rights-request/{request_id}", agent.signed({"reason": "I keep my account"})
    forged = agent.signed({"reason": "x"}, Ed25519PrivateKey.generate())

    refused = agent.send("DELETE", address, forged)
    still = DataRequest.objects.get().state
    revoked, again = (agent.send("DELETE", address, body) for _ in range(2))

    assert (refused.status_code, still) == (403, "verifying")
    assert (revoked.json()["status"], again.json()["status"]) == ("revoked", "revoked")
    assert DataRequest.objects.get().state == State.WITHDRAWN
    assert DataRequest.objects.get().events.get(kind="withdrawn").text == "I keep my account"


def test_agent__ended_or_with_another_key__is_heard_no_more(agent):
    other = Agent("OTHER_DESK")
    other.pair()
    today = datetime.now(UTC)

    save_entry(row=agent.row, values={"ended_on": today.date()}, by=SYSTEM, now=today)
    save_entry(row=other.row, values={"verify_key": agent_values()["verify_key"]}, by=SYSTEM, now=today)

    assert [one.ask().status_code for one in (agent, other)] == [401, 401]
    assert agent.pair().status_code == 403


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"agent_id": "lower"}, InvalidInput),
        ({"verify_key": "c2hvcnQ="}, InvalidInput),
        ({"verify_key": "no base64"}, InvalidInput),
        ({"agent_id": "PERMISSION_DESK"}, Conflict),
    ],
)
def test_agent__wrong_id_or_key__is_not_registered(agent, facts, error):
    with pytest.raises(error):
        save_entry(
            row=RightsAgent(),
            values=agent_values(name="Second", agent_id="B_DESK") | facts,
            by=SYSTEM,
            now=datetime.now(UTC),
        )

    assert RightsAgent.objects.count() == 1


def test_business__well_known__says_what_we_support_and_nothing_when_closed(client, settings):
    body = client.get("/.well-known/data-rights.json").json()
    settings.DRP_BUSINESS_ID = ""

    closed = [client.get(path).status_code for path in ("/.well-known/data-rights.json", "/v1/agent/X")]

    assert (body["id"], body["supported_verifications"]) == (BUSINESS, ["email"])
    assert set(body["supported_actions"]) == set(ACTIONS)
    assert closed == [404, 404]


@pytest.mark.parametrize("state", list(State))
def test_status__of_every_state__is_one_of_the_protocol(state):
    for refusal in ("", *Refusal.values):
        status, reason = status_of(state=state, identity_open=False, refusal=refusal)

        assert status in {"open", "in_progress", "fulfilled", "revoked", "denied"}
        assert (status == "denied") == (state == State.REFUSED)
        assert (not reason) or status in ("denied", "in_progress")


@pytest.mark.parametrize("body", [b"", b"AAAA", base64.b64encode(b"x" * 64), base64.b64encode(b"x" * 200), b"\xff"])
def test_message__of_any_other_shape__is_refused(body):
    with pytest.raises(Refused):
        read_signed(body, agent_values()["verify_key"])


def test_message__signed_text_that_is_no_object__is_refused():
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    for text in (b"[]", b"null", b"\xff\xfe", b"{", b"[" * 50_000):
        with pytest.raises(Refused):
            read_signed(base64.b64encode(key.sign(text) + text), public)
    assert is_key(public)
    assert read_exercise({"exercise": "access", "email": "a@example.com"}).place == ""

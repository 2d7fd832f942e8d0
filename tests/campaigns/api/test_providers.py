"""Reports of mail providers as each documents and signs them; a bounce of each over real HTTP."""

import base64
import functools
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.services import outside
from campaigns.services.sns import certificate_key
from consent.models import ConsentState, Suppression
from consent.selectors.decisions import may_process_customer
from core.models import AuditEntry
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]
SECRET = "hub:a-secret-for-webhooks"
SIGNING = "key-for-signing"
CERT_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0000.pem"
SNS_KEY = rsa.generate_private_key(65537, 2048)
PRIVATE = ec.generate_private_key(ec.SECP256R1())
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
NO_MAILBOX = "550 5.1.1 The email account that you tried to reach does not exist"


def signed(values, version="2"):
    """A message of Amazon SNS, signed as its guide says; the certificate is at hand."""
    message = {"MessageId": "19ba9823", "Timestamp": "2026-06-01T09:30:00.000Z", **values}
    message |= {"TopicArn": "arn:aws:sns:eu-central-1:1:x", "SignatureVersion": version, "SigningCertURL": CERT_URL}
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    tag = SNS_KEY.sign(text.encode(), PKCS1v15(), algorithm)
    cache.set(certificate_key(url=CERT_URL), certificate())
    return message | {"Signature": base64.b64encode(tag).decode()}


@functools.cache
def certificate(days=365):
    """Of the key that signs, as it would stand with Amazon; with fewer days than 0 it is over."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    began = datetime.now(UTC) - timedelta(days=400)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(SNS_KEY.public_key())
    made = made.serial_number(1).not_valid_before(began).not_valid_after(datetime.now(UTC) + timedelta(days=days))
    return made.sign(SNS_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def ses(kind, row, address):
    bounced = {"bounceType": "Permanent", "bounceSubType": "General", "feedbackId": "0100"}
    bounced["bouncedRecipients"] = [
        {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": f"smtp; {NO_MAILBOX}"}
    ]
    complaint = {"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": "abuse"}
    delivery = {"recipients": [address], "smtpResponse": "250 ok"}
    name = {"hard": "Bounce", "complaint": "Complaint", "delivered": "Delivery"}[kind]
    inside = {
        "eventType": name,
        "mail": {"messageId": row.provider_id, "destination": [address], "headers": []},
        name.lower(): {"Bounce": bounced, "Complaint": complaint, "Delivery": delivery}[name],
    }
    return json.dumps(signed({"Type": "Notification", "Message": json.dumps(inside)}))


def sendgrid(kind, row, address):
    name = {"hard": "bounce", "complaint": "spamreport", "delivered": "delivered"}[kind]
    event = {"email": address, "timestamp": int(AT.timestamp()), "smtp-id": "<x@example.com>", "event": name}
    event |= {"sg_event_id": "ZyjAM5rnQmuI1KFInHQ3Nw", "anymail_id": "any", "delivery": str(row.pk)}
    more = {"type": "bounce", "status": "5.1.1", "reason": NO_MAILBOX} if kind == "hard" else {}
    return json.dumps([event | more])


def mailgun(kind, row, address):
    name = {"hard": "failed", "complaint": "complained", "delivered": "delivered"}[kind]
    data = {"event": name, "timestamp": AT.timestamp(), "recipient": address, "id": "Ase7i2zsRYeDXztHGENqRA"}
    data |= {"user-variables": {"delivery": str(row.pk)}, "message": {"headers": {"message-id": "1@example.com"}}}
    if kind == "hard":
        status = {"code": 550, "message": "5.1.1 The email account does not exist", "description": ""}
        data |= {"severity": "permanent", "reason": "bounce", "delivery-status": status}
    stamp, token = str(int(time.time())), "06c96bafc3f42a66b9edd546347a2fe18dc23461fe80dc52f0"
    tag = hmac.new(SIGNING.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps({"signature": {"timestamp": stamp, "token": token, "signature": tag}, "event-data": data})


def postmark(kind, row, address):
    common = {"MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Metadata": {"delivery": str(row.pk)}}
    if kind == "delivered":
        return json.dumps(common | {"RecordType": "Delivery", "Recipient": address, "DeliveredAt": AT.isoformat()})
    record, kind_of = {"hard": ("Bounce", "HardBounce"), "complaint": ("SpamComplaint", "SpamComplaint")}[kind]
    details = {"Details": f"smtp;{NO_MAILBOX}"} if kind == "hard" else {"Details": ""}
    more = {"RecordType": record, "Type": kind_of, "ID": 4323, "Email": address, "BouncedAt": AT.isoformat()}
    return json.dumps(common | more | details)


def brevo(kind, row, address):
    name = {"hard": "hard_bounce", "complaint": "spam", "delivered": "delivered"}[kind]
    event = {"event": name, "email": address, "id": 1, "ts_epoch": int(AT.timestamp() * 1000)}
    event |= {"message-id": "<201@smtp-relay.mailin.fr>", "X-Mailin-custom": json.dumps({"delivery": str(row.pk)})}
    return json.dumps(event | ({"reason": NO_MAILBOX} if kind == "hard" else {}))


PAYLOADS = {"ses": ses, "sendgrid": sendgrid, "mailgun": mailgun, "postmark": postmark, "brevo": brevo}


def proof(provider, body):
    if provider == "mailgun":
        return {}
    if provider == "sendgrid":
        stamp = str(int(time.time()))
        tag = PRIVATE.sign(stamp.encode() + body.encode(), ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(tag).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
    return {"Authorization": f"Basic {base64.b64encode(SECRET.encode()).decode()}"}


@pytest.fixture
def told(client, settings):
    """`told(provider, body)` answers what we say to a report of a configured provider; `at` a running server."""

    def tell(provider, body, *, proven=True, configured=None, at="", sort="Notification"):
        public = PRIVATE.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        settings.MAIL_PROVIDER = configured or provider
        settings.ANYMAIL = {"AMAZON_SES_CLIENT_PARAMS": {"region_name": "eu-central-1"}}
        if provider == "mailgun":
            settings.ANYMAIL |= {"MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING if proven else "another"}
        elif provider == "sendgrid":
            settings.ANYMAIL |= {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": base64.b64encode(public).decode()}
        else:
            settings.ANYMAIL |= {"WEBHOOK_SECRET": SECRET}
        headers = {"Content-Type": "text/plain" if provider == "ses" else "application/json"}
        headers |= {"x-amz-sns-message-type": sort, "x-amz-sns-message-id": "19ba9823"}
        headers |= proof(provider, body if proven else body + " ") if proven or provider == "sendgrid" else {}
        path = f"/mail/events/{provider}"
        if at:
            return httpx.post(f"{at}{path}", content=body, headers=headers, timeout=30)
        return client.post(path, body, content_type=headers.pop("Content-Type"), headers=headers)

    return tell


@pytest.fixture
def sent():
    """A message that was handed to a provider: (its delivery, the address it went to)."""
    person = make_people(1)[0]
    launched(make_campaign([person]))
    Delivery.objects.update(state="sent", sent_at=timezone.now(), provider_id="010001-ses-000000")
    return Delivery.objects.get(), person.email


def allowed(row, purpose):
    now = timezone.now()
    return may_process_customer(customer=row.customer, purpose=purpose, at=now, known_at=now).decision


@pytest.mark.parametrize("provider", PAYLOADS)
def test_hard_bounce__of_each_provider__is_on_the_delivery_and_stops_letters_to_the_address(
    live_server, told, sent, provider
):
    row, address = sent

    answer = told(provider, PAYLOADS[provider]("hard", row, address), at=live_server.url)
    again = told(provider, PAYLOADS[provider]("hard", row, address), at=live_server.url)

    assert (answer.status_code, again.status_code) == (200, 200), answer.text
    row.refresh_from_db()
    assert (row.state, row.outcome, row.outcome_code) == ("sent", "hard", "5.1.1")
    assert Suppression.objects.get().reason == "bounce"
    assert allowed(row, "marketing_email").reason.value != "suppressed"


@pytest.mark.parametrize("word", ["unsubscribe", "unsubscribed"])
def test_brevo__said_no_there__in_both_of_its_spellings_ends_the_permission(told, sent, word):
    row, address = sent
    body = json.loads(brevo("delivered", row, address)) | {"event": word}

    answer = told("brevo", json.dumps(body))

    assert answer.status_code == 200
    row.refresh_from_db()
    assert row.outcome == "unsubscribed"
    assert not allowed(row, "marketing_email").allowed


@pytest.mark.parametrize("provider", PAYLOADS)
def test_complaint__of_each_provider__objects_to_the_purpose_and_suppresses(told, sent, provider):
    row, address = sent
    told(provider, PAYLOADS[provider]("delivered", row, address))

    answer = told(provider, PAYLOADS[provider]("complaint", row, address))
    told(provider, PAYLOADS[provider]("delivered", row, address))

    assert answer.status_code == 200, answer.content
    row.refresh_from_db()
    assert row.outcome == "complaint"
    assert Suppression.objects.get().reason == "complaint"
    assert ConsentState.objects.get(customer=row.customer_id, purpose__key="marketing_email").state == "objected"
    assert not allowed(row, "marketing_email").allowed


@pytest.mark.parametrize("provider", PAYLOADS)
def test_report__without_proof__is_refused_and_nothing_happens(told, sent, provider):
    row, address = sent

    answer = told(provider, PAYLOADS[provider]("complaint", row, address), proven=False)

    assert answer.status_code == 401
    row.refresh_from_db()
    assert row.outcome == "" and not Suppression.objects.exists()


@pytest.mark.parametrize("provider", PAYLOADS)
def test_report__of_a_provider_that_is_not_configured__finds_nobody(told, sent, provider):
    answer = told(provider, PAYLOADS[provider]("hard", *sent), configured="smtp")

    assert answer.status_code == 404
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "{", '{"event": {}}', "null"])
def test_report__that_cannot_be_read__is_refused_or_empty(told, body):
    assert told("postmark", body).status_code in (200, 400)


def test_bounce__for_now_five_times_in_a_row__counts_as_no_mailbox(told, sent):
    row, address = sent
    Delivery.objects.bulk_create(
        Delivery(
            campaign=row.campaign,
            step=step,
            customer=row.customer,
            state="sent",
            outcome="soft",
            sent_at=timezone.now(),
            due_at=timezone.now(),
        )
        for step in range(2, 6)
    )
    event = {"event": "soft_bounce", "email": address, "X-Mailin-custom": json.dumps({"delivery": str(row.pk)})}

    told("brevo", json.dumps(event))

    row.refresh_from_db()
    assert row.outcome == "soft"
    assert Suppression.objects.get().reason == "bounce"


@pytest.mark.parametrize("version", ["1", "2"])
def test_sns__signed_in_either_version__is_believed(told, sent, version):
    row, address = sent
    message = json.loads(ses("complaint", row, address))
    values = {name: message[name] for name in ("Type", "Message")} | {"Subject": "Amazon SES"}

    answer = told("ses", json.dumps(signed(values, version)))

    assert answer.status_code == 200
    assert Suppression.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"Message": "{}"},
        {"Timestamp": "2026-06-02T09:30:00.000Z"},
        {"Subject": "put in"},
        {"Signature": "AAAA"},
        {"Signature": "not base64!"},
        {"Signature": None},
        {"SignatureVersion": "3"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.example.com/x.pem"},
        {"SigningCertURL": "http://sns.eu-central-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://user@sns.eu-central-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com:8443/x.pem"},
        {"SigningCertURL": "https://s3.amazonaws.com/sns.eu-central-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/x.txt"},
    ],
)
def test_sns__changed_on_the_way_or_with_another_certificate__is_refused_and_nothing_happens(told, sent, change):
    message = json.loads(ses("complaint", *sent)) | change

    answer = told("ses", json.dumps(message))

    assert answer.status_code == 401
    assert not Suppression.objects.exists()


def test_sns__certificate_that_is_over__is_refused(told, sent):
    body = ses("complaint", *sent)
    cache.set(certificate_key(url=CERT_URL), certificate(days=-1))

    assert told("ses", body).status_code == 401
    assert not Suppression.objects.exists()


def test_sns__certificate_cannot_be_had__is_asked_to_come_again(told, sent, monkeypatch):
    body = ses("complaint", *sent)
    cache.delete(certificate_key(url=CERT_URL))
    monkeypatch.setattr(outside, "_ways", [(None, lambda url: None)])

    assert told("ses", body).status_code == 503
    assert not Suppression.objects.exists()


def subscription(**change):
    values = {"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe", "Token": "2336412f37"}
    url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"
    return json.dumps(signed(values | {"SubscribeURL": url} | change))


def test_sns__subscription__is_confirmed_with_amazon_and_on_record(told, monkeypatch):
    asked = []
    monkeypatch.setattr(outside, "_ways", [(None, lambda url: asked.append(url) or b"<ok/>")])

    answer = told("ses", subscription(), sort="SubscriptionConfirmation")

    assert answer.status_code == 200
    assert asked == ["https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"]
    assert AuditEntry.objects.get(action="mail.subscribed").target == "arn:aws:sns:eu-central-1:1:x"


def test_sns__subscription_that_leads_elsewhere__asks_nobody(told, monkeypatch):
    asked = []
    monkeypatch.setattr(outside, "_ways", [(None, asked.append)])

    answer = told("ses", subscription(SubscribeURL="https://example.com/"), sort="SubscriptionConfirmation")

    assert (answer.status_code, asked) == (401, [])
    assert not AuditEntry.objects.filter(action="mail.subscribed").exists()

"""A story of calls about consent: shown in the OpenAPI document, executed by a test."""

from core.api.schema import Example

NEWSLETTER = {
    "purpose": "marketing_email",
    "event": "granted",
    "noticeVersion": 1,
    "locale": "en",
    "source": "web_form",
    "evidence": {"formId": "newsletter", "doiDone": True},
}
ANALYTICS = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}

EXAMPLES = [
    Example("listPurposes", "What data is used for"),
    Example("listNotices", "What people were told", path={"key": "analytics"}),
    Example("listJurisdictions", "Which law looks where"),
    Example("getJurisdiction", "California", path={"place": "US-CA"}, answer={"code": "US-CA"}),
    Example(
        "recordConsent",
        "Newsletter sign-up",
        path={"user_id": "12345"},
        headers={"Idempotency-Key": "form-981"},
        body={"purposes": [NEWSLETTER, ANALYTICS]},
        status=201,
    ),
    Example("getConsent", "What may be done", path={"user_id": "12345"}),
    Example("listConsentHistory", "The ledger of a person", path={"user_id": "12345"}, answer={"data": []}),
    Example(
        "getConsentReceipt",
        "Proof for the person",
        path={"entry_id": "$listConsentHistory.data.0.id"},
        answer={"receipt": {"schema_version": "ISO/IEC TS 27560:2023"}},
    ),
    Example(
        "listConsentConsumers", "Who acted", path={"entry_id": "$listConsentHistory.data.0.id"}, answer={"data": []}
    ),
    Example(
        "checkConsent",
        "May we send a newsletter?",
        query={"subject": "12345", "purpose": "marketing_email"},
    ),
    Example("simulateMove", "Moving to California", query={"subject": "12345", "place": "US-CA"}),
    Example(
        "recordVisitorConsent",
        "Cookie banner",
        path={"anonymous_id": "a-7f3"},
        body={"region": "US-CA", "purposes": [ANALYTICS]},
        status=201,
    ),
    Example("getVisitorConsent", "What may be done", path={"anonymous_id": "a-7f3"}),
    Example(
        "recordConsents",
        "Two people",
        headers={"Idempotency-Key": "consents-2024-06-10"},
        body={
            "consents": [
                {"userId": "12345", "purposes": [NEWSLETTER]},
                {"anonymousId": "a-7f3", "purposes": [{"purpose": "analytics", "event": "refused"}]},
            ]
        },
    ),
    Example(
        "issueConsentToken",
        "For tracking",
        body={"userId": "12345", "purposes": ["analytics"]},
        status=201,
    ),
    Example(
        "issueConsentLinks",
        "For a newsletter",
        body={"userId": "12345", "purpose": "marketing_email", "locale": "de"},
        status=201,
        answer={"headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}},
    ),
    Example(
        "askConfirmation",
        "Double opt-in",
        headers={"Idempotency-Key": "doi-981"},
        body={"userId": "12345", "purposes": ["marketing_email"], "locale": "de"},
        status=202,
        answer={"state": "pending", "kind": "confirm"},
    ),
    Example("getConfirmation", "Was it confirmed?", path={"confirmation_id": "$askConfirmation.id"}),
    Example(
        "getBanner", "What a page shows in France", query={"region": "FR", "lang": "fr"}, answer={"mode": "opt_in"}
    ),
    Example(
        "decideBanner",
        "Rejected",
        body={"anonymousId": "a-7f4", "region": "FR", "accepted": []},
        status=201,
        answer={"consentToken": None},
    ),
    Example("getConsentToken", "Is it valid?", path={"jti": "$issueConsentToken.jti"}),
    Example("revokeConsentToken", "End it", path={"jti": "$issueConsentToken.jti"}, status=204),
    Example("listDisclosures", "Who receives data"),
    Example("listCustomerDisclosures", "Who received her data", path={"reference": "12345"}),
    Example("listDisclosuresAfterNo", "Told after a withdrawal", query={"purpose": "marketing_email"}),
    Example(
        "openPrivacyRequest",
        "Access from Germany",
        headers={"Idempotency-Key": "dsr-2026-1"},
        body={"type": "access", "email": "jane.silva@example.com", "place": "DE"},
        status=202,
        answer={"type": "access", "state": "received", "regime": "EU/DE"},
    ),
    Example("getPrivacyRequest", "Where it stands", path={"request_id": "$openPrivacyRequest.id"}),
    Example("exportPrivacyRequest", "Before it is built", path={"request_id": "$openPrivacyRequest.id"}, status=404),
    Example("listPrivacyRequests", "What is due", query={"sort": "safe_due"}),
    Example(
        "acknowledgePrivacyRequest",
        "Tell the requester",
        path={"request_id": "$openPrivacyRequest.id"},
        answer={"state": "acknowledged"},
    ),
    Example(
        "pausePrivacyRequest",
        "Who are you?",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"question": "identity"},
        answer={"state": "verifying", "paused_for": "identity"},
    ),
    Example(
        "verifyPrivacyRequest",
        "Signed in",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"how": "account sign-in"},
        answer={"paused_for": None},
    ),
    Example(
        "extendPrivacyRequest",
        "Many systems",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"reason": "Many systems hold data of this person."},
    ),
    Example(
        "explainPrivacyRequestDeadline",
        "Why this date",
        path={"request_id": "$openPrivacyRequest.id"},
        answer={"extension": "accepted"},
    ),
    Example("getPrivacyRequestTimeline", "What happened", path={"request_id": "$openPrivacyRequest.id"}),
    Example(
        "clarifyPrivacyRequest",
        "What is meant",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"text": "Which of our shops do you mean?"},
        answer={"state": "awaiting_clarification"},
    ),
    Example(
        "resumePrivacyRequest",
        "They answered",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"note": "the shop in Lyon"},
        answer={"paused_for": None},
    ),
    Example(
        "deliverPrivacyRequest",
        "Not ready yet",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"note": ""},
        status=409,
        answer={"code": "illegal_move"},
    ),
    Example(
        "refusePrivacyRequest",
        "Rights of others",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"code": "others", "reason": "Notes hold names of others.", "parts": ["customers.tags"]},
    ),
    Example(
        "withdrawPrivacyRequest",
        "Changed their mind",
        path={"request_id": "$openPrivacyRequest.id"},
        body={"reason": "wrote that it is settled"},
        answer={"state": "withdrawn"},
    ),
]

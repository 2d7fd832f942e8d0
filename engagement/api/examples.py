"""Calls of SDKs, and calls about predictions and results: shown in the OpenAPI document, executed by a test."""

from core.api.schema import Example

_AGREED = {"consent": {"categoryPreferences": {"analytics": True}}}
_STORED = {"success": True, "accepted": 1, "duplicates": 0, "rejected": [], "warnings": []}
JANE = {"model": "churn", "user_id": "12345"}
_OCTOBER = {"begins": "2026-10-01T00:00:00Z", "ends": "2026-11-01T00:00:00Z", "currency": "EUR"}
_COUNTING = {"currency": "EUR", "job": {"state": "queued"}}

EXAMPLES = [
    Example(
        "identifyCall",
        "A server says who somebody is, and that she agreed",
        body={
            "userId": "sdk-12345",
            "messageId": "docs-1",
            "traits": {"firstName": "Jane", "address": {"country": "DE"}},
            "context": _AGREED,
        },
        answer=_STORED,
    ),
    Example(
        "trackCall",
        "A search",
        body={
            "userId": "sdk-12345",
            "messageId": "docs-2",
            "event": "Products Searched",
            "properties": {"query": "teapot"},
        },
        answer=_STORED,
    ),
    Example(
        "trackCall",
        "Sent again, as an SDK does after a lost answer",
        body={
            "userId": "sdk-12345",
            "messageId": "docs-2",
            "event": "Products Searched",
            "properties": {"query": "teapot"},
        },
        answer=_STORED | {"accepted": 0, "duplicates": 1},
    ),
    Example(
        "pageCall",
        "A visitor who agreed",
        body={"anonymousId": "sdk-visitor", "name": "Home", "messageId": "docs-3", "context": _AGREED},
        answer=_STORED,
    ),
    Example(
        "screenCall",
        "A screen of an app",
        body={"userId": "sdk-12345", "name": "Start", "messageId": "docs-4", "context": {"device": {"type": "ios"}}},
        answer=_STORED,
    ),
    Example(
        "groupCall",
        "The company she works for",
        body={"userId": "sdk-12345", "groupId": "acme", "messageId": "docs-5"},
        answer=_STORED,
    ),
    Example(
        "aliasCall",
        "The visitor turned out to be her",
        body={"userId": "sdk-12345", "previousId": "sdk-visitor", "messageId": "docs-6"},
        answer=_STORED,
    ),
    Example(
        "batchCalls",
        "Of two calls one has no consent",
        body={
            "batch": [
                {"type": "page", "userId": "sdk-12345", "messageId": "docs-7"},
                {"type": "page", "userId": "nobody-we-know", "messageId": "docs-8"},
            ],
        },
        answer={
            "success": True,
            "accepted": 1,
            "rejected": [{"index": 1, "messageId": "docs-8", "code": "consent_required", "message": "..."}],
        },
    ),
    Example(
        "putPrediction",
        "Likely to leave",
        path=JANE,
        body={"score": 0.83, "model_version": "2026-11", "label": "likely"},
        status=201,
        answer={"model": "churn", "score": 0.83, "label": "likely", "expired": False, "outcome": "created"},
    ),
    Example(
        "writePredictions",
        "An older version keeps the newer; nobody is refused",
        headers={"Idempotency-Key": "churn-2026-10-night-1"},
        body={
            "inputs": [
                {**JANE, "score": 0.4, "model_version": "2026-9", "trace_id": "row-1"},
                {**JANE, "user_id": "nobody-we-know", "score": 0.4, "model_version": "2026-11"},
            ]
        },
        status=207,
        answer={
            "results": [
                {"index": 0, "status": "kept", "trace_id": "row-1"},
                {"index": 1, "status": "refused", "error": {"code": "resource_missing"}},
            ]
        },
    ),
    Example("getPrediction", "What stands", path=JANE, answer={"score": 0.83, "model_version": "2026-11"}),
    Example(
        "listPredictionModels",
        "Which models write",
        answer={"data": [{"model": "churn", "labels": ["likely"], "people": 1}]},
    ),
    Example(
        "countAttribution",
        "October, counted anew",
        body=_OCTOBER,
        status=202,
        answer=_COUNTING,
    ),
    Example(
        "getAttribution",
        "While it is being counted",
        query=_OCTOBER,
        status=202,
        answer=_COUNTING,
    ),
    Example(
        "queryReport",
        "What each channel brought on each day of October, counted anew for a file",
        body={"report": "channels", "model": "linear", "group_by": "channel,day", "format": "csv"} | _OCTOBER,
        status=202,
        answer=_COUNTING,
    ),
    Example(
        "queryReport",
        "What the campaigns of October caused, counted anew",
        body={"report": "uplift"} | _OCTOBER,
        status=202,
        answer=_COUNTING,
    ),
    *(
        Example(name, "While it is being counted", query=_OCTOBER, status=202, answer=_COUNTING)
        for name in ("getConversionReport", "getUpliftReport", "getChannelsReport")
    ),
]

"""A story of calls about customers: shown in the OpenAPI document, executed by a test."""

from core.api.schema import Example

JANE = {
    "email": "jane.doe@example.com",
    "first_name": "Jane",
    "last_name": "Doe",
    "status": "active",
    "external_id": "12345",
}
ORDER = {"order_id": "ord_789", "amount": 49.99, "currency": "USD", "date": "2024-04-10T11:12:00Z"}
GERMANS = {
    "version": 1,
    "rule": {"on": "profile", "field": "country", "op": "is_one_of", "value": ["DE", "AT"]},
}
PLAN = {"key": "plan", "name": "Plan", "type": "enum", "options": ["free", "pro"], "purpose": "segmentation"}

EXAMPLES = [
    Example("createAttribute", "Define a custom attribute", body=PLAN, status=201, answer={"key": "plan"}),
    Example("getAttribute", "Read a definition", path={"key": "plan"}, answer={"key": "plan", "type": "enum"}),
    Example(
        "updateAttribute",
        "Rename it",
        path={"key": "plan"},
        body={"name": "Plan bought"},
        answer={"name": "Plan bought"},
    ),
    Example("listAttributes", "Which attributes there are", answer={"data": [{"key": "plan"}]}),
    Example("getAttributesSchema", "Attributes as JSON Schema"),
    Example(
        "createCustomer",
        "A new customer",
        headers={"Idempotency-Key": "5a1f8c0e-create-12345"},
        body=JANE | {"country": "US", "attributes": {"plan": "pro"}},
        status=201,
        answer={"id": "...", **JANE, "country": "US", "attributes": {"plan": "pro"}, "segments": []},
    ),
    Example(
        "recordPurchase",
        "An order",
        path={"reference": "12345"},
        body=ORDER,
        status=201,
        answer={"order_id": "ord_789"},
    ),
    Example("listPurchases", "Orders of one customer", path={"reference": "12345"}, answer={"data": [ORDER]}),
    Example(
        "replaceTags",
        "Replace the whole set",
        path={"user_id": "12345"},
        body={"tags": ["frequent_viewer", "email_subscriber"]},
        answer={"userId": "12345", "tags": ["email_subscriber", "frequent_viewer"], "updatedAt": "..."},
    ),
    Example(
        "changeTags",
        "Put one on, take one off",
        path={"user_id": "12345"},
        body={"add": ["vip"], "remove": ["frequent_viewer"]},
        answer={"tags": ["email_subscriber", "vip"]},
    ),
    Example(
        "removeTag", "Take one off", path={"user_id": "12345", "tag": "vip"}, answer={"tags": ["email_subscriber"]}
    ),
    Example("getTags", "Which tags", path={"user_id": "12345"}, answer={"tags": ["email_subscriber"]}),
    Example(
        "listCustomers",
        "Active customers since an instant",
        query={"created_after": "2024-01-01T00:00:00Z", "status": "active", "limit": "100"},
        answer={
            "data": [{"id": "...", **JANE, "last_purchase": ORDER, "segments": []}],
            "pagination": {"limit": 100, "offset": 0, "total": 1},
        },
    ),
    Example("getCustomer", "By external id", path={"reference": "12345"}, answer={"id": "...", "last_purchase": ORDER}),
    Example(
        "updateCustomer",
        "Change some fields",
        path={"reference": "12345"},
        body={"language": "en-US"},
        answer={"language": "en-US", "first_name": "Jane"},
    ),
    Example(
        "replaceCustomer",
        "Replace all fields",
        path={"reference": "12345"},
        body=JANE | {"country": "US", "attributes": {"plan": "free"}},
        answer={"attributes": {"plan": "free"}},
    ),
    Example(
        "upsertCustomers",
        "Two records of a nightly sync",
        headers={"Idempotency-Key": "nightly-2024-06-10"},
        body={
            "id_property": "external_id",
            "inputs": [
                {"id": "12345", "properties": {"first_name": "Janet"}, "trace_id": "row-1"},
                {"id": "67890", "properties": {"email": "john.roe@example.com"}, "trace_id": "row-2"},
            ],
        },
        answer={
            "results": [
                {"index": 0, "status": "updated", "id": "...", "trace_id": "row-1"},
                {"index": 1, "status": "created", "id": "...", "trace_id": "row-2"},
            ]
        },
    ),
    Example(
        "readCustomers",
        "Several at once",
        body={"ids": ["12345", "nobody"]},
        answer={"data": [{"external_id": "12345"}], "missing": ["nobody"]},
    ),
    Example(
        "linkIdentity",
        "Recognise a browser",
        path={"reference": "12345"},
        body={"kind": "anonymous_id", "value": "browser-7"},
    ),
    Example("listIdentities", "Under which identifiers", path={"reference": "12345"}, answer={"data": []}),
    Example("getSegmentSchema", "The grammar as JSON Schema"),
    Example(
        "previewSegment",
        "How many people, reached how, and where the others drop out",
        body={"rule": GERMANS, "drop_off": True},
        answer={"total": 0, "words": 'country is one of "DE", "AT"', "reach": [], "sample": []},
    ),
    Example(
        "createSegment",
        "People who bought",
        headers={"Idempotency-Key": "segment-buyers"},
        body={"name": "Buyers", "words": "order count is at least 1"},
        status=201,
        answer={"slug": "buyers", "kind": "dynamic", "words": "order count is at least 1"},
    ),
    Example("getSegment", "By its slug", path={"segment": "buyers"}, answer={"slug": "buyers", "state": "active"}),
    Example("listSegments", "Which segments there are", answer={"data": [{"slug": "buyers"}]}),
    Example(
        "explainSegment",
        "Why somebody is in it",
        path={"segment": "buyers"},
        query={"customer": "12345"},
        answer={"matches": True, "conditions": [{"words": "order count is at least 1", "holds": True, "seen": "1"}]},
    ),
    Example(
        "updateSegment",
        "Another rule",
        path={"segment": "buyers"},
        body={"rule": GERMANS, "description": "People in Germany and Austria."},
        answer={"definition": 2, "words": 'country is one of "DE", "AT"'},
    ),
    Example("refreshSegment", "Calculate it now", path={"segment": "buyers"}, status=202, answer={"slug": "buyers"}),
    Example("listSegmentRuns", "How calculations went", path={"segment": "buyers"}, answer={"data": []}),
    Example(
        "createSegment",
        "A list kept by hand",
        headers={"Idempotency-Key": "segment-friends"},
        body={"name": "Friends of the house", "slug": "friends", "kind": "static"},
        status=201,
        answer={"slug": "friends", "rule": None, "members": 0, "health": "fresh"},
    ),
    Example(
        "changeSegmentMembers",
        "Put people on it",
        path={"segment": "friends"},
        headers={"Idempotency-Key": "friends-1"},
        body={"add": ["12345", "nobody"]},
        answer={"members": 1, "missing": ["nobody"]},
    ),
    Example(
        "listSegmentMembers",
        "Who is on it",
        path={"segment": "friends"},
        answer={"data": [{"id": "...", "external_id": "12345"}], "pagination": {"has_more": False}},
    ),
    Example(
        "snapshotSegment",
        "Freeze it",
        path={"segment": "friends"},
        headers={"Idempotency-Key": "friends-frozen"},
        body={"name": "Friends in June"},
        status=201,
        answer={"slug": "friends-in-june", "kind": "snapshot", "members": 1},
    ),
    Example("deleteSegment", "Put it away", path={"segment": "friends"}, status=204),
    Example("getTimeline", "What happened", path={"reference": "12345"}),
    Example("listCustomerChanges", "What changed since the last sync", answer={"next_token": "...", "has_more": False}),
    Example("deleteCustomer", "Leave a tombstone", path={"reference": "67890"}, status=204),
    Example("listJobs", "Your imports", answer={"data": []}),
    Example("getJob", "A job that is not yours", path={"job_id": "job_0"}, status=404),
    Example("getJobResult", "A job that is not yours", path={"job_id": "job_0"}, status=404),
]

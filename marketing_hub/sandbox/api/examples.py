"""A story of calls with a test credential."""

from core.api.schema import Example

EXAMPLES = [
    Example("getSandboxClock", "What time it is there", answer={"now": "...", "real_now": "..."}),
    Example(
        "setSandboxClock", "A day later", body={"advance_seconds": 86_400}, answer={"now": "...", "real_now": "..."}
    ),
    Example(
        "triggerSandboxEvent",
        "A test customer.updated",
        path={"event_type": "customer.updated"},
        body={"data": {"changed": ["email"]}},
        status=202,
        answer={"id": "...", "type": "customer.updated", "subject": "..."},
    ),
    Example(
        "getEvent",
        "What was told of it",
        path={"event_id": "$triggerSandboxEvent.id"},
        answer={"id": "...", "type": "customer.updated", "data": {"changed": ["email"]}},
    ),
    Example("listSandboxSends", "What would have been sent", query={"kind": "webhook"}, answer={"data": []}),
    Example("seedSandbox", "What is missing of the mock data", status=202, answer={"job": "...", "total": 60}),
    Example("getSandboxSeed", "How far it is", answer={"job": "...", "state": "...", "total": 60}),
    Example("resetSandbox", "The mock data again", status=202, answer={"job": "...", "state": "queued"}),
    Example("getSandboxReset", "Whether it is done", answer={"job": "...", "state": "queued"}),
]

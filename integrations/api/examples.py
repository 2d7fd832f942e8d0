"""A story of calls about the caller itself."""

from core.api.schema import Example

HOOK = {
    "url": "https://crm.example.com/hooks",
    "description": "CRM",
    "event_types": ["customer.*", "consent.withdrawn"],
    "purpose": "service",
}
ID = {"endpoint_id": "$createWebhook.id"}
DELIVERY = {**ID, "delivery_id": "$testWebhook.id"}

SINK = {
    "kind": "kafka",
    "name": "Warehouse",
    "servers": "kafka.example.com:9093",
    "destination": "hub.events",
    "mechanism": "SCRAM-SHA-512",
    "username": "hub",
    "password": "a-long-password",
    "event_types": ["customer.*", "consent.*"],
}
SINK_ID = {"sink_id": "$createSink.id"}

EXAMPLES = [
    Example("getMe", "Who am I", answer={"kind": "bearer", "livemode": True}),
    Example("getUsage", "What is used up", query={"days": "1"}, answer={"tier": "...", "history": [{"limited": 0}]}),
    Example("listVersions", "Which versions answer", answer={"versions": [{"base": "/api/v1", "status": "current"}]}),
    Example(
        "listAuditEntries",
        "Which customers were created",
        query={"action": "customer.created", "limit": "1"},
        answer={"data": [{"action": "customer.created", "actor": {"kind": "..."}}]},
    ),
    Example("listAuditSeals", "The newest seal", query={"limit": "1"}, answer={"data": []}),
    Example("readEventTypeSchema", "What a click may hold", path={"name": "click"}, answer={"type": "object"}),
    Example("getLimits", "My windows", answer={"tier": "..."}),
    Example("listChanges", "Who is new", query={"topics": "customer.*", "limit": "1"}, answer={"next_token": "..."}),
    Example("stream", "What happens to customers", query={"topics": "customer.*"}),
    Example("listWebhookEventTypes", "What can be asked for", answer={"data": [{"name": "automation.active"}]}),
    Example(
        "createWebhook",
        "Be told about customers",
        body=HOOK,
        status=201,
        answer={"id": "...", "secret": "...", "state": "active", "payload": "thin"},
    ),
    Example("listWebhooks", "Which endpoints there are", answer={"data": [{"id": "...", "description": "CRM"}]}),
    Example("getWebhook", "How it does", path=ID, answer={"state": "active", "failing_since": None}),
    Example(
        "updateWebhook",
        "Only those in a segment",
        path=ID,
        body={"event_types": ["segment.entered", "segment.exited"], "filters": {"segment": ["vip"]}},
        answer={"filters": {"segment": ["vip"]}},
    ),
    Example("rotateWebhookSecret", "Another secret", path=ID, answer={"secret": "...", "old_secret_until": "..."}),
    Example("testWebhook", "A ping", path=ID, status=202, answer={"type": "ping", "state": "waiting"}),
    Example("listWebhookDeliveries", "What was delivered", path=ID, answer={"data": [{"type": "ping"}]}),
    Example("getWebhookDelivery", "Each attempt", path=DELIVERY, answer={"state": "waiting", "log": []}),
    Example("retryWebhookDelivery", "At once", path=DELIVERY, status=202, answer={"state": "waiting"}),
    Example(
        "recoverWebhook",
        "What it missed",
        path=ID,
        body={"since": "2026-11-01T00:00:00Z"},
        status=202,
        answer={"job": "..."},
    ),
    Example("pauseWebhook", "For an hour", path=ID, answer={"state": "paused"}),
    Example("enableWebhook", "Go on", path=ID, answer={"state": "active"}),
    Example("deleteWebhook", "Remove it", path=ID, status=204),
    Example("createSink", "A topic of Kafka", body=SINK, status=201, answer={"id": "...", "state": "active"}),
    Example("listSinks", "Which sinks there are", answer={"data": [{"id": "...", "name": "Warehouse"}]}),
    Example("getSink", "How far it is", path=SINK_ID, answer={"kind": "kafka", "sent": 0, "failures": 0}),
    Example(
        "updateSink",
        "Only who may not be contacted any more",
        path=SINK_ID,
        body={"event_types": ["consent.withdrawn", "suppression.added"]},
        answer={"event_types": ["consent.withdrawn", "suppression.added"]},
    ),
    Example("testSink", "A ping", path=SINK_ID, status=202, answer={"state": "active"}),
    Example("pauseSink", "For an hour", path=SINK_ID, answer={"state": "paused"}),
    Example("resumeSink", "Go on", path=SINK_ID, answer={"state": "active"}),
    Example("deleteSink", "Remove it", path=SINK_ID, status=204),
]

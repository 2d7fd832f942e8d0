"""A story of calls about the caller itself."""

from core.api.schema import Example

EXAMPLES = [
    Example("getMe", "Who am I", answer={"kind": "bearer", "livemode": True}),
    Example("getUsage", "What is used up", query={"days": "1"}, answer={"tier": "...", "history": [{"calls": 0}]}),
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
]

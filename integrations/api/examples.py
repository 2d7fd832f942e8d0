"""A story of calls about the caller itself."""

from core.api.schema import Example

EXAMPLES = [
    Example("getMe", "Who am I", answer={"kind": "bearer", "livemode": True}),
    Example("getUsage", "What is used up", answer={"tier": "..."}),
    Example("getLimits", "My windows", answer={"tier": "..."}),
]

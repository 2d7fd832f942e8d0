"""What every address of the API promises, whatever it is about."""

from typing import Any

from django.http import HttpResponse

LIMIT_HEADERS = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Used",
    "X-RateLimit-Resource",
    "RateLimit",
    "RateLimit-Policy",
)


def assert_carries_what_all_answers_carry(answer: HttpResponse) -> None:
    """Request id, version and limits."""
    missing = [
        name for name in (*LIMIT_HEADERS, "X-Request-Id", "API-Version", "X-API-Version") if not answer.has_header(name)
    ]
    assert missing == []
    assert int(answer["X-RateLimit-Remaining"]) <= int(answer["X-RateLimit-Limit"])


def assert_is_refusal(answer: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The error body: the two documented members first, then the others."""
    assert answer.status_code == status, answer.content[:500]
    body = answer.json()
    assert list(body)[:3] == ["error", "message", "code"]
    assert body["code"] == code
    assert body["request_id"] == answer["X-Request-Id"]
    assert body["doc_url"].endswith(f"/docs/errors#{code}")
    assert isinstance(body["retryable"], bool)
    assert_carries_what_all_answers_carry(answer)
    return body

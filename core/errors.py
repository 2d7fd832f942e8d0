"""Refusals: each has an HTTP status, a machine code and a sentence for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input: the field (dotted path), a machine code, a sentence."""

    param: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The shape used in `details` of an error body."""
        return {"param": self.param, "code": self.code, "message": self.message}


class DomainError(Exception):
    """A refusal that the caller can understand and act upon; anything else that is raised is a defect."""

    status: ClassVar[int] = 422
    error: ClassVar[str] = "UnprocessableEntity"
    default_code: ClassVar[str] = "business_rule"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        details: Sequence[Problem] = (),
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.param = param
        self.details = tuple(details)
        self.extra = extra or {}
        self.headers = headers or {}


class InvalidInput(DomainError):
    """Something in the request cannot be used; nothing was stored."""

    status, error, default_code = 400, "BadRequest", "invalid_parameter"


class Unauthenticated(DomainError):
    """No credential, or one that does not hold."""

    status, error, default_code = 401, "Unauthorized", "invalid_token"


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    status, error, default_code = 403, "Forbidden", "insufficient_scope"


class ConsentRequired(Forbidden):
    """No consent token or recorded state allows this (GDPR Art. 6(1)(a), ePrivacy Art. 5(3))."""

    default_code = "consent_required"


class NotFound(DomainError):
    """Nothing by that name, or nothing the caller may know about."""

    status, error, default_code = 404, "NotFound", "resource_missing"


class Gone(DomainError):
    """It was here and is not any more."""

    status, error, default_code = 410, "Gone", "cursor_expired"


class Conflict(DomainError):
    """The request is fine, the present state is not."""

    status, error, default_code = 409, "Conflict", "state_conflict"


class InvalidState(Conflict):
    """The object is in a state from which this step is not allowed."""


class PreconditionFailed(DomainError):
    """The object changed since the caller read it (RFC 9110 section 13.1.1)."""

    status, error, default_code = 412, "PreconditionFailed", "etag_mismatch"


class PreconditionRequired(DomainError):
    """This client must send If-Match (RFC 6585 section 3)."""

    status, error, default_code = 428, "PreconditionRequired", "if_match_required"


class TooLarge(DomainError):
    """More bytes or items than this door takes."""

    status, error, default_code = 413, "PayloadTooLarge", "payload_too_large"


class UnsupportedMediaType(DomainError):
    """A body in a format this door does not read."""

    status, error, default_code = 415, "UnsupportedMediaType", "unsupported_media_type"


class RateLimited(DomainError):
    """The caller's quota for a window is used up."""

    status, error, default_code, retryable = 429, "RateLimitExceeded", "rate_limited", True


class Unavailable(DomainError):
    """A part we need does not answer at the moment; trying again later may work."""

    status, error, default_code, retryable = 503, "ServiceUnavailable", "unavailable", True


class Broken(DomainError):
    """A defect of ours; the request id leads to the report."""

    status, error, default_code, retryable = 500, "InternalServerError", "internal_error", True

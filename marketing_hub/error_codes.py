"""The one table of machine codes in error bodies: what each means and what a caller should do."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code, the HTTP status it comes with, its meaning, the remedy."""

    code: str
    status: int
    meaning: str
    remedy: str


_ROWS: Final = (
    (
        "invalid_parameter",
        400,
        "A parameter or field has a value that cannot be used.",
        "Correct the field in param; details names each.",
    ),
    (
        "unknown_parameter",
        400,
        "The address does not know this parameter or field.",
        "Remove it or correct its spelling.",
    ),
    ("missing_field", 400, "A required field or header is absent.", "Send the field in param."),
    ("malformed_json", 400, "The body is not valid JSON.", "Check quotes, commas and the encoding (UTF-8)."),
    ("empty", 400, "The value is empty.", "Send a value or leave the field out."),
    ("too_long", 400, "The text is longer than the field holds.", "Shorten it."),
    ("control_character", 400, "The text holds control characters.", "Remove them."),
    (
        "blocked_value",
        400,
        "The identifier is a placeholder such as null, guest or noreply.",
        "Send the person's own, or none.",
    ),
    ("invalid_email", 400, "This is not an e-mail address.", "Correct it or leave it out."),
    ("invalid_phone", 400, "This is not a phone number.", "Write it as E.164, such as +14155552671."),
    ("missing_region", 400, "The phone number has no country code.", "Write + and the country code, or send country."),
    ("unknown_kind", 400, "There is no such kind of identifier.", "Use email, phone, external_id or anonymous_id."),
    (
        "unknown_attribute",
        400,
        "No attribute of this name is defined.",
        "Define it at /api/v1/attributes, or correct its name.",
    ),
    (
        "wrong_type",
        400,
        "The value has another type than the attribute.",
        "Send the type of /api/v1/attributes/schema.",
    ),
    (
        "not_an_option",
        400,
        "The value is none of the attribute's options.",
        "Choose an option, or add one to the definition.",
    ),
    ("too_many_items", 400, "The list has more items than allowed.", "Shorten it."),
    ("out_of_range", 400, "The number or date is too large or too small.", "Correct it."),
    ("not_a_date", 400, "This is not a date of ISO 8601.", "Write 2024-12-31, or 2024-12-31T09:30:00Z."),
    ("unstorable", 400, "The text holds a character that cannot be stored.", "Remove it."),
    ("duplicate_phone", 409, "Another customer has this phone number.", "Update that customer instead."),
    (
        "duplicate_file",
        409,
        "This file was imported before.",
        "Nothing needs to be done, or send again=true.",
    ),
    ("empty_file", 400, "The file is empty.", "Bring a file with a header and rows."),
    ("not_text", 400, "The file is no CSV file.", "Save the sheet as CSV (UTF-8) and bring that file."),
    ("bad_header", 400, "The row with the column names cannot be read.", "Correct the first row."),
    ("unknown_member", 400, "The mapping has a part that does not exist.", "Remove it or correct its name."),
    ("unknown_field", 400, "A column is mapped to a field that does not exist.", "Choose a field of the target."),
    (
        "unknown_column",
        400,
        "The mapping names a column that the file does not have.",
        "Use the names of the file's header.",
    ),
    ("mapped_twice", 400, "Two columns are mapped to one field.", "Map one of them, and leave the other out."),
    ("bad_option", 400, "An option of the mapping has a wrong value.", "Choose one of the values in the message."),
    ("batch_rejected", 400, "No item of the batch was stored.", "Read results: each item names its own reason."),
    ("unknown_type", 400, "There is no such event type.", "Read GET /engagement/types, or register the type."),
    ("invalid_schema", 400, "This is not a JSON Schema that can be used.", "Correct it as the message says."),
    ("event_too_large", 400, "The event has more bytes than allowed.", "Send less in context and properties."),
    (
        "timestamp_too_old",
        400,
        "The event lies further back than events are kept.",
        "Check the sender's clock; older history comes by import.",
    ),
    ("timestamp_in_future", 400, "The event lies more than 24 hours ahead.", "Check the sender's clock."),
    (
        "timestamp_clamped",
        202,
        "A warning: the event lay in the future and was stored with the time of receipt.",
        "Check the sender's clock.",
    ),
    ("batch_too_large", 400, "More items than a batch may hold.", "Split the batch."),
    (
        "credential_in_query",
        400,
        "A credential stands in the address, where logs keep it.",
        "Send it in a header and replace it: it may have leaked.",
    ),
    (
        "sensitive_number",
        400,
        "A payment-card or social-security number stands in a field.",
        "Remove it; such numbers are never accepted.",
    ),
    (
        "missing_credentials",
        401,
        "The request carries no token and no key.",
        "Send Authorization: Bearer ... or X-API-Key.",
    ),
    (
        "invalid_token",
        401,
        "The token or key is unknown or was revoked.",
        "Ask for a new token; check which key is in use.",
    ),
    ("token_expired", 401, "The token or key has expired.", "Ask for a new token; issue a new key."),
    (
        "insufficient_scope",
        403,
        "The credential lacks the scope in required_scope.",
        "Ask for a token with it; the client must be registered for it.",
    ),
    (
        "ip_not_allowed",
        403,
        "The client may be used from other networks only.",
        "Call from an allowed network or have it added.",
    ),
    (
        "origin_not_allowed",
        403,
        "A publishable key was used on a web page of another origin, or the address is not open to web pages.",
        "Add the origin to the key in the console; send from pages only what docs/api/browser.md names.",
    ),
    (
        "secret_in_browser",
        403,
        "A secret API key came from a web page, where everybody can read it.",
        "Revoke the key now; use a publishable key on pages, or send through your own server.",
    ),
    (
        "publishable_key",
        403,
        "A publishable key may only send events.",
        "Use a token or a secret key from your own server.",
    ),
    ("forbidden", 403, "The caller may not do this.", "Ask an administrator."),
    (
        "consent_required",
        403,
        "No consent token and no recorded state allows this.",
        "Record consent or send a valid consent token.",
    ),
    (
        "consent_invalid",
        403,
        "The consent token is not ours, expired, revoked, another person's or for another purpose.",
        "Ask for a new consent token.",
    ),
    ("unknown_user", 403, "There is no customer with this id.", "Create the customer, then send the event again."),
    (
        "suppressed",
        403,
        "The person must not be contacted or recorded.",
        "Remove the person from the source; do not retry.",
    ),
    (
        "resource_missing",
        404,
        "Nothing stands there, or nothing the caller may know about.",
        "Check the id and the address.",
    ),
    ("method_not_allowed", 405, "The address does not offer this verb.", "See Allow."),
    ("not_acceptable", 406, "Accept rules out JSON and XML.", "Send Accept: application/json or application/xml."),
    (
        "idempotency_in_progress",
        409,
        "The first request with this Idempotency-Key still runs.",
        "Wait as long as Retry-After says, then repeat.",
    ),
    ("state_conflict", 409, "The present state does not allow this step.", "Read the object again and decide anew."),
    ("duplicate_external_id", 409, "Another customer has this external id.", "Update that customer instead."),
    ("cursor_expired", 410, "The cursor or token is too old.", "Start again from the beginning."),
    (
        "etag_mismatch",
        412,
        "The object has changed since it was read.",
        "Read it again, merge, repeat with the new ETag.",
    ),
    ("payload_too_large", 413, "The body is larger than this address takes.", "Send less at once, or use an import."),
    ("unsupported_media_type", 415, "The body is in another format.", "Send Content-Type: application/json."),
    ("business_rule", 422, "A rule forbids this.", "Read the message; correct the request."),
    (
        "idempotency_mismatch",
        422,
        "The Idempotency-Key was used for another request.",
        "Use a new key for a new request.",
    ),
    (
        "if_match_required",
        428,
        "This client must say which version it changes.",
        "Send If-Match with the ETag that was read.",
    ),
    ("rate_limited", 429, "The burst window is full.", "Wait as long as Retry-After says; spread calls."),
    (
        "quota_exceeded",
        429,
        "The window of the hour or the day is full.",
        "Wait as long as Retry-After says; ask for a higher rate class.",
    ),
    ("unknown_notice", 400, "There is no such notice.", "Use the name of a published notice."),
    (
        "wording_mismatch",
        400,
        "The wording is not that of the notice that was named.",
        "Send the version that was shown.",
    ),
    ("duplicate_order_id", 409, "This order is already recorded.", "Nothing needs to be done; do not retry."),
    ("duplicate_email", 409, "Another account has this e-mail address.", "Use the account that exists."),
    ("sign_in_refused", 401, "Address or password is wrong.", "Try again; the account locks after repeated failures."),
    ("sign_in_locked", 429, "Too many failed attempts to sign in.", "Wait until retry_at."),
    ("invitation_expired", 404, "The invitation is used or too old.", "Ask for a new one."),
    ("last_superuser", 409, "The last superuser cannot be removed.", "Make somebody else superuser first."),
    ("internal_error", 500, "A defect of ours.", "Repeat later with the same Idempotency-Key; tell us the request id."),
    ("unavailable", 503, "A part we need does not answer.", "Repeat later with growing pauses."),
)

ERROR_CODES: Final = tuple(sorted((ErrorCode(*row) for row in _ROWS), key=lambda row: row.status))

"""Ending secrets that stand in public, as soon as somebody says so."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from oauth2_provider.models import AccessToken, RefreshToken

from core import audit, jobs, meter, outbox
from core.actors import Actor
from core.crypto import digest
from core.errors import Unauthenticated, Unavailable
from core.models import AuditEntry
from integrations.models import ApiClient, ApiClientSecret, ApiKey
from integrations.rules.leaks import KINDS, Report, find_key, hint_of, is_signed, kind_of
from integrations.services.clients import drop_tokens
from integrations.services.letters import Letter, manager_addresses, send_letters
from integrations.services.outside import read_address

LEAKED: Final = "security.secret_leaked"
KEYS_KEPT_S: Final = 600
ASKED_AT_MOST: Final = meter.Window("minute", 2, 60)
"""How often the partner is asked for its keys: whoever names keys that do not exist makes us call nobody all day."""
BATCH: Final = 500
log = structlog.get_logger("leaks")


def check_partner(*, body: bytes, key_id: str, signature: str) -> None:
    """Nothing when a key of the partner signed these bytes; Unauthenticated otherwise.

    Unavailable while its list of keys cannot be had. The list is kept for KEYS_KEPT_S and read again for a key that is
    not in it.
    """
    if not key_id or not signature:
        raise Unauthenticated("The report is not signed.")
    kept: bytes | None = cache.get(_kept_at())
    key = find_key(kept, key_id) if kept else ""
    if not key:
        key = find_key(_read_keys(), key_id)
    if not key or not is_signed(body=body, signature=signature, key=key):
        log.warning("leak_report_not_proven", key=key_id[:80])
        raise Unauthenticated("No key of the partner made this signature.")


def _read_keys() -> bytes:
    granted = meter.take("leak-keys", [ASKED_AT_MOST]).granted
    document = read_address(settings.SECURITY.leak_keys_url) if granted else None
    if document is None:
        raise Unavailable("The keys of the partner cannot be had now; try again later.")
    cache.set(_kept_at(), document, timeout=KEYS_KEPT_S)
    return document


def _kept_at() -> str:
    return f"leak-keys:{digest(settings.SECURITY.leak_keys_url)}"


def end_leaked(*, reports: Sequence[Report], by: Actor, now: datetime) -> list[bool]:
    """What was found in public opens nothing any more; for each report whether it was one of ours, dead ones too.

    A client secret ends with every token of its client, as whoever had it could ask for some; a refresh token with all
    that came of it; a key or an access token alone. Each one that was alive stands in the audit log with the address
    where it was found, and managers and the contact of its client are written to.
    """
    ours: list[bool] = []
    for start in range(0, len(reports), BATCH):
        ours += _end_some(reports[start : start + BATCH], by, now)
    return ours


@transaction.atomic
def _end_some(reports: Sequence[Report], by: Actor, now: datetime) -> list[bool]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        wanted[kind_of(report.token)].add(digest(report.token))
    found = {kind: _FINDERS[kind](wanted[kind]) for kind in KINDS if wanted[kind]}
    ended: set[str] = set()
    answers = []
    for report in reports:
        checksum = digest(report.token)
        row = found.get(kind_of(report.token), {}).get(checksum)
        answers.append(row is not None)
        if row is not None and checksum not in ended:
            ended.add(checksum)
            _end(row, report, by, now)
    return answers


def _end(row: Any, report: Report, by: Actor, now: datetime) -> None:
    client = getattr(row, "client", None) or row.application
    if not _ENDERS[type(row)](row, client, now):
        return
    changes = {"found": [hint_of(report.token), None], "kind": [KINDS[kind_of(report.token)], None]}
    audit.record(by=by, action=LEAKED, target=client.public_id, changes=changes, reason=_printable(report.url))
    jobs.defer("integrations.tasks.mail_leak", client_id=client.public_id)


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:300] if letter.isprintable())


def _end_secret(row: ApiClientSecret, client: ApiClient, now: datetime) -> bool:
    if not row.is_valid(now):
        return False
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    drop_tokens(client=client, now=now)
    return True


def _end_key(row: ApiKey, client: ApiClient, now: datetime) -> bool:
    if row.revoked_at is not None or row.expires_at <= now:
        return False
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    outbox.publish(topic="client.key_revoked", subject=client.public_id)
    return True


def _end_access(row: AccessToken, client: ApiClient, now: datetime) -> bool:
    row.delete()
    return bool(row.expires > now)


def _end_refresh(row: RefreshToken, client: ApiClient, now: datetime) -> bool:
    if row.revoked is not None:
        return False
    RefreshToken.revoke_family(row.token_family)
    RefreshToken.objects.filter(pk=row.pk, revoked__isnull=True).update(revoked=now)
    AccessToken.objects.filter(pk=row.access_token_id).delete()
    return True


_ENDERS: Final[dict[type[Any], Any]] = {
    ApiClientSecret: _end_secret,
    ApiKey: _end_key,
    AccessToken: _end_access,
    RefreshToken: _end_refresh,
}


def _secrets(digests: set[str]) -> dict[str, Any]:
    rows = ApiClientSecret.objects.select_for_update(of=("self",)).select_related("client").filter(digest__in=digests)
    return {row.digest: row for row in rows}


def _keys(digests: set[str]) -> dict[str, Any]:
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("client")
    return {row.digest: row for row in rows.filter(digest__in=digests, origins=[])}


def _tokens(model: type[Any], digests: set[str]) -> dict[str, Any]:
    rows = model.objects.select_for_update(of=("self",)).select_related("application")
    return {row.token_checksum: row for row in rows.filter(token_checksum__in=digests, application__isnull=False)}


_FINDERS: Final[Mapping[str, Callable[[set[str]], dict[str, Any]]]] = {
    "mhs": _secrets,
    "mk": _keys,
    "mha": lambda digests: _tokens(AccessToken, digests),
    "mhr": lambda digests: _tokens(RefreshToken, digests),
}


def mail_leak(*, client_id: str, now: datetime) -> int:
    """Managers and the contact of the client know what of it was found in public within the last hour; how many.

    Retryable without a server.
    """
    client = ApiClient.objects.filter(public_id=client_id).first()
    entries = AuditEntry.objects.filter(action=LEAKED, target=client_id, at__gt=now - timedelta(hours=1))
    rows = list(entries.order_by("-id")[:50])
    if client is None or not rows:
        return 0
    addresses = dict.fromkeys([*manager_addresses(), *([client.contact] if client.contact else [])])
    body = _letter(client, rows)
    subject = f"Secret of {client.name} found in public"
    return send_letters([Letter(address, subject, body) for address in addresses], about=client_id)


def _letter(client: ApiClient, rows: Sequence[AuditEntry]) -> str:
    found = "\n".join(
        f"- {row.changes['kind'][0]} {row.changes['found'][0]}, at {row.reason or 'an address we were not told'}"
        for row in rows
    )
    return (
        f"Somebody found in public what opens our API for {client.name}. It was ended and opens nothing any more:\n\n"
        f"{found}\n\nRemove it there, look at what was called with it, and make a new one.\n\n"
        f"{settings.PUBLIC_URL}/console/api-clients/{client.public_id}\n"
    )

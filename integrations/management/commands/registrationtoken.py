"""Initial access tokens from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from integrations.models import RegistrationToken
from integrations.selectors.registrations import find_registration_token, list_registration_tokens
from integrations.services.clients import GRANTS
from integrations.services.registrations import issue_registration_token, revoke_registration_token


class Command(BaseCommand):
    """`registrationtoken create|list|revoke`."""

    help = "Issue tokens with which partners register API clients themselves (RFC 7591); each is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="issue a token")
        create.add_argument("--name", required=True, help="whom it is for")
        create.add_argument("--scopes", required=True, help="what each client may have at most, separated by blanks")
        create.add_argument("--grant", action="append", choices=list(GRANTS), help="may be given more than once")
        create.add_argument("--clients", type=int, default=1, help="how many may be registered with it")
        create.add_argument("--days", type=int, default=7)
        listing = verbs.add_parser("list", help="all tokens")
        revoke = verbs.add_parser("revoke", help="nobody registers with it any more")
        revoke.add_argument("--token", required=True, help="irt_...")
        for verb in (create, listing, revoke):
            verb.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb; a refusal is one sentence."""
        try:
            answer = getattr(self, f"_{options['verb']}")(options)
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        if options["json"]:
            self.stdout.write(json.dumps(answer, indent=2))
        else:
            for row in answer if isinstance(answer, list) else [answer]:
                self.stdout.write("  ".join(f"{name}={value}" for name, value in row.items()))

    def _create(self, options: dict[str, Any]) -> dict[str, Any]:
        issued = issue_registration_token(
            name=options["name"],
            scopes=options["scopes"].replace(",", " ").split(),
            grants=options["grant"] or ["authorization_code"],
            uses=options["clients"],
            days=options["days"],
            by=SYSTEM,
            now=timezone.now(),
        )
        facts = _facts(issued.token)
        return {"initial_access_token": issued.secret, **facts, "register_at": f"{settings.PUBLIC_URL}/oauth/register"}

    def _list(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        return [_facts(token) for token in list_registration_tokens().order_by("-created_at", "-id")[:1000]]

    def _revoke(self, options: dict[str, Any]) -> dict[str, Any]:
        token = find_registration_token(public_id=options["token"])
        return _facts(revoke_registration_token(token=token, by=SYSTEM, now=timezone.now()))


def _facts(token: RegistrationToken) -> dict[str, Any]:
    return {
        "id": token.public_id,
        "name": token.name,
        "scopes": token.scopes,
        "grants": token.grants,
        "registered": token.uses,
        "clients": token.most_uses,
        "expires_at": token.expires_at.isoformat(),
        "revoked": token.revoked_at is not None,
    }

"""API keys from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from integrations.models import ApiClient, ApiKey
from integrations.selectors.clients import find_client
from integrations.services.clients import issue_api_key, issue_publishable_key


class Command(BaseCommand):
    """`apikey create --client ID`."""

    help = "Issue an API key of a client; it is printed once and cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `create`."""
        create = parser.add_subparsers(dest="verb", required=True).add_parser("create", help="issue a key")
        create.add_argument("--client", required=True, help="cli_... or live_...")
        create.add_argument("--name", default="command line")
        create.add_argument("--scopes", default="", help="separated by blanks; all of the client's unless given")
        create.add_argument("--network", action="append", default=[], help="may be used from here only, CIDR")
        create.add_argument(
            "--origin", action="append", default=[], help="makes it publishable, for pages of this origin"
        )
        create.add_argument("--days", type=int, default=None)
        create.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the key and print it."""
        try:
            client = find_client(identifier=options["client"])
            key, text = self._issued(client, options)
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        answer = {
            "api_key": text,
            "id": key.public_id,
            "client_id": client.client_id,
            "scopes": key.scopes,
            "expires_at": key.expires_at.isoformat(),
        }
        self.stdout.write(json.dumps(answer, indent=2) if options["json"] else text)

    def _issued(self, client: ApiClient, options: dict[str, Any]) -> tuple[ApiKey, str]:
        same: dict[str, Any] = {"client": client, "days": options["days"], "by": SYSTEM, "now": timezone.now()}
        if options["origin"]:
            if options["scopes"] or options["network"]:
                raise CommandError("A key with --origin takes neither --scopes nor --network: it is for web pages.")
            key = issue_publishable_key(name=options["name"], origins=options["origin"], **same)
            return key, key.text
        scopes = options["scopes"].replace(",", " ").split() or None
        issued = issue_api_key(name=options["name"], scopes=scopes, networks=options["network"], **same)
        return issued.key, issued.secret

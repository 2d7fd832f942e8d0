"""API clients from the command line."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from integrations.models import ApiClient, AuthMethod, Binding, Tier, TokenFormat
from integrations.rules.assertions import Proof
from integrations.selectors.clients import find_client, list_clients, list_secrets
from integrations.services.clients import GRANTS, change_networks, disable_client, register_client, rotate_secret
from integrations.services.proofs import change_proof


class Command(BaseCommand):
    """`client create|rotate|keys|networks|list|disable`."""

    help = "Register, rotate, list and disable API clients; a secret is printed once and cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="register a client")
        create.add_argument("--name", required=True)
        create.add_argument("--scopes", required=True, help="separated by blanks")
        create.add_argument("--grant", action="append", choices=list(GRANTS), help="may be given twice")
        create.add_argument("--redirect-uri", action="append", default=[])
        create.add_argument("--public", action="store_true", help="an app that can keep no secret")
        create.add_argument("--tier", default=Tier.STANDARD.value, choices=Tier.values)
        create.add_argument("--network", action="append", default=[], help="may call from here only, CIDR")
        create.add_argument("--owner", default="")
        create.add_argument("--token-format", default=TokenFormat.OPAQUE.value, choices=TokenFormat.values)
        create.add_argument("--if-match-required", action="store_true")
        keys = verbs.add_parser("keys", help="prove itself by keys of its own from now on, or by a secret again")
        for verb in (create, keys):
            verb.add_argument("--auth-method", default=AuthMethod.SECRET.value, choices=AuthMethod.values)
            verb.add_argument("--jwks", type=Path, help="file with the public keys, a JWK Set")
            verb.add_argument("--token-binding", default=Binding.NONE.value, choices=Binding.values)
            verb.add_argument("--certificate-name", default="", help="dn:CN=..., dns:..., uri:..., ip:... or email:...")
            verb.add_argument("--jwks-uri", default="", help="https address where the public keys are")
        listing = verbs.add_parser("list", help="all clients")
        rotate = verbs.add_parser("rotate", help="a new secret; the old one stays valid for 24 hours")
        disable = verbs.add_parser("disable", help="end every token and key of a client")
        networks = verbs.add_parser("networks", help="may call from these networks only; from anywhere without any")
        networks.add_argument("--network", action="append", default=[], help="CIDR, IPv4 or IPv6; may be given twice")
        for verb in (rotate, disable, keys, networks):
            verb.add_argument("--client", required=True, help="cli_... or live_...")
        for verb in (create, listing, rotate, disable, keys, networks):
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
        now = timezone.now()
        done = register_client(
            name=options["name"],
            scopes=options["scopes"].replace(",", " ").split(),
            grants=options["grant"] or ["client_credentials"],
            redirect_uris=options["redirect_uri"],
            public=options["public"],
            tier=options["tier"],
            networks=options["network"],
            owner=options["owner"],
            if_match_required=options["if_match_required"],
            token_format=options["token_format"],
            proof=_proof(options),
            by=SYSTEM,
            now=now,
        )
        secret = {"client_secret": done.secret, "secret_expires_at": self._expiry(done.client)} if done.secret else {}
        return {
            "client_id": done.client.client_id,
            **secret,
            **_facts(done.client),
            "token_url": f"{settings.PUBLIC_URL}/oauth/token",
        }

    def _rotate(self, options: dict[str, Any]) -> dict[str, Any]:
        client = find_client(identifier=options["client"])
        secret = rotate_secret(client=client, by=SYSTEM, now=timezone.now())
        expiry = self._expiry(client)
        return {"client_id": client.client_id, "client_secret": secret, "secret_expires_at": expiry}

    def _keys(self, options: dict[str, Any]) -> dict[str, Any]:
        client = find_client(identifier=options["client"])
        changed = change_proof(client=client, proof=_proof(options), by=SYSTEM, now=timezone.now())
        return {"client_id": changed.client_id, **_facts(changed)}

    def _networks(self, options: dict[str, Any]) -> dict[str, Any]:
        client = find_client(identifier=options["client"])
        changed = change_networks(client=client, networks=options["network"], by=SYSTEM)
        return {"client_id": changed.client_id, "networks": changed.networks}

    def _list(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"client_id": c.client_id, **_facts(c)} for c in list_clients(now=timezone.now())[:1000]]

    def _disable(self, options: dict[str, Any]) -> dict[str, Any]:
        client = find_client(identifier=options["client"])
        disable_client(client=client, by=SYSTEM, now=timezone.now())
        return {"client_id": client.client_id, "state": "disabled"}

    def _expiry(self, client: ApiClient) -> str:
        return str(list_secrets(client=client, now=timezone.now())[0].expires_at.isoformat())


def _proof(options: dict[str, Any]) -> Proof:
    """How the client will prove itself; CommandError when the file cannot be read."""
    try:
        keys = options["jwks"].read_text() if options["jwks"] else ""
    except (OSError, UnicodeDecodeError) as trouble:
        raise CommandError(f"{options['jwks']} cannot be read ({type(trouble).__name__}).") from None
    name = options["certificate_name"]
    return Proof(options["auth_method"], keys, options["jwks_uri"], name, options["token_binding"])


def _facts(client: ApiClient) -> dict[str, Any]:
    names = {value: name for name, value in GRANTS.items()}
    return {
        "id": client.public_id,
        "name": client.name,
        "scopes": client.scopes,
        "grants": [names[grant] for grant in client.grants],
        "tier": client.tier,
        "token_format": client.token_format,
        "auth_method": client.auth_method,
        "token_binding": client.token_binding,
        "state": "disabled" if client.disabled_at else "active",
    }

"""Console users from the command line."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from core.models import Role
from marketing_hub.system.accounts import create_staff


class Command(BaseCommand):
    """`staff create --email E --role R --password-stdin`."""

    help = "Create a user of the console; the password is read from standard input, never from the arguments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `create`."""
        create = parser.add_subparsers(dest="verb", required=True).add_parser("create", help="a new console user")
        create.add_argument("--email", required=True)
        create.add_argument("--name", default="")
        create.add_argument("--role", required=True, choices=Role.values)
        create.add_argument("--password-stdin", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account and print its id."""
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            user = create_staff(
                email=options["email"],
                name=options["name"],
                role=options["role"],
                password=password,
                by=SYSTEM,
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"{user.public_id} {user.role}")

"""Templates of the library, and who uses them."""

from typing import Any

from django.utils import timezone

from campaigns.models import ContentTemplate
from campaigns.services.templates import archive_template, define_template
from tests.factories.campaigns import AUTHOR, make_campaign

FOOTER = "Shop Example, 1 High Street\n\n[[de]]\nShop Example, Hauptstraße 1"
LETTER = 'Hello {{ customer.first_name | default: "there" }},\n\nspring is here.\n\n[[block:footer]]'


def make_block(**values: Any) -> ContentTemplate:
    """A block with a part for German."""
    wanted = {"key": "footer", "kind": "block", "name": "Our address", "body": FOOTER}
    return define_template(values={**wanted, **values}, by=AUTHOR, now=timezone.now())


def make_letter(**values: Any) -> ContentTemplate:
    """A message."""
    wanted = {"key": "letter", "kind": "message", "name": "Spring letter", "subject": "Spring is here"}
    body = "Hello {{ customer.first_name | default: 'there' }}, spring is here."
    return define_template(values={**wanted, "body": body, **values}, by=AUTHOR, now=timezone.now())


def template_example() -> dict[str, str]:
    """The address of a block that a message and a campaign name."""
    number = ContentTemplate.objects.count()
    block = make_block(key=f"footer-{number}")
    body = LETTER.replace("footer", block.key)
    make_letter(key=f"letter-{number}", body=body)
    make_campaign(body=body)
    return {"key": block.key}


def archived_template_example() -> dict[str, str]:
    """The address of an archived message."""
    letter = make_letter(key=f"archived-{ContentTemplate.objects.count()}")
    return {"key": archive_template(template=letter, by=AUTHOR, now=timezone.now()).key}

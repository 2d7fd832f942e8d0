"""What pages of the documentation need and takes seconds to make, so that no reader waits for it."""

from marketing_hub import documents
from marketing_hub.portal import models, pages, search


def make() -> None:
    """Afterwards this process has read every page and made the OpenAPI document in both its forms."""
    pages.navigation()
    models.resources()
    documents.schema_json()
    documents.schema_yaml()
    search.find("documentation")

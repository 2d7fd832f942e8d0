"""What was refused."""

from django.db.models import QuerySet

from engagement.models import Rejection


def list_rejections(*, client_id: str = "") -> QuerySet[Rejection]:
    """Refused events of one client or of all, in no order; one row a reason and minute."""
    return Rejection.objects.filter(client_id=client_id) if client_id else Rejection.objects.all()

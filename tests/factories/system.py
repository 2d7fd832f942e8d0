"""What stands behind the screens of the section System; the first account of a test is its reader."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core import audit
from core.actors import SYSTEM, Actor, ActorKind
from core.models import AuditEntry, Job, JobState, Role, StaffUser
from marketing_hub.models import PageComment
from marketing_hub.portal.ratings import rate_page
from marketing_hub.system.kept_views import save_view
from tests.factories.core import make_staff


def actor(user: StaffUser) -> Actor:
    """This member of staff, acting from a documentation address in one request."""
    return Actor(kind=ActorKind.STAFF, id=user.public_id, ip="192.0.2.7", request_id="req_test")


def reader() -> Actor:
    """The first account of the test, or the system when there is none."""
    user = StaffUser.objects.order_by("pk").first()
    return actor(user) if user else SYSTEM


def make_job(by: Actor | None = None, **fields: Any) -> Job:
    """A running job, a quarter done, unless told otherwise."""
    now = timezone.now()
    values = {
        "kind": "customer.import",
        "title": "Import loyalty members",
        "state": JobState.RUNNING,
        "task": "core.tasks.requeue_stalled_jobs",
        "done": 250,
        "total": 1000,
        "result": {"created": 180, "updated": 60, "refused": 10},
        "created_at": now - timedelta(minutes=5),
        "started_at": now - timedelta(minutes=4),
        "beat_at": now,
        "updated_at": now,
    }
    return Job.objects.create(public_id=Job.new_public_id(), owner=str(by or reader()), **(values | fields))


def job_example() -> dict[str, str]:
    """The address of a job of the reader, among jobs in every state."""
    for state in (JobState.QUEUED, JobState.PAUSED):
        make_job(state=state, started_at=None, done=0)
    for state in (JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED):
        error = "Row 7 of the file cannot be read." if state == JobState.FAILED else ""
        make_job(state=state, finished_at=timezone.now(), error=error)
    return {"public_id": make_job().public_id}


def make_entry(by: Actor | None = None, **fields: Any) -> AuditEntry:
    """An entry about a changed attribute."""
    values = {"action": "attribute.changed", "target": "shoe_size", "changes": {"label": ["Size", "Shoe size"]}}
    audit.record(by=by or reader(), **(values | fields))
    return AuditEntry.objects.latest("pk")


def audit_example() -> dict[str, int]:
    """The address of an entry of the reader."""
    return {"pk": make_entry(reason="The name was misleading").pk}


def staff_example() -> dict[str, str]:
    """The address of a colleague."""
    user = StaffUser.objects.filter(email="bo@example.com").first()
    return {"public_id": (user or make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")).public_id}


def view_example() -> dict[str, str]:
    """The address of a view of the customers list that the reader keeps."""
    owner = StaffUser.objects.order_by("pk").first() or make_staff()
    values = {"name": "Germans", "query": "country=DE", "shared": True, "opens": False}
    view = save_view(owner=owner, page="customers", by=actor(owner), now=timezone.now(), replace=True, **values)
    return {"public_id": view.public_id}


def comment_example() -> dict[str, Any]:
    """The address of what a reader of the documentation wrote."""
    page, now = "/docs/webhooks", timezone.now()
    rate_page(page=page, helpful=False, comment="Where is the schedule?", address="192.0.2.9", now=now)
    return {"number": PageComment.objects.latest("pk").pk}

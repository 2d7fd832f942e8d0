"""Keeping views of lists: each member of staff their own, some shown to everybody."""

from datetime import datetime
from typing import Final

from django.db import transaction

from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.models import SavedView, StaffUser

MOST: Final = 50
LONGEST: Final = 2_000


def own_view(*, public_id: str, owner: StaffUser) -> SavedView:
    """The owner's view with this id; NotFound otherwise."""
    view = SavedView.objects.filter(public_id=public_id, owner=owner).first()
    if view is None:
        raise NotFound("There is no view of yours with this id.")
    return view


@transaction.atomic
def save_view(
    *,
    owner: StaffUser,
    page: str,
    name: str,
    query: str,
    shared: bool,
    opens: bool,
    by: Actor,
    now: datetime,
    replace: bool = False,
) -> SavedView:
    """The view is kept; with `replace` in the place of the owner's view of the same name.

    Refuses a name the owner uses already for this list, an address beyond LONGEST characters, more than MOST views.
    """
    StaffUser.objects.select_for_update().get(pk=owner.pk)
    own = SavedView.objects.filter(owner=owner, page=page)
    view = own.filter(name=name).first()
    if view and not replace:
        raise Conflict("You have a view of this name here already. Replace it, or choose another name.", param="name")
    if len(query) > LONGEST:
        raise InvalidInput("These are too many filters to keep as a view.")
    if view is None and own.count() >= MOST:
        raise InvalidInput(f"You keep {MOST} views of this list already. Remove one first.")
    view = view or SavedView(public_id=SavedView.new_public_id(), owner=owner, page=page, created_at=now)
    view.query = query
    return _put(view, "view.saved", name, shared, opens, by, now)


@transaction.atomic
def change_view(*, view: SavedView, name: str, shared: bool, opens: bool, by: Actor, now: datetime) -> SavedView:
    """The view has this name and these readers; refuses the name of another view of its owner."""
    StaffUser.objects.select_for_update().get(pk=view.owner_id)
    if SavedView.objects.filter(owner=view.owner_id, page=view.page, name=name).exclude(pk=view.pk).exists():
        raise Conflict("You have another view of this name here. Choose another name.", param="name")
    return _put(view, "view.changed", name, shared, opens, by, now)


def _put(view: SavedView, action: str, name: str, shared: bool, opens: bool, by: Actor, now: datetime) -> SavedView:
    """One view of an owner opens a list: another one ceases to."""
    if opens:
        SavedView.objects.filter(owner=view.owner_id, page=view.page, opens=True).update(opens=False, updated_at=now)
    view.name, view.shared, view.opens, view.updated_at = name, shared, opens, now
    view.save()
    changes = {"page": ["", view.page], "shared": ["", shared]}
    audit.record(by=by, action=action, target=view.public_id, changes=changes)
    return view


@transaction.atomic
def remove_view(*, view: SavedView, by: Actor) -> None:
    """The view is gone, for everybody it was shared with too."""
    audit.record(by=by, action="view.removed", target=view.public_id)
    view.delete()

"""Steps about staff: invite, a new link, another role, deactivate and activate."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpResponse
from django.urls import reverse

from core import audit
from core.actors import Actor
from core.console.forms import ConsoleForm, NoteForm
from core.console.views import ActionPage, FormPage
from core.errors import InvalidState
from core.models import Role, StaffUser
from core.models.users import role_permissions
from marketing_hub.system.accounts import change_role, deactivate_staff, invite_staff, reactivate_staff
from marketing_hub.system.users import CHANGE, find_staff, user_url

Invitation = tuple[StaffUser, str]


def renew_invitation(*, user: StaffUser, by: Actor) -> str:
    """A token as of `invite_staff` for whoever lost the first or the password; refuses a deactivated account."""
    if not user.is_active:
        raise InvalidState("This account is deactivated. Activate it first.")
    audit.record(by=by, action="staff.invitation_renewed", target=user.public_id)
    return default_token_generator.make_token(user)


class RoleForm(ConsoleForm):
    """Which role."""

    role = forms.ChoiceField(label="Role", choices=Role.choices, widget=forms.RadioSelect)


class InvitationForm(RoleForm):
    """Whom to invite."""

    field_order = ("name", "email", "role")

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail address", max_length=254)


def _revealed(page: FormPage, invitation: Invitation) -> HttpResponse:
    user, token = invitation
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    link = settings.PUBLIC_URL.rstrip("/") + reverse("console:welcome", args=[user.public_id, token])
    note = (
        f"Send it to {user.name} by a channel you trust. It lets its holder choose a password, once, for {days} days."
    )
    return page.reveal(title="Invitation link", secret=link, next_url=user_url("user", user), note=note)


class Invite(FormPage):
    """A new account, and the link with which its owner chooses a password."""

    name, title, permission = "user-invite", "Invite a colleague", CHANGE
    step_up, form_class, submit_label = True, InvitationForm, "Invite"

    def save(self, form: InvitationForm) -> Invitation:
        """Invite."""
        return invite_staff(**form.cleaned_data, by=self.actor, now=self.now)

    def done(self, result: Invitation) -> HttpResponse:
        """The link, once."""
        return _revealed(self, result)

    def cancel_url(self) -> str:
        """Back to the list."""
        return reverse("console:users")


class StaffStep(ActionPage, abstract=True):
    """A step about one account; afterwards the account is shown."""

    permission, step_up = CHANGE, True

    def user(self) -> StaffUser:
        """The account of this address."""
        return find_staff(self.kwargs["public_id"])

    def success_url(self, result: Any) -> str:
        """Back to the account."""
        return user_url("user", self.user())

    def cancel_url(self) -> str:
        """Back to the account."""
        return user_url("user", self.user())


class InviteAgain(StaffStep):
    """A link for whoever lost the first one, or the password."""

    name, title, form_class, submit_label = "user-invite-again", "New link", NoteForm, "Make a link"

    def question(self) -> str:
        """What it opens, and what stays."""
        return f"With the link {self.user().name} chooses a new password. Until then the present one keeps working."

    def save(self, form: NoteForm) -> Invitation:
        """Make it."""
        user = self.user()
        return user, renew_invitation(user=user, by=self.actor)

    def done(self, result: Invitation) -> HttpResponse:
        """The link, once."""
        return _revealed(self, result)


class ChangeRole(StaffStep):
    """Another role."""

    name, title, form_class, submit_label = "user-role", "Change role", RoleForm, "Change role"
    success = "The role is changed."

    def initial(self) -> dict[str, Any]:
        """The present one."""
        return {"role": self.user().role}

    def question(self) -> str:
        """When it counts."""
        return f"What {self.user().name} may do follows from the role alone, from the next request on."

    def consequences(self) -> list[tuple[str, str]]:
        """How much each role may do."""
        every = len(settings.PERMISSION_NAMES)
        numbers = [(role, every if role == Role.SUPERUSER else len(role_permissions(role))) for role in Role]
        return [(role.label, f"{number} of {every} permissions") for role, number in numbers]

    def save(self, form: RoleForm) -> StaffUser:
        """Change."""
        return change_role(user=self.user(), role=form.cleaned_data["role"], by=self.actor)


class Deactivate(StaffStep):
    """Shut out."""

    name, title, form_class, submit_label, danger = "user-deactivate", "Deactivate", NoteForm, "Deactivate", True
    success = "The account is deactivated."

    def question(self) -> str:
        """What ends and what stays."""
        return (
            f"{self.user().name} cannot sign in any more, and open sessions end at once. The audit log keeps the name."
        )

    def save(self, form: NoteForm) -> StaffUser:
        """Deactivate."""
        return deactivate_staff(user=self.user(), by=self.actor)


class Activate(StaffStep):
    """Let in again."""

    name, title, form_class, submit_label = "user-activate", "Activate", NoteForm, "Activate"
    success = "The account is active again."

    def question(self) -> str:
        """With which password and role."""
        user = self.user()
        return f"{user.name} can sign in again as {user.get_role_display()}, with the old password."

    def save(self, form: NoteForm) -> StaffUser:
        """Activate."""
        return reactivate_staff(user=self.user(), by=self.actor)

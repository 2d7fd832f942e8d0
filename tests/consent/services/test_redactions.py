import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import Redaction, RequestPackage, RequestStep
from consent.rules.requests import State
from consent.selectors.redactions import others_found
from consent.services.exports import package_path
from consent.services.redactions import leave_in, take_out, undo_redaction
from consent.services.request_decisions import approve_request, deliver_request, start_redacting
from consent.services.request_letters import send_letter
from consent.services.request_upkeep import drop_old_requests, forget_contacts
from core.errors import Conflict, InvalidInput, InvalidState, NotFound
from tests.factories.requests import ONE, TWO, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
TARA, SHOP = "tara.doe@example.com", "help@shop.example.com"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PACKAGE_DIR = tmp_path / "packages"


@pytest.fixture
def request_of_jane(db):
    """Jane's data speaks of Tara, by address and by name, and of the shop."""
    make_subject(attributes={"note": f"Tara Doe ({TARA}) wrote to {SHOP}"})
    return make_reviewed()


def note_in(package: RequestPackage) -> str:
    archive = zipfile.ZipFile(package_path(package))
    return json.loads(archive.read("json/customers.profiles.json"))[0]["attributes"]["note"]


def hash_of(request, text: str) -> str:
    return next(other.text_hash for other in others_found(request) if other.hit.text == text)


def test_others_found__after_collecting__are_shown_before_and_after_and_stored_encrypted(request_of_jane):
    found = others_found(request_of_jane)

    assert {other.hit.text for other in found} == {TARA, SHOP}
    assert found[0].hit.before.startswith("Tara Doe (tara.doe") and "[another person]" in found[0].hit.after
    sealed = RequestStep.objects.exclude(others_sealed="").values_list("others_sealed", flat=True)
    assert len(sealed) >= 1 and not any("tara" in text for text in sealed)


def test_redactions__decided_by_one__package_of_another_follows_them(request_of_jane):
    now = timezone.now()
    start_redacting(request=request_of_jane, by=ONE, now=now)
    take_out(request=request_of_jane, text="tara doe", reason="A neighbour", by=ONE, now=now)
    leave_in(request=request_of_jane, text_hash=hash_of(request_of_jane, SHOP), reason="Ours", by=ONE, now=now)

    with pytest.raises(Conflict) as refusal:
        approve_request(request=request_of_jane, by=ONE, now=now)
    work(approve_request(request=request_of_jane, by=TWO, now=now))

    assert refusal.value.code == "second_person_needed"
    package = RequestPackage.objects.get()
    assert note_in(package) == f"[another person] ([another person]) wrote to {SHOP}"
    assert package.manifest["redacted"] >= 2


def test_undo_redaction__of_both_kinds__is_as_found_again(request_of_jane):
    now = timezone.now()
    for decision in (
        take_out(request=request_of_jane, text="Tara Doe", reason="A neighbour", by=ONE, now=now),
        leave_in(request=request_of_jane, text_hash=hash_of(request_of_jane, SHOP), reason="Ours", by=ONE, now=now),
    ):
        undo_redaction(request=request_of_jane, pk=decision.pk, by=ONE, now=now)

    work(approve_request(request=request_of_jane, by=ONE, now=now))

    assert note_in(RequestPackage.objects.get()) == "Tara Doe ([another person]) wrote to [another person]"
    assert list(request_of_jane.events.filter(kind="redaction_undone").values_list("text", flat=True)) == [
        "A neighbour",
        "Ours",
    ]


@pytest.mark.parametrize(("text", "reason"), [("ab", "why"), ("Tara Doe", " ")], ids=["short", "no reason"])
def test_take_out__too_short_or_without_reason__is_refused_and_nothing_is_stored(request_of_jane, text, reason):
    with pytest.raises(InvalidInput):
        take_out(request=request_of_jane, text=text, reason=reason, by=ONE, now=timezone.now())

    assert not Redaction.objects.exists()


def test_leave_in__what_was_not_found__is_refused(request_of_jane):
    with pytest.raises(NotFound):
        leave_in(request=request_of_jane, text_hash="0" * 64, reason="why", by=ONE, now=timezone.now())


def test_redactions__once_the_package_is_on_its_way__are_refused(request_of_jane):
    work(approve_request(request=request_of_jane, by=ONE, now=timezone.now()))

    with pytest.raises(InvalidState, match="in review"):
        take_out(request=request_of_jane, text="Tara Doe", reason="late", by=ONE, now=timezone.now())


def test_redactions__after_closing__are_forgotten_with_the_address_and_dropped_with_the_request(
    request_of_jane, django_capture_on_commit_callbacks
):
    now = timezone.now()
    take_out(request=request_of_jane, text="Tara Doe", reason="A neighbour", by=ONE, now=now)
    row = work(approve_request(request=request_of_jane, by=ONE, now=now))
    deliver_request(request=row, by=ONE, now=now)
    for letter in row.letters.all():
        send_letter(letter_id=letter.pk, now=now)

    forget_contacts(now=now + timedelta(days=31))

    assert not RequestStep.objects.exclude(others_sealed="").exists()
    assert Redaction.objects.get().text_sealed == ""
    assert drop_old_requests(before=now + timedelta(days=1)) == 1
    assert not Redaction.objects.exists()
    assert row.state == State.READY

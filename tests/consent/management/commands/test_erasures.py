"""An old backup brings back people who were erased; the list kept outside erases them again."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from consent.models import DataRequest, LegalHold, Letter, RequestEvent, Suppression
from consent.rules.requests import State
from consent.services.request_decisions import approve_request, deliver_request, place_hold
from consent.services.suppression import suppress
from core.errors import DomainError
from core.models import AuditEntry
from customers.models import Customer, Identity, Purchase, Status
from customers.services.customers import create_customer, delete_customer
from customers.services.purchases import NewPurchase, record_purchase
from tests.factories.requests import ONE, TWO, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
JANE, TOM = "jane.silva@example.com", "tom.berg@example.com"


def erase(address: str, verb: str = "erase") -> DataRequest:
    request = make_reviewed("erasure", contact=address, verb=verb)
    approve_request(request=request, by=ONE, now=timezone.now())
    request = work(approve_request(request=request, by=TWO, now=timezone.now()))
    return deliver_request(request=request, by=TWO, now=timezone.now())


def put_back(customer: Customer, address: str) -> None:
    """What a restored dump holds: the person as before the erasure, and nothing of what came after."""
    Customer.objects.filter(pk=customer.pk).update(
        status=Status.ACTIVE, email=address, first_name="Jane", deleted_at=None, delete_reason="", is_known=True
    )
    Identity.objects.filter(customer=customer).delete()
    Identity.objects.create(customer=customer, kind="email", value=address)
    Suppression.objects.all().delete()


def run(*words: object) -> str:
    out = StringIO()
    call_command("erasures", *map(str, words), stdout=out)
    return out.getvalue()


@pytest.fixture
def kept(tmp_path):
    """Jane and Tom were erased, the list was made, and a backup of the day before came back."""
    jane, tom = make_subject(JANE), make_subject(TOM)
    erase(JANE)
    delete_customer(customer=tom, reason="asked in the shop", by=ONE, now=timezone.now())
    run("export", "--file", tmp_path / "erasures.jsonl")
    put_back(jane, JANE)
    put_back(tom, TOM)
    return tmp_path / "erasures.jsonl", jane, tom


def test_export__list__names_nobody_and_is_signed(kept):
    text = kept[0].read_text()

    lines = [json.loads(line) for line in text.splitlines()]

    assert [line.get("verb") for line in lines if "customer" in line] == ["erase", "erase"]
    assert [line["kind"] for line in lines if "hash" in line] == ["email"]
    assert lines[-1]["entries"] == 3
    assert "@" not in text


def test_repeat__after_a_restore__erases_again_with_certificate_and_writes_to_nobody(kept):
    file, jane, _ = kept
    mail.outbox.clear()
    letters = Letter.objects.count()

    said = run("repeat", "--file", file)

    assert "1 identifiers are kept away again." in said
    assert "2 people erased again." in said
    assert set(Customer.objects.values_list("status", flat=True)) == {Status.DELETED}
    assert not Identity.objects.exists()
    again = DataRequest.objects.filter(customer=jane).latest("pk")
    assert (again.state, again.approved_by, again.second_by) == (State.DELIVERED, str(ONE), str(TWO))
    assert again.outcome["scan"]["hits"] == {}
    assert (len(mail.outbox), Letter.objects.count()) == (0, letters)
    assert Suppression.objects.get().reason == "erasure"
    assert "0 people erased again." in run("repeat", "--file", file)


def test_repeat__dry_run__says_who_is_back_and_changes_nothing(kept):
    file, jane, _ = kept
    before = DataRequest.objects.count()

    said = run("repeat", "--file", file, "--dry-run")

    assert f"{jane.public_id} is back: erase" in said
    assert "2 people are back." in said
    assert not Suppression.objects.exists()
    assert DataRequest.objects.count() == before
    assert Customer.objects.filter(status=Status.ACTIVE).count() == 2


def test_repeat__back_under_another_id__is_found_by_the_keyed_hash(kept):
    file, jane, _ = kept
    delete_customer(customer=jane, reason="test", by=ONE, now=timezone.now())
    other = make_subject(JANE)

    said = run("repeat", "--file", file)

    assert f"{other.public_id}: erased again" in said
    assert Customer.objects.get(pk=other.pk).status == Status.DELETED


def test_repeat__under_legal_hold__waits_on_the_desk_and_allows_no_use(kept):
    file, jane, _ = kept
    review = timezone.localdate().replace(year=timezone.localdate().year + 1, day=1)
    place_hold(customer=jane, scope="C-1", reason="Claim", review_on=review, by=ONE, now=timezone.now())

    with pytest.raises(CommandError, match="1 people could not be erased"):
        run("repeat", "--file", file)

    jane.refresh_from_db()
    assert (jane.status, jane.consent_mask) == (Status.ACTIVE, 0)
    assert DataRequest.objects.filter(customer=jane, state=State.READY).count() == 1


def test_repeat__anonymised__moves_the_figures_of_the_backup_again(tmp_path):
    jane = make_subject(JANE)
    erase(JANE, verb="anonymise")
    run("export", "--file", tmp_path / "list")
    put_back(jane, JANE)
    order = NewPurchase(jane.pk, "A1", Decimal(5), "EUR", timezone.now())
    record_purchase(purchase=order, source="api", by=ONE, now=timezone.now())

    run("repeat", "--file", tmp_path / "list")

    assert Purchase.objects.get().customer_id != jane.pk
    assert Customer.objects.get(pk=jane.pk).status == Status.DELETED


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda lines: lines[:-1], "part of the file is missing"),
        (lambda lines: lines[1:], "altered"),
        (lambda lines: [*lines[:-1], lines[-1].replace('"signature": "', '"signature": "0')], "another HUB_MASTER_KEY"),
        (lambda lines: ["hello\n"], "no list of erasures"),
    ],
    ids=["cut", "shortened", "forged", "other"],
)
def test_repeat__file_that_is_not_ours__is_refused_and_nothing_happens(kept, spoil, says):
    file = kept[0]
    file.write_text("".join(spoil(file.read_text().splitlines(keepends=True))))

    with pytest.raises(CommandError, match=says):
        run("repeat", "--file", file)

    assert Customer.objects.filter(status=Status.ACTIVE).count() == 2
    assert not Suppression.objects.exists()


def test_suppress__erased_after_an_objection__stays_for_good():
    make_subject(JANE)
    suppress(identifiers=[("email", JANE)], reason="objection", source="test", by=ONE, now=timezone.now())

    erase(JANE)

    assert Suppression.objects.get().reason == "erasure"
    with pytest.raises(DomainError):
        create_customer(properties={"email": JANE}, by=ONE, now=timezone.now())


def restored(tmp_path, *people: Customer) -> list[str]:
    """Each person was erased at their request, the list was made, and a backup brought all of them back."""
    for person in people:
        erase(str(person.email))
    run("export", "--file", tmp_path / "list")
    for person in people:
        put_back(person, str(person.email))
    Suppression.objects.all().delete()
    return [person.public_id for person in people]


def test_repeat__many_people__each_has_the_certificate_of_one_erased_alone(tmp_path):
    people = [make_subject(f"jane.silva{number}@example.com") for number in range(6)]
    restored(tmp_path, *people)
    for number, person in enumerate(people):
        for order in range(number):
            new = NewPurchase(person.pk, f"A{number}-{order}", Decimal(5), "EUR", timezone.now())
            record_purchase(purchase=new, source="api", by=ONE, now=timezone.now())

    said = run("repeat", "--file", tmp_path / "list")

    assert "6 people erased again." in said
    for number, person in enumerate(people):
        request = DataRequest.objects.filter(customer=person).latest("pk")
        first = DataRequest.objects.filter(customer=person).earliest("pk")
        steps = {(action, name): rows for action, name, state, rows in request.outcome["steps"] if state == "done"}
        assert steps["erase", "customers.purchases"] == number
        assert steps["erase", "customers.identities"] == 1
        assert steps["suppress", "identifiers"] == 1
        assert set(steps) == {(a, n) for a, n, *_ in first.outcome["steps"] if a in ("suppress", "erase", "scan")}
        assert request.outcome["scan"]["hits"] == {}
        assert request.outcome["scan"]["identifiers"] == 1
        deeds = AuditEntry.objects.filter(target=person.public_id, action="customer.deleted")
        assert deeds.latest("id").changes["rows"][0]["customers.profiles"] == 1
    assert Suppression.objects.filter(reason="erasure").count() == 6


def test_repeat__one_is_left_behind_in_a_text__waits_alone(tmp_path):
    people = [make_subject(f"jane.silva{number}@example.com") for number in range(6)]
    restored(tmp_path, *people)
    request = DataRequest.objects.latest("pk")
    RequestEvent.objects.create(
        request=request, at=timezone.now(), by="x", kind="comment", text=f"wrote to {people[2].email} again"
    )

    with pytest.raises(CommandError, match="1 people could not be erased"):
        run("repeat", "--file", tmp_path / "list")

    waiting = DataRequest.objects.get(state=State.READY)
    assert waiting.customer == people[2]
    assert waiting.steps.get(action="scan").error == "The person was still found in consent_requestevent.text."
    assert set(Customer.objects.values_list("status", flat=True)) == {Status.DELETED}


def test_repeat__hold_lifted_since__goes_on_with_the_request_that_waits(kept):
    file, jane, _ = kept
    review = timezone.localdate().replace(year=timezone.localdate().year + 1, day=1)
    hold = place_hold(customer=jane, scope="C-1", reason="Claim", review_on=review, by=ONE, now=timezone.now())
    with pytest.raises(CommandError):
        run("repeat", "--file", file)
    LegalHold.objects.filter(pk=hold.pk).update(lifted_at=timezone.now(), lifted_by="staff:usr_one")
    before = DataRequest.objects.count()

    said = run("repeat", "--file", file)

    assert "1 people erased again." in said
    assert DataRequest.objects.count() == before
    assert Customer.objects.get(pk=jane.pk).status == Status.DELETED

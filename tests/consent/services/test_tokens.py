"""Issuing, verifying and revoking consent tokens."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from joserfc import jwt
from joserfc.jwk import OctKey

from consent.models import ConsentToken
from consent.selectors.tokens import ALGORITHM, TYPE, Claims, TokenProblem, signing_key, verify_tokens
from consent.services.consent import record_consent
from consent.services.gpc import apply_gpc
from consent.services.masks import recompute_masks
from consent.services.tokens import issue_token, issue_tokens, revoke_token
from core.errors import ConsentRequired, DomainError, Forbidden, InvalidInput, NotFound
from customers.models import Customer
from tests.consent.conftest import NOON, SHOP, no, notice_of, yes

HOUR = timedelta(hours=1)


@pytest.fixture
def tracked(make_customer):
    """A German who agreed to tracking."""
    customer = make_customer()
    record_consent(customer=customer, entries=[yes("analytics")], by=SHOP, now=NOON)
    return customer


@pytest.fixture
def californian(make_customer):
    """Somebody in California who has told us nothing."""
    return make_customer(country="US", region="US-CA")


def test_issue_token__recorded_yes__verifies_with_its_claims(tracked):
    issued = issue_token(customer=tracked, by=SHOP, now=NOON)

    claims = verify_tokens([issued.token], NOON)[issued.token]
    assert claims == Claims(
        jti=issued.jti,
        subject=tracked.public_id,
        purposes=("analytics",),
        region="DE",
        issued_at=int(NOON.timestamp()),
        expires_at=int((NOON + HOUR).timestamp()),
        seq=1,
    )
    row = ConsentToken.objects.get(jti=issued.jti)
    assert (row.basis, row.mask, row.place, row.notices) == ("consent", 2, "DE", [])
    assert row.ledger_id is not None
    assert issued.token not in str(row.__dict__)


def test_issue_token__consent_that_ends_sooner__ends_with_it(make_customer):
    customer = make_customer()
    end = NOON + timedelta(minutes=10)
    record_consent(customer=customer, entries=[yes("analytics", valid_until=end)], by=SHOP, now=NOON)

    issued = issue_token(customer=customer, by=SHOP, now=NOON)

    assert issued.expires_at == end


def test_issue_token__purpose_without_consent__is_refused_by_name_and_nothing_is_stored(tracked):
    with pytest.raises(ConsentRequired) as refusal:
        issue_token(customer=tracked, by=SHOP, now=NOON, purposes=["analytics", "marketing_email"])

    assert [p.code for p in refusal.value.details] == ["consent_missing"]
    assert "marketing_email" in refusal.value.message
    assert not ConsentToken.objects.exists()


def test_issue_token__opt_in_place_with_notice_only__is_refused(make_customer):
    notice = notice_of("analytics").public_id

    with pytest.raises(ConsentRequired):
        issue_token(customer=make_customer(), by=SHOP, now=NOON, purposes=["analytics"], notices=[notice])


def test_issue_token__opt_out_place__needs_a_notice_and_rests_on_it(californian):
    notice = notice_of("analytics").public_id

    with pytest.raises(ConsentRequired):
        issue_token(customer=californian, by=SHOP, now=NOON, purposes=["analytics"])
    issued = issue_token(customer=californian, by=SHOP, now=NOON, purposes=["analytics"], notices=[notice])

    row = ConsentToken.objects.get()
    assert (issued.basis, row.notices, row.ledger_id) == ("notice_opt_out", [notice], None)


def test_issue_token__opt_out_place_after_an_opt_out__is_refused(californian):
    record_consent(customer=californian, entries=[no("analytics", "opted_out")], by=SHOP, now=NOON)

    with pytest.raises(ConsentRequired) as refusal:
        issue_token(
            customer=californian,
            by=SHOP,
            now=NOON,
            purposes=["analytics"],
            notices=[notice_of("analytics").public_id],
        )

    assert refusal.value.details[0].code == "opted_out"


@pytest.mark.parametrize(
    ("facts", "error"),
    [({"purposes": ["unheard_of"]}, InvalidInput), ({"notices": ["ntc_none"]}, InvalidInput)],
)
def test_issue_token__nonsense__is_refused(tracked, facts, error):
    with pytest.raises(error):
        issue_token(customer=tracked, by=SHOP, now=NOON, **facts)

    assert not ConsentToken.objects.exists()


def test_withdrawal__living_token__is_revoked_with_the_reason(tracked):
    issued = issue_token(customer=tracked, by=SHOP, now=NOON)

    record_consent(customer=tracked, entries=[no("analytics")], by=SHOP, now=NOON + timedelta(minutes=1))

    row = ConsentToken.objects.get(jti=issued.jti)
    assert (row.revoked_at, row.revoked_because) == (NOON + timedelta(minutes=1), "consent_ended")


def test_withdrawal__of_something_else__leaves_the_token(tracked):
    issued = issue_token(customer=tracked, by=SHOP, now=NOON)

    record_consent(customer=tracked, entries=[no("marketing_sms")], by=SHOP, now=NOON)

    assert ConsentToken.objects.get(jti=issued.jti).revoked_at is None


def test_opt_out__token_on_notice__is_revoked(californian):
    issued = issue_token(
        customer=californian, by=SHOP, now=NOON, purposes=["analytics"], notices=[notice_of("analytics").public_id]
    )

    record_consent(customer=californian, entries=[no("analytics", "opted_out")], by=SHOP, now=NOON)

    assert ConsentToken.objects.get(jti=issued.jti).revoked_at


def test_gpc__token_on_notice__is_revoked_and_tracking_may_be_asked_for_anew(californian):
    notices = [notice_of("analytics").public_id]
    first = issue_token(customer=californian, by=SHOP, now=NOON, purposes=["analytics"], notices=notices)

    apply_gpc(customer_ids=[californian.pk], by=SHOP, now=NOON)
    second = issue_token(customer=californian, by=SHOP, now=NOON, purposes=["analytics"], notices=notices)

    rows = {row.jti: row for row in ConsentToken.objects.all()}
    assert rows[first.jti].revoked_because == "gpc"
    assert rows[second.jti].revoked_at is None
    with pytest.raises(ConsentRequired):
        issue_token(
            customer=californian,
            by=SHOP,
            now=NOON,
            purposes=["sale_share"],
            notices=[notice_of("sale_share").public_id],
        )


def test_move__token_on_notice__is_revoked(californian):
    issued = issue_token(
        customer=californian, by=SHOP, now=NOON, purposes=["analytics"], notices=[notice_of("analytics").public_id]
    )
    Customer.objects.filter(pk=californian.pk).update(country="DE", region="")

    recompute_masks(customer_ids=[californian.pk], now=NOON)

    assert ConsentToken.objects.get(jti=issued.jti).revoked_because == "moved"


def test_issue_token__suppressed_person__is_refused_as_such(tracked):
    Customer.objects.filter(pk=tracked.pk).update(status="deleted", deleted_at=NOON)

    with pytest.raises(Forbidden) as refusal:
        issue_token(customer=tracked, by=SHOP, now=NOON)

    assert refusal.value.code == "suppressed"


def test_issue_tokens__several_people__leaves_out_who_allows_nothing(tracked, make_customer):
    silent = make_customer()

    issued = issue_tokens(customer_ids=[tracked.pk, silent.pk], by=SHOP, now=NOON)

    assert set(issued) == {tracked.pk}


def test_revoke_token__twice__keeps_the_first_instant_and_unknown_is_not_found(tracked):
    issued = issue_token(customer=tracked, by=SHOP, now=NOON)

    revoke_token(jti=issued.jti, by=SHOP, now=NOON)
    again = revoke_token(jti=issued.jti, by=SHOP, now=NOON + HOUR)

    assert again.revoked_at == NOON
    with pytest.raises(NotFound):
        revoke_token(jti="tok_none", by=SHOP, now=NOON)


def forged(**changes):
    """A token as ours, but for the changes."""
    header = {"alg": ALGORITHM, "kid": "1", "typ": TYPE} | changes.pop("header", {})
    claims = {
        "iss": "http://localhost:8000",
        "sub": "cus_1",
        "purposes": ["analytics"],
        "region": "DE",
        "iat": int(NOON.timestamp()),
        "exp": int((NOON + HOUR).timestamp()),
        "jti": "tok_1",
        "seq": 1,
    } | changes.pop("claims", {})
    return jwt.encode(header, claims, changes.pop("key", signing_key("1")))


def test_verify_tokens__genuine_expired_forged_and_garbage__each_gets_its_verdict(settings):
    other = OctKey.import_key("another-key-of-thirty-two-bytes!!")
    genuine = forged(claims={"iss": settings.PUBLIC_URL})
    tokens = {
        genuine: None,
        forged(claims={"iss": settings.PUBLIC_URL, "exp": int(NOON.timestamp())}): TokenProblem.EXPIRED,
        forged(claims={"iss": "https://elsewhere.example"}): TokenProblem.UNTRUSTED,
        forged(claims={"iss": settings.PUBLIC_URL}, key=other): TokenProblem.UNTRUSTED,
        forged(claims={"iss": settings.PUBLIC_URL}, header={"kid": "9"}): TokenProblem.UNTRUSTED,
        forged(claims={"iss": settings.PUBLIC_URL}, header={"typ": "JWT"}): TokenProblem.UNTRUSTED,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.": TokenProblem.UNTRUSTED,
        genuine[:-2]: TokenProblem.UNTRUSTED,
        "": TokenProblem.MALFORMED,
        "not a token": TokenProblem.MALFORMED,
        "x" * 5_000: TokenProblem.MALFORMED,
        "\x00.\u1234.\ud800": TokenProblem.UNTRUSTED,
    }

    verdicts = verify_tokens(tokens, NOON)

    assert isinstance(verdicts.pop(genuine), Claims)
    assert verdicts == {token: problem for token, problem in tokens.items() if problem}
    assert all(problem.sentence for problem in verdicts.values())


def test_verify_tokens__hundred_tokens__ask_no_database(tracked, django_assert_num_queries):
    tokens = [issue_token(customer=tracked, by=SHOP, now=NOON).token for _ in range(5)]

    with django_assert_num_queries(0):
        verdicts = verify_tokens(tokens * 20, NOON)

    assert len(verdicts) == 5


def test_verify_tokens__key_put_in_front__old_tokens_still_hold(tracked, settings):
    old = issue_token(customer=tracked, by=SHOP, now=NOON).token
    settings.CONSENT_TOKEN_KEY_IDS = ["2", "1"]

    new = issue_token(customer=tracked, by=SHOP, now=NOON).token

    assert all(isinstance(found, Claims) for found in verify_tokens([old, new], NOON).values())


@pytest.mark.django_db(transaction=True)
def test_issue_token__racing_a_withdrawal__never_outlives_it(make_customer):
    for _ in range(10):
        customer = make_customer()
        record_consent(customer=customer, entries=[yes("analytics")], by=SHOP, now=NOON)
        start = Barrier(4)
        work = [_withdraw, _issue, _issue, _issue]
        threads = [Thread(target=_in_thread, args=(one, customer, start)) for one in work]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert not ConsentToken.objects.filter(customer=customer, revoked_at=None).exists()


def _in_thread(work, customer, start):
    start.wait()
    try:
        work(customer)
    except DomainError:
        return
    finally:
        connection.close()


def _withdraw(customer):
    record_consent(customer=customer, entries=[no("analytics")], by=SHOP, now=NOON)


def _issue(customer):
    issue_token(customer=customer, by=SHOP, now=NOON)

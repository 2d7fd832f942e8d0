"""Was this page helpful, and why: counted, without cookies, bounded, shown to staff."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core import meter
from core.errors import RateLimited
from core.models import AuditEntry, Role
from marketing_hub.models import PageComment, PageRating
from marketing_hub.portal.ratings import AN_HOUR, COMMENTS_A_DAY, COMMENTS_AN_HOUR, LONGEST, forget_comments, rate_page
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db
PAGE = "/docs/webhooks"


def vote(page=PAGE, helpful="yes", **more):
    return Client(enforce_csrf_checks=True).post("/docs/rate", {"page": page, "helpful": helpful, **more})


def signed_in(role):
    user, http = make_staff(role), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return user, http


def test_rate__yes_and_no__are_counted_and_leave_no_cookie():
    answers = [vote(), vote(), vote(helpful="no")]

    row = PageRating.objects.get()
    assert (row.page, row.helpful, row.unhelpful) == (PAGE, 2, 1)
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(303, f"{PAGE}?rated=1#rated")}
    assert not any(answer.cookies for answer in answers)


def test_page__asks_and_thanks():
    asked, thanked = Client().get(PAGE).content.decode(), Client().get(f"{PAGE}?rated=1").content.decode()

    assert "Was this page helpful?" in asked
    assert f'name="page" value="{PAGE}"' in asked
    assert "Thank you." in thanked
    assert "Was this page helpful?" not in thanked


@pytest.mark.parametrize(
    ("page", "helpful", "status"),
    [("/docs/nowhere", "yes", 404), ("https://evil.example.com/", "yes", 404), (PAGE, "maybe", 400), ("", "no", 404)],
)
def test_rate__what_is_no_vote__is_refused_and_not_counted(page, helpful, status):
    assert vote(page, helpful).status_code == status
    assert not PageRating.objects.exists()


def test_rate__too_often_from_one_address__is_refused_and_not_counted():
    for _ in range(AN_HOUR.limit):
        rate_page(page=PAGE, helpful=True, address="203.0.113.9", now=timezone.now())

    with pytest.raises(RateLimited):
        rate_page(page=PAGE, helpful=True, address="203.0.113.9", now=timezone.now())

    assert PageRating.objects.get().helpful == AN_HOUR.limit


def test_screen__ratings__show_marketers_what_did_not_help():
    vote(helpful="no")
    _, http = signed_in(Role.MARKETER)

    shown = http.get("/console/page-ratings").content.decode()

    assert f'href="{PAGE}"' in shown
    assert "0.0 %" in shown


def test_comment__of_a_reader__is_kept_as_plain_text_with_the_vote():
    answer = vote(helpful="no", comment="  Where is the\r\nretry\x00 schedule?\u202e ")

    row = PageComment.objects.get()
    assert answer.status_code == 303
    assert not answer.cookies
    assert (row.page, row.helpful, row.text, row.staff) == (PAGE, False, "Where is the\nretry schedule?", "")
    assert PageRating.objects.get().unhelpful == 1


def test_comment__of_staff_signed_in__names_its_author():
    user, http = signed_in(Role.ANALYST)

    http.post("/docs/rate", {"page": PAGE, "helpful": "yes", "comment": "Clear"})
    page = http.get("/console/page-comments").content.decode()

    assert PageComment.objects.get().staff == user.public_id
    assert user.name in page


def test_comment__empty__is_a_vote_only():
    vote(comment=" \n ")

    assert PageRating.objects.get().helpful == 1
    assert not PageComment.objects.exists()


def test_comment__too_long__is_refused_and_the_vote_too():
    answer = vote(comment="x" * (LONGEST + 1))

    assert answer.status_code == 400
    assert not PageComment.objects.exists()
    assert not PageRating.objects.exists()


@pytest.mark.parametrize(
    ("key", "window"),
    [("page-comment:203.0.113.9", COMMENTS_AN_HOUR), ("page-comment", COMMENTS_A_DAY)],
    ids=["one address", "all addresses"],
)
def test_comment__too_often__is_refused_and_nothing_is_kept_while_votes_go_on(key, window):
    meter.take(key, [window], window.limit)

    with pytest.raises(RateLimited):
        rate_page(page=PAGE, helpful=True, comment="Good", address="203.0.113.9", now=timezone.now())

    assert not PageComment.objects.exists()
    assert not PageRating.objects.exists()
    rate_page(page=PAGE, helpful=True, address="203.0.113.9", now=timezone.now())
    assert PageRating.objects.get().helpful == 1


def test_comments__past_their_days__are_forgotten():
    vote(comment="Old")
    vote(comment="New")
    old = timezone.now() - timedelta(days=settings.PAGE_COMMENT_DAYS, minutes=1)
    PageComment.objects.filter(text="Old").update(created_at=old)

    assert forget_comments(now=timezone.now()) == 1
    assert PageComment.objects.get().text == "New"


def test_screens__comments__are_counted_beside_the_votes_and_listed_by_page():
    vote(helpful="no", comment="<b>Where</b> is the schedule?")
    vote(page="/docs/faq", comment="Fine")
    _, http = signed_in(Role.MARKETER)

    votes = http.get("/console/page-ratings").content.decode()
    of_page = http.get("/console/page-comments", {"of": PAGE}).content.decode()

    assert f'href="/console/page-comments?of={PAGE.replace("/", "%2F")}"' in votes
    assert "&lt;b&gt;Where&lt;/b&gt; is the schedule?" in of_page
    assert "Fine" not in of_page
    assert "a reader" in of_page
    assert "/remove" not in of_page


def test_remove__by_the_officer__is_audited_without_the_words_and_refused_to_others():
    vote(comment="Ask Jane on extension 12")
    number = PageComment.objects.get().pk
    _, marketer = signed_in(Role.MARKETER)
    _, officer = signed_in(Role.COMPLIANCE)

    refused = marketer.post(f"/console/page-comments/{number}/remove")
    kept = PageComment.objects.exists()
    officer.post(f"/console/page-comments/{number}/remove")

    entry = AuditEntry.objects.get(action="page_comment.removed")
    assert (refused.status_code, kept) == (403, True)
    assert not PageComment.objects.exists()
    assert entry.target == PAGE
    assert "Jane" not in f"{entry.changes}{entry.reason}"
    assert officer.get(f"/console/page-comments/{number}/remove").status_code == 404

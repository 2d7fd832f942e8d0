"""Lists of offers and promotions: value, validity, cap, what was redeemed, who uses them, what runs at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from campaigns.models import Promotion
from campaigns.selectors.overlaps import overlaps_of
from campaigns.services.offers import define_promotion, move_promotion
from core.models import Role
from tests.factories.campaigns import AUTHOR, make_audience, make_campaign, make_people, make_promotion
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOURS = timedelta(hours=1)


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def rows_of(client, url):
    """The words of each row of a list."""
    html = client.get(url).content.decode().split("<tbody")[1].split("</tbody>")[0]
    return [" ".join(strip_tags(f"<tr{row}".replace("<", " <")).split()) for row in html.split("<tr")[1:]]


def test_promotions__capped_and_used_by_campaigns__say_so(marketer):
    full = make_promotion(name="Full", max_redemptions=3)
    make_promotion(name="Free", segment="")
    Promotion.objects.filter(pk=full.pk).update(redeemed=3)
    for number in range(2):
        make_campaign(name=f"Spring {number}", promotion=full.key)

    free, capped = rows_of(marketer, "/console/promotions")

    assert "Cap reached 20 % off Everybody Always" in capped and " 3 3 2 " in capped
    assert "Active 20 % off Everybody Always" in free
    assert [row.split()[0] for row in rows_of(marketer, "/console/promotions?cap=reached")] == ["Full"]


@pytest.mark.parametrize("url", ["/console/promotions", "/console/offers"])
def test_lists__more_rows__ask_the_database_as_often(marketer, url):
    def asked():
        with CaptureQueriesContext(connection) as found:
            number = len(rows_of(marketer, url))
        return number, len(found)

    for number in range(2):
        make_campaign(promotion=make_promotion(name=f"P {number}").key)
    asked()
    few, queries = asked()
    for number in range(9):
        make_campaign(promotion=make_promotion(name=f"Q {number}").key)

    assert few == 2
    assert asked() == (11, queries)


def test_offers__with_two_promotions__tell_their_validity_cap_and_redemptions_together(marketer):
    first = make_promotion(begins_at=NOW, ends_at=NOW + 48 * HOURS, max_redemptions=10)
    values = {"key": "again", "name": "Again", "offer": first.offer.key, "max_redemptions": 5}
    second = define_promotion(values=values | {"ends_at": NOW + 96 * HOURS}, by=AUTHOR, now=NOW)
    Promotion.objects.filter(pk=first.pk).update(redeemed=10)
    make_campaign(promotion=first.key)

    (open_row,) = rows_of(marketer, "/console/offers")
    Promotion.objects.filter(pk=second.pk).update(redeemed=5)
    (full_row,) = rows_of(marketer, "/console/offers")
    for one in (first, second):
        move_promotion(promotion=one, to="ended", by=AUTHOR, now=NOW)
    (ended,) = rows_of(marketer, "/console/offers")

    assert "20 % off Until" in open_row and " 10 15 2 1 " in open_row and "Cap reached" not in open_row
    assert "Cap reached 15" in full_row
    assert "20 % off — 15 — 2 1 " in ended


@pytest.mark.parametrize(
    ("mine", "other", "meets"),
    [
        ((None, None), (None, None), True),
        ((0, 10), (5, 15), True),
        ((0, 10), (10, 15), False),
        ((0, None), (-10, 1), True),
        ((0, 10), (None, -1), False),
        ((-10, 5), (-20, -1), False),
        ((5, 10), (None, None), True),
    ],
)
def test_overlaps__same_people__only_when_both_are_valid_at_one_instant_to_come(mine, other, meets):
    def at(hours):
        return None if hours is None else NOW + hours * HOURS

    rows = [make_promotion(begins_at=at(begins), ends_at=at(ends)) for begins, ends in (mine, other)]

    found = overlaps_of(rows[:1], NOW)

    assert [one.key for one in found.get(rows[0].pk, [])] == ([rows[1].key] if meets else [])


def test_overlaps__other_people__only_with_the_same_offer_and_never_with_ended_ones():
    segment, offer = make_audience(make_people(1)), make_promotion(name="Everybody")
    values = {"key": "same-offer", "name": "Same offer", "offer": offer.offer.key, "segment": segment.slug}
    same = define_promotion(values=values, by=AUTHOR, now=NOW)
    make_promotion(name="Other", segment=segment.slug)
    move_promotion(promotion=make_promotion(name="Gone"), to="ended", by=AUTHOR, now=NOW)

    found = overlaps_of([offer, same], NOW)

    assert [(one.name, one.why) for one in found[offer.pk]] == [("Same offer", "same offer")]
    assert [(one.name, one.why) for one in found[same.pk]] == [
        ("Everybody", "same offer"),
        ("Other", "same people"),
    ]


def test_new_promotion__dates_of_another__is_saved_with_a_warning_and_marked_in_the_list(marketer):
    other = make_promotion(name="Summer")
    body = {"key": "x", "title": "X", "offer": other.offer.key, "words": "A 1 Twenty", "priority": "100"}

    page = marketer.post("/console/promotions/new", body, follow=True).content.decode()
    listed = rows_of(marketer, "/console/promotions")

    assert "Its dates overlap with “Summer” (same people and offer)." in page
    assert all("With “" in row for row in listed) and len(listed) == 2
    assert Promotion.objects.count() == 2


def test_edit_promotion__dates_of_its_own__are_saved_without_a_warning(marketer):
    make_promotion(name="Summer", ends_at=NOW + HOURS)
    mine = make_promotion(name="Winter", active=False)
    body = {"title": "Winter", "priority": "100", "begins_at": f"{NOW + 30 * HOURS:%Y-%m-%dT%H:%M}"}

    page = marketer.post(f"/console/promotions/{mine.key}/edit", body, follow=True).content.decode()

    assert "overlap" not in page and "Saved." in page
    assert "With “" not in " ".join(rows_of(marketer, "/console/promotions"))

"""Which promotion a person sees, decided without a database."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.serving import Assignment, Running, UnknownVariant, Viewer, serve

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def running(pk=1, **facts):
    usual = {
        "public_id": f"prm_{pk}",
        "key": f"p{pk}",
        "name": "P",
        "begins_at": None,
        "ends_at": None,
        "for_segment": False,
        "version": None,
        "variants": [{"key": "A", "weight": 1, "content": {}}, {"key": "B", "weight": 3, "content": {}}],
        "offer": {},
    }
    return Running(id=pk, **(usual | facts))


def test_serve__ten_thousand_people__split_by_weight():
    viewers = (Viewer(public_id=f"cus_{n}", personal=True) for n in range(10_000))

    found = Counter(serve([running()], viewer, forced="", now=NOON).variant["key"] for viewer in viewers)

    assert found["B"] == pytest.approx(7_500, abs=150)


def test_serve__not_open_yet_or_over__is_passed_over():
    early, late = running(1, begins_at=NOON + timedelta(1)), running(2, ends_at=NOON)

    assert serve([early, late], Viewer(), forced="", now=NOON) is None
    assert serve([early, late, running(3)], Viewer(), forced="", now=NOON).promotion.key == "p3"


def test_serve__for_members__never_to_somebody_who_may_not_be_looked_at():
    members = running(1, for_segment=True, version=7)

    assert serve([members], Viewer(personal=False, versions={7}), forced="", now=NOON) is None
    assert serve([members], Viewer("cus_1", personal=True, versions={7}), forced="", now=NOON).promotion == members


def test_serve__seen_before__is_the_same_with_its_exposure():
    viewer = Viewer("cus_1", personal=True, seen={1: ("A", "exp_1")})

    served = serve([running()], viewer, forced="", now=NOON)

    assert (served.variant["key"], served.assignment, served.exposure_id) == ("A", Assignment.STICKY, "exp_1")
    assert not served.is_new


def test_serve__forced_variant_that_is_not_there__is_refused():
    with pytest.raises(UnknownVariant):
        serve([running()], Viewer(), forced="Z", now=NOON)

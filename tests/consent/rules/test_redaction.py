import pytest

from consent.rules.redaction import MOST, OTHER, Redactor

OWN = ["jane.silva@example.com", "+4930123456"]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("ask tara.doe@example.com", f"ask {OTHER}"),
        ("JANE.Silva@example.com", "JANE.Silva@example.com"),
        ("call +49 (30) 123-456 or +49 171 5550199.", f"call +49 (30) 123-456 or {OTHER}."),
        ("2026-11-21T16:15:15.325909+00:00", "2026-11-21T16:15:15.325909+00:00"),
        ("order +12", "order +12"),
        ("a+b@example.com", OTHER),
    ],
    ids=["address", "own in capitals", "numbers", "instant", "short", "plus address"],
)
def test_redactor__text__loses_what_is_of_others_only(text, given):
    assert Redactor(OWN).clean(text) == given


def test_redactor__as_staff_decided__leaves_in_and_takes_out():
    redactor = Redactor(OWN, left_in=["Help@Shop.example.com"], taken_out=["Tara Doe", "Tara"])

    cleaned = redactor.clean({"note": ["TARA DOE wrote", "help@shop.example.com"], "n": 3, "none": None})

    assert cleaned == {"note": [f"{OTHER} wrote", "help@shop.example.com"], "n": 3, "none": None}


def test_redactor__many_times__counts_all_and_remembers_a_bounded_number():
    redactor = Redactor(OWN)

    for number in range(MOST + 50):
        redactor.clean(f"p{number}@example.com and again p{number}@example.com")

    assert redactor.times == 2 * (MOST + 50)
    assert len(redactor.hits) == MOST
    hit = redactor.hits["p0@example.com"]
    assert (hit.times, hit.before, hit.after) == (
        2,
        "p0@example.com and again p0@example.com",
        f"{OTHER} and again p0@example.com",
    )

"""Lists: an address that cannot be understood never widens one; pages, order and bulk actions hold what they say."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from core.console import lists, paging
from core.console.addresses import seal, unseal
from core.models import Job, JobState, Role
from tests.factories.core import make_staff
from tests.support.kit.fixtures import make_jobs

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def signed_in(client, kit):
    client.force_login(make_staff(Role.MARKETER))
    return client


def titles(response) -> list[str]:
    return re.findall(r">(Import \d+)</a>", response.content.decode())


def test_list__rows__are_drawn_with_states_in_words_and_a_total(signed_in):
    make_jobs(3)

    page = signed_in.get("/console/kit").content.decode()

    assert titles(signed_in.get("/console/kit")) == ["Import 0", "Import 1", "Import 2"]
    assert page.count('<span class="state state-idle">Waiting</span>') == 3
    assert '<span id="total" class="page-total">3</span>' in page


def test_list__text_in_a_row__is_escaped(signed_in):
    make_jobs(1, title="<script>alert(1)</script>")

    assert b"<script>alert" not in signed_in.get("/console/kit").content


def test_list__empty__names_the_next_step(signed_in):
    page = signed_in.get("/console/kit").content

    assert b"No jobs yet" in page
    assert b"Imports and exports appear here." in page


def test_list__nothing_fits_the_filter__offers_to_clear_it(signed_in):
    make_jobs(1)

    page = signed_in.get("/console/kit?state=failed").content

    assert b"Clear filters" in page
    assert b"No jobs yet" not in page


def test_list__filter__narrows_and_can_be_taken_off(signed_in):
    make_jobs(2)
    make_jobs(1, state=JobState.PAUSED, title="Import 77")

    response = signed_in.get("/console/kit?state=paused&sort=title")

    assert titles(response) == ["Import 77"]
    assert 'href="?sort=title" aria-label="Remove filter State: Paused"' in response.content.decode()


@pytest.mark.parametrize("query", ["done=abc", "state=nonsense", "colour=red", "q=not-sealed", "state=failed&x=1"])
def test_list__address_not_understood__shows_no_rows_and_says_so(signed_in, query):
    make_jobs(3)

    response = signed_in.get(f"/console/kit?{query}")

    assert titles(response) == []
    assert 'role="alert"' in response.content.decode()
    assert '<span id="total" class="page-total">–</span>' in response.content.decode()


def test_list__posted_search__stands_sealed_in_the_address(signed_in):
    make_jobs(12)

    response = signed_in.post("/console/kit", {"q": "Import 1", "state": "queued", "done": ""})

    query = parse_qs(urlsplit(response["Location"]).query)
    assert response.status_code == 302
    assert "Import" not in response["Location"]
    assert unseal(query["q"][0]) == "Import 1"
    assert query["state"] == ["queued"]
    assert titles(signed_in.get(response["Location"])) == ["Import 1", "Import 10", "Import 11"]


def test_list__posted_search_by_fragment__answers_the_parts_and_the_address(signed_in):
    make_jobs(12)

    response = signed_in.post("/console/kit", {"q": "Import 1"}, headers=FRAGMENT)

    assert "<html" not in response.content.decode()
    assert 'hx-swap-oob="true">3</span>' in response.content.decode()
    assert response["HX-Push-Url"].startswith("/console/kit?q=")


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "beat", "-beat", "done", "-done", "title"])
def test_list__walked_past_the_last_numbered_page__shows_every_row_once_in_order(signed_in, kit, monkeypatch, sort):
    monkeypatch.setattr(kit.JobList, "page_size", 3)
    monkeypatch.setattr(paging, "LAST_NUMBERED_PAGE", 2)
    make_jobs(17)
    column = {"beat": "beat_at"}.get(sort.lstrip("-"), sort.lstrip("-"))
    down = "-" if sort.startswith("-") else ""
    wanted = list(Job.objects.order_by(f"{down}{column}", f"{down}pk").values_list("title", flat=True))

    seen, url = [], f"?sort={sort}"
    while url:
        response = signed_in.get(f"/console/kit{url}")
        seen += titles(response)
        following = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
        url = following.group(1).replace("&amp;", "&") if following else ""

    assert seen == wanted


def test_list__mark_of_another_order__is_refused_in_words(signed_in):
    jobs = make_jobs(3)

    response = signed_in.get("/console/kit", {"sort": "title", "after": paging.mark(jobs[0], "created_at")})

    assert response.status_code == 400
    assert b"another order" in response.content


@pytest.mark.parametrize("rows", [1, 20])
def test_list__any_number_of_rows__costs_the_same_few_queries(signed_in, django_assert_num_queries, rows):
    make_jobs(rows)
    signed_in.get("/console/kit")  # the figures of the menu are then known for a minute

    # session, reader, saved views, time limit, count, rows; savepoint around the last three
    with django_assert_num_queries(6 + 2):
        signed_in.get("/console/kit")


def test_list__columns__can_be_chosen_and_need_their_permission(signed_in):
    make_jobs(1)

    page = signed_in.get("/console/kit?columns=id&columns=title&columns=owner").content.decode()

    assert re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', page) == ["Job", "Id"]
    assert 'value="owner"' not in page


def test_list__search_that_takes_too_long__is_stopped_and_keeps_the_page(signed_in, monkeypatch):
    make_jobs(1)
    monkeypatch.setattr(lists, "TIMEOUT", "50ms")

    response = signed_in.get("/console/kit/slow")

    assert response.status_code == 200
    assert b"takes too long" in response.content


def test_list__actions__are_hidden_without_permission_and_explained_when_off(signed_in):
    page = signed_in.get("/console/kit").content.decode()

    assert ">Hidden<" not in page
    assert 'aria-disabled="true" title="Nothing to do yet"' in page


def bulk(client, **data):
    return client.post("/console/kit?state=queued", {"bulk": "retry", **data})


def test_bulk__ticked_rows__are_confirmed_then_run_and_the_filter_stays(signed_in, kit):
    jobs = make_jobs(3)
    ids = sorted(job.public_id for job in jobs[:2])

    asked = bulk(signed_in, id=ids)
    done = bulk(signed_in, id=ids, confirmed=1, expected=2, reason="They failed")

    assert b"<strong>2</strong> ticked rows" in asked.content
    assert done["Location"] == "/console/kit?state=queued"
    assert [(run["count"], run["ids"], run["filters"]) for run in kit.ran] == [(2, ids, None)]


def test_bulk__everything__passes_the_filter_and_never_a_list_of_ids(signed_in, kit):
    make_jobs(30)
    make_jobs(2, state=JobState.PAUSED)

    bulk(signed_in, everything=1, confirmed=1, expected=30, reason="All")

    assert [(run["count"], run["ids"], run["filters"]) for run in kit.ran] == [(30, [], {"state": ["queued"]})]


def test_bulk__rows_changed_since_the_count_was_shown__asks_again_and_runs_nothing(signed_in, kit):
    make_jobs(31)

    response = bulk(signed_in, everything=1, confirmed=1, expected=30, reason="All")

    assert response.status_code == 409
    assert b"<strong>31</strong> rows match" in response.content
    assert kit.ran == []


def test_bulk__search_in_the_address__is_part_of_the_selection(signed_in, kit):
    make_jobs(12)

    signed_in.post(
        f"/console/kit?q={seal('Import 1')}",
        {"bulk": "retry", "everything": 1, "confirmed": 1, "expected": 3, "reason": "x"},
    )

    assert kit.ran[0]["count"] == 3
    assert unseal(kit.ran[0]["filters"]["q"][0]) == "Import 1"


def test_bulk__address_not_understood__is_refused_and_runs_nothing(signed_in, kit):
    make_jobs(3)

    response = signed_in.post(
        "/console/kit?colour=red", {"bulk": "retry", "everything": 1, "confirmed": 1, "expected": 3, "reason": "x"}
    )

    assert response.status_code == 400
    assert kit.ran == []


def test_bulk__refused_by_the_service__keeps_the_form(signed_in, kit):
    jobs = make_jobs(1)

    response = bulk(signed_in, id=[jobs[0].public_id], confirmed=1, expected=1, reason="refuse")

    assert b"A better reason is needed." in response.content
    assert b">\nrefuse</textarea>" in response.content
    assert kit.ran == []


def test_bulk__nothing_ticked__says_so(signed_in, kit):
    make_jobs(1)

    response = signed_in.post("/console/kit", {"bulk": "retry"}, follow=True)

    assert b"Tick at least one row first." in response.content
    assert kit.ran == []


def test_bulk__without_its_permission__is_hidden_and_403(signed_in, kit):
    jobs = make_jobs(1)

    page = signed_in.get("/console/kit").content
    response = signed_in.post("/console/kit", {"bulk": "purge", "id": jobs[0].public_id, "confirmed": 1, "expected": 1})

    assert b"Purge" not in page
    assert response.status_code == 403
    assert kit.ran == []

"""The parts every screen is made of, in a real browser: tables, panels, forms, drawer, charts, live figures."""

import pytest
from django.urls import reverse
from playwright.sync_api import Error, expect

from core.models import Job, JobState, Role
from tests.browser.conftest import DARK, LIGHT, PHONE
from tests.factories.core import make_staff
from tests.support.kit.fixtures import make_jobs

STEPS = ("kit", "kit?state=paused", "kit?done=abc", "kit?colour=x", "kit/new", "kit/jobs/job_1/stop")


@pytest.fixture
def job(kit) -> Job:
    return make_jobs(1, state=JobState.RUNNING, title="Import Lisbon")[0]


def job_url(job: Job) -> str:
    return reverse("console:kit-job", args=[job.public_id])


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_kit__every_part__is_accessible_and_obeys_the_policy(visit, job, mode):
    make_jobs(60)
    visitor = visit(make_staff(Role.MARKETER), mode)

    faults = []
    for path in STEPS:
        visitor.open(f"/console/{path}")
        faults += visitor.faults(f"{path.replace('/', '-')} {mode}")

    assert faults == []


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_detail__charts_and_panels__are_drawn_and_one_that_breaks_offers_to_try_again(visit, job, mode):
    visitor = visit(make_staff(), mode)

    visitor.page.goto(visitor.base + job_url(job))
    expect(visitor.page.locator("#panel-chart canvas")).to_be_visible()
    expect(visitor.page.locator("#panel-later")).to_contain_text("Import Lisbon")
    expect(visitor.page.locator("#panel-crash")).to_contain_text("could not be loaded (500, request req_")
    expect(visitor.page.locator("#panel-crash").get_by_role("button", name="Try again")).to_be_visible()
    visitor.complaints.clear()

    assert visitor.faults(f"kit detail {mode}") == []


def test_list__typing_a_search__swaps_rows_total_and_address_and_says_so(visit, kit):
    make_jobs(30)
    visitor = visit(make_staff())
    visitor.open("/console/kit")

    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("Import 2")

    expect(visitor.page.locator("#total")).to_have_text("11")
    expect(visitor.page.locator("#live")).to_have_text("11 rows")
    expect(visitor.page.get_by_role("searchbox", name="Title or id")).to_be_focused()
    assert "?q=" in visitor.page.url
    assert "Import" not in visitor.page.url
    visitor.page.reload()
    expect(visitor.page.locator("#total")).to_have_text("11")
    assert visitor.faults("kit searched") == []


def test_list__after_a_search__the_bulk_bar_counts_what_is_shown(visit, kit):
    make_jobs(30)
    visitor = visit(make_staff())
    visitor.open("/console/kit")

    visitor.page.get_by_role("searchbox", name="Title or id").fill("Import 2")
    expect(visitor.page.locator("#total")).to_have_text("11")
    visitor.page.get_by_label("All 11 that match").check()
    visitor.page.get_by_role("button", name="Run again").click()

    expect(visitor.page.locator("main")).to_contain_text("11 rows match, counted just now")


def test_list__ticked_rows__are_counted_and_acted_upon(visit, kit):
    make_jobs(5)
    visitor = visit(make_staff())
    visitor.open("/console/kit")
    expect(visitor.page.get_by_role("button", name="Run again")).to_be_hidden()

    visitor.page.get_by_label("Tick row 1").check()
    visitor.page.get_by_label("Tick row 2").check()
    expect(visitor.page.get_by_text("2 ticked")).to_be_visible()
    faults = visitor.faults("kit ticked")
    visitor.page.get_by_role("button", name="Run again").click()
    visitor.page.get_by_label("Reason").fill("They failed")
    visitor.page.get_by_role("button", name="Run again").click()

    expect(visitor.page.locator(".note-success")).to_have_text("2 jobs will run again.")
    assert faults == []
    assert [run["count"] for run in kit.ran] == [2]


def test_list__without_scripts__filters_and_acts(visit, kit):
    make_jobs(5)
    visitor = visit(make_staff(), scripts=False)
    visitor.open("/console/kit")

    visitor.page.get_by_label("Title or id").fill("Import 3")
    visitor.page.get_by_role("button", name="Apply").click()
    expect(visitor.page.locator("#total")).to_have_text("1")
    visitor.page.get_by_label("Tick row 1").check()
    visitor.page.get_by_role("button", name="Run again").click()

    expect(visitor.page.locator("main")).to_contain_text("1 ticked row.")


def test_list__filter_chosen__applies_at_once_and_chips_take_it_off(visit, kit):
    make_jobs(3)
    make_jobs(2, state=JobState.PAUSED)
    visitor = visit(make_staff())
    visitor.open("/console/kit")

    visitor.page.locator("#id_state").select_option("paused")
    expect(visitor.page.locator("#total")).to_have_text("2")
    visitor.page.get_by_label("Remove filter State: Paused").click()

    expect(visitor.page.locator("#total")).to_have_text("5")


def test_list__columns_chosen__keep_the_filter(visit, kit):
    make_jobs(3)
    visitor = visit(make_staff())
    visitor.open("/console/kit?state=queued")

    visitor.page.locator("summary", has_text="Columns").click()
    visitor.page.get_by_label("Id", exact=True).check()

    expect(visitor.page.get_by_role("columnheader", name="Id")).to_be_visible()
    assert "state=queued" in visitor.page.url


def test_live_panel__running__is_fetched_until_finished_and_not_in_a_hidden_tab(visit, job):
    visitor = visit(make_staff())
    visitor.page.clock.install()
    visitor.page.goto(visitor.base + job_url(job))
    bar = visitor.page.locator("#panel-progress progress")
    expect(bar).to_have_attribute("value", "0")

    Job.objects.filter(pk=job.pk).update(done=400)
    visitor.page.clock.run_for(3000)
    expect(bar).to_have_attribute("value", "400")
    visitor.page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.clock.run_for(10_000)
    assert asked == []
    visitor.page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    visitor.page.get_by_role("link", name="Stop").focus()
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED, finished_at="2026-03-02T12:00:00Z", done=1000)
    visitor.page.clock.run_for(3000)

    expect(visitor.page.locator("#panel-progress")).to_contain_text("Done")
    expect(visitor.page.locator("#page-head .detail-line")).to_contain_text("Done")
    expect(visitor.page.locator("#page-figures")).to_contain_text("1,000")
    expect(visitor.page.get_by_role("link", name="Stop")).to_be_focused()
    expect(visitor.page.locator("#panel-progress")).not_to_have_attribute("data-poll", "1")


def test_copy_button__pressed__copies_the_id_and_says_so(visit, job):
    visitor = visit(make_staff())
    visitor.page.goto(visitor.base + job_url(job))

    visitor.page.get_by_role("button", name="Copy id").click()

    expect(visitor.page.locator("#live")).to_have_text("Copied")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == job.public_id


def test_drawer__opened_by_a_link__holds_the_detail_traps_focus_and_closes_with_escape(visit, job):
    visitor = visit(make_staff())
    visitor.open("/console/kit")
    visitor.page.evaluate("document.querySelector('td a').setAttribute('data-drawer', '')")

    visitor.page.locator("td a").first.click()
    drawer = visitor.page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Import Lisbon")).to_be_visible()
    expect(drawer.locator("#panel-later")).to_contain_text("Import Lisbon")
    for _ in range(12):
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate("!document.activeElement.closest('.shell')")
    visitor.page.keyboard.press("Escape")

    expect(drawer).to_be_hidden()


def test_secret__revealed__stands_in_a_dialog_that_needs_a_tick(visit, kit):
    visitor = visit(make_staff(), stepped_up=False)
    visitor.open("/console/kit/rotate")
    visitor.page.get_by_label("Password").fill("correct horse battery")
    visitor.page.get_by_role("button", name="Go on").click()
    visitor.page.get_by_role("button", name="Save").click()

    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text("hub_secret_0123456789")
    faults = visitor.faults("secret")
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    visitor.page.get_by_label("I have stored this secret").check()
    visitor.page.get_by_role("button", name="Done").click()

    expect(visitor.page).to_have_url(visitor.base + "/console/kit?")
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        visitor.page.go_back()
    assert faults == []

"""What a person does with the shell: signs in, searches, switches the theme, uses only the keyboard, or a phone."""

import re

from playwright.sync_api import expect

from core.models import Role
from tests.browser.conftest import LIGHT, PHONE
from tests.factories.core import PASSWORD, make_staff


def test_sign_in__by_typing__leads_to_where_one_wanted_and_sign_out_ends_it(visit):
    user = make_staff()
    visitor = visit()

    visitor.open("/console/search")
    visitor.page.get_by_label("E-mail address").fill(user.email)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in").click()

    expect(visitor.page).to_have_url(visitor.base + "/console/search")
    visitor.page.get_by_label("Your account").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page).to_have_url(visitor.base + "/console/sign-in")
    assert visitor.open("/console/") == 200
    expect(visitor.page).to_have_url(re.compile("sign-in"))


def test_sign_in__wrong_password__says_so_and_keeps_the_address(visit):
    user = make_staff()
    visitor = visit()

    visitor.open("/console/sign-in")
    visitor.page.get_by_label("E-mail address").fill(user.email)
    visitor.page.get_by_label("Password").fill("wrong")
    visitor.page.get_by_role("button", name="Sign in").click()

    expect(visitor.page.get_by_role("alert").first).to_contain_text("password is wrong")
    expect(visitor.page.get_by_label("E-mail address")).to_have_value(user.email)


def test_palette__by_keyboard__finds_a_page_and_opens_it(visit):
    visitor = visit(make_staff())
    visitor.open("/console/search")

    visitor.page.keyboard.press("Control+k")
    visitor.page.keyboard.type("hom")
    expect(visitor.page.get_by_role("option", name="Home")).to_have_attribute("aria-selected", "true")
    faults = visitor.faults("palette")
    visitor.page.keyboard.press("Enter")

    expect(visitor.page).to_have_url(visitor.base + "/console/")
    assert faults == []


def test_palette__escape__closes_it(visit):
    visitor = visit(make_staff())
    visitor.open("/console/")

    visitor.page.keyboard.press("Control+k")
    expect(visitor.page.locator("#palette")).to_be_visible()
    visitor.page.keyboard.type("something typed")
    visitor.page.keyboard.press("Escape")

    expect(visitor.page.locator("#palette")).to_be_hidden()


def test_theme__switched__is_in_the_next_page_from_the_server(visit):
    visitor = visit(make_staff())
    visitor.open("/console/search")

    visitor.page.get_by_role("button", name="Dark theme").click()

    expect(visitor.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(visitor.page).to_have_url(visitor.base + "/console/search")


def test_menu__on_a_phone__opens_over_the_page_and_closes_with_escape(visit):
    visitor = visit(make_staff(Role.SUPERUSER), PHONE)
    visitor.open("/console/")
    menu = visitor.page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()

    visitor.page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()
    faults = visitor.faults("menu open phone")
    visitor.page.keyboard.press("Escape")

    expect(menu).to_be_hidden()
    assert faults == []


def test_skip_link__first_tab__jumps_to_the_content(visit):
    visitor = visit(make_staff())
    visitor.open("/console/")

    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to content")).to_be_focused()
    visitor.page.keyboard.press("Enter")

    expect(visitor.page.locator("main")).to_be_focused()


def test_search__without_scripts__still_works(visit):
    visitor = visit(make_staff(), LIGHT, scripts=False)
    visitor.open("/console/search")

    visitor.page.locator("main input[name=q]").fill("home")
    visitor.page.locator("main").get_by_role("button", name="Search").click()

    expect(visitor.page.locator("main").get_by_role("link", name="Home")).to_be_visible()

"""The interactive documentation of the API works under its own policy: nothing of it is refused, it draws itself."""

from playwright.sync_api import expect


def test_swagger__opened__draws_the_operations(visit):
    visitor = visit()

    assert visitor.open("/api/docs") == 200

    expect(visitor.page.locator(".opblock").first).to_be_visible()
    assert visitor.page.evaluate("window.refused") == []


def test_redoc__opened__draws_the_operations(visit):
    visitor = visit()

    assert visitor.open("/api/redoc") == 200

    expect(visitor.page.get_by_role("heading", name="marketing_hub API").first).to_be_visible()
    assert visitor.page.evaluate("window.refused") == []

"""The registries behind menu, panels, palette and alerts."""

import pytest

from core import menu


class Reader:
    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, permission: str) -> bool:
        return permission in self.permissions


@pytest.fixture(autouse=True)
def empty_registries(monkeypatch):
    for name in ("_items", "_panels", "_searches", "_alerts"):
        monkeypatch.setattr(menu, name, {})


def item(label: str, **fields) -> menu.MenuItem:
    given = {"url_name": f"console:{label}", "icon": "x", "section": "Audience", "permission": "a"} | fields
    return menu.MenuItem(label=label, **given)


def test_items__without_permission__are_hidden_and_the_rest_is_in_order():
    for added in (item("late", order=2), item("early", order=1), item("hidden", permission="b"), item("x", section="")):
        menu.add_item(added)

    assert [found.label for found in menu.items_for(Reader("a"))] == ["x", "early", "late"]


def test_add_item__same_again__is_harmless_and_another_of_that_name_is_refused():
    menu.add_item(item("one"))
    menu.add_item(item("one"))

    with pytest.raises(ValueError, match="registered twice"):
        menu.add_item(item("one", order=5))


def test_add_item__unknown_section__is_refused():
    with pytest.raises(ValueError, match="no section"):
        menu.add_item(item("one", section="Elsewhere"))


def test_counts__asked_twice_in_a_minute__are_computed_once():
    asked = []
    counted = item("one", count=lambda: asked.append(1) or 5000)

    first, second = menu.counts_of([counted, item("two")]), menu.counts_of([counted])

    assert first == second == {"console:one": 5000}
    assert len(asked) == 1


def test_counts_and_alerts__redis_away__leave_the_page_standing(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    menu.add_alerts(menu.AlertSource("jobs", "a", lambda: [menu.Alert("loud")]))

    assert menu.counts_of([item("one", count=lambda: 5)]) == {}
    assert [alert.text for alert in menu.alerts_for(Reader("a"))] == ["loud"]


def test_panels__own_and_added__are_those_the_reader_may_see():
    def panel(name: str, order: int, permission: str = "a") -> menu.Panel:
        return menu.Panel(name, name, "t.html", permission, lambda request, subject: {}, order=order)

    menu.add_panel("customer", panel("added", 1))
    menu.add_panel("customer", panel("secret", 2, "b"))
    menu.add_panel("home", panel("elsewhere", 3))

    assert [p.name for p in menu.panels_for("customer", Reader("a"), [panel("own", 5)])] == ["added", "own"]


def test_alerts__asked_twice__are_found_once_and_banners_come_first():
    asked = []

    def find() -> list[menu.Alert]:
        asked.append(1)
        return [menu.Alert("quiet"), menu.Alert("loud", banner=True)]

    menu.add_alerts(menu.AlertSource("jobs", "a", find))
    menu.add_alerts(menu.AlertSource("secret", "b", lambda: [menu.Alert("hidden")]))

    menu.alerts_for(Reader("a"))

    assert [alert.text for alert in menu.alerts_for(Reader("a"))] == ["loud", "quiet"]
    assert len(asked) == 1

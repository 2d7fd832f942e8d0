"""Template tags: bars, charts, addresses."""

import json
import re

from django.http import HttpRequest
from django.template import Context, RequestContext, Template

from core.console.tags import initials


def drawn(source: str, **context) -> str:
    return Template(source).render(Context(context))


def test_bars__figures__are_shares_of_the_total_as_svg_attributes():
    html = drawn("{% bars rows 5000 %}", rows=[("Granted", 3300), ("Denied", 999)])

    assert re.findall(r'bar-fill" width="([^"]+)"', html) == ["66.0%", "20.0%"]
    assert "<strong>3,300</strong>" in html
    assert "style=" not in html


def test_bars__no_figures__draw_nothing():
    assert "<li>" not in drawn("{% bars rows %}", rows=[])


def test_chart__series__stand_in_the_page_as_json():
    html = drawn('{% chart "events" times series "Events" %}', times=[1, 2], series={"A</script>": [3, 4]})

    data = json.loads(re.search(r'<script id="events"[^>]*>(.*)</script>', html).group(1))
    assert data == {"series": ["A</script>"], "data": [[1, 2], [3, 4]]}
    assert 'role="img" aria-label="Events"' in html


def test_chart__no_instants__says_so():
    assert "No figures in this range" in drawn('{% chart "events" times series "x" %}', times=[], series={"A": []})


def test_address__changes__replace_and_remove_parameters_but_keep_the_rest():
    request = HttpRequest()
    request.GET = request.GET.copy()
    request.GET.update({"kind": "order", "page": "2", "panel": "timeline"})

    html = Template('{% address page=3 kind="" %}').render(RequestContext(request))

    assert html == "?page=3"


def test_initials__name__are_of_the_first_and_last_word():
    assert [initials("Ana Maria Lima"), initials("ana"), initials("")] == ["AL", "A", ""]

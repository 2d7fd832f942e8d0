"""Addresses as people read them."""

import pytest

from integrations.rules.routes import template_of, version_of


@pytest.mark.parametrize(
    ("route", "shown", "version"),
    [
        ("api/v1/customers/<str:public_id>", "/api/v1/customers/{public_id}", "v1"),
        ("api/v2", "/api/v2", "v2"),
        ("api/engagement/<slug:type>", "/api/engagement/{type}", "unversioned"),
        ("v1/track", "/v1/track", "events"),
        ("unmatched", "/unmatched", "unmatched"),
    ],
)
def test_route__of_the_url_map__reads_as_a_template_with_its_version(route, shown, version):
    assert (template_of(route), version_of(route)) == (shown, version)

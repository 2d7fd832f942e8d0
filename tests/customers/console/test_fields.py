"""The data dictionary on screens."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.models import FieldPolicy
from customers.selectors.governance import find_field
from customers.services.attributes import define_attribute
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
PATH = "/console/fields"
DECISION = {
    "owner": "Operations",
    "conflict": "source",
    "sources": "client:cli_crm, staff",
    "format": "country",
    "allowed": "DE\nFR\n",
}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_fields__everything__stands_on_one_page(marketer):
    define_attribute(key="city", value_type="text", values={"purpose": "x"}, by=SYSTEM, now=timezone.now())

    page = marketer.get(PATH).content.decode()

    assert "attributes.city" in page
    assert "E-mail address: lower case" in page
    assert "Country code, ISO 3166-1; never empty" in page


def test_edit__decision__is_stored_and_shown(marketer):
    answer = marketer.post(f"{PATH}/country/edit", DECISION)

    assert answer.status_code == 302
    policy = find_field("country").policy
    assert (policy.sources, policy.allowed, policy.required) == (("client:cli_crm", "staff"), ("DE", "FR"), False)
    page = marketer.get(PATH).content.decode()
    assert "client:cli_crm, People in the console" in page
    assert "The value of the system that comes first in the list" in page


def test_edit__unknown_source__stands_beside_its_field_and_nothing_is_stored(marketer):
    answer = marketer.post(f"{PATH}/country/edit", DECISION | {"sources": "mars"})

    assert answer.status_code == 400
    assert "Unknown source" in answer.content.decode()
    assert "Operations" in answer.content.decode()
    assert not FieldPolicy.objects.exists()


def test_edit__field_of_the_system__takes_an_owner_only(marketer):
    assert "When systems disagree, what stands" not in marketer.get(f"{PATH}/orders_count/edit").content.decode()

    marketer.post(f"{PATH}/orders_count/edit", {"owner": "Finance"})

    assert find_field("orders_count").owner == "Finance"


def test_edit__analyst__is_forbidden_and_reads_without_links(client):
    client.force_login(make_staff(Role.ANALYST))

    assert client.get(f"{PATH}/country/edit").status_code == 403
    assert f"{PATH}/country/edit" not in client.get(PATH).content.decode()

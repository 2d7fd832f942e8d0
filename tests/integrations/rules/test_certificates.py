"""Names in client certificates."""

import pytest
from cryptography import x509

from integrations.rules.certificates import UnusableName, names_in, written_name
from tests.support.certificates import make_certificate


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("dn:CN=crm,O=Example", "dn:CN=crm,O=Example"),
        ("DN: CN=crm,O=Example ", "dn:CN=crm,O=Example"),
        ("dns:CRM.Example.com", "dns:crm.example.com"),
        ("uri:https://crm.example.com/A", "uri:https://crm.example.com/A"),
        ("ip:2001:DB8::1", "ip:2001:db8::1"),
        ("email:Ops@Example.com", "email:ops@example.com"),
    ],
)
def test_written_name__spellings__become_one(text, written):
    assert written_name(text) == written
    assert written_name(written) == written


@pytest.mark.parametrize("text", ["", "crm", "host:crm", "dn:", "dn:crm", "ip:crm", "dns:a\nb", "dns:" + "a" * 300])
def test_written_name__what_no_certificate_holds__is_refused(text):
    with pytest.raises(UnusableName):
        written_name(text)


def test_names_in__subject_and_alternative_names__are_spelled_as_written():
    made = make_certificate("crm", dns="CRM.example.com", uri="spiffe://example.com/crm")

    found = names_in(x509.load_pem_x509_certificate(made.pem.encode()))

    assert found == ["dn:CN=crm", "dns:crm.example.com", "uri:spiffe://example.com/crm"]
    assert [written_name(name) for name in found] == found

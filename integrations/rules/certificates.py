"""Names in client certificates, in one spelling, so that a client is known by one of them (RFC 8705 section 2.1)."""

from ipaddress import ip_address
from typing import Final

from cryptography import x509

KINDS: Final = ("dn", "dns", "uri", "ip", "email")
MOST_LENGTH: Final = 300


class UnusableName(ValueError):
    """The text names nothing that a certificate could hold; it says why."""


def written_name(text: str) -> str:
    """`kind:value` in one spelling; UnusableName otherwise.

    Subjects are compared by their attributes in their order (RFC 4514), hosts and mail domains without regard to case.
    """
    kind, colon, value = text.strip().partition(":")
    kind, value = kind.lower(), value.strip()
    if not colon or kind not in KINDS or not value or not value.isprintable() or len(value) > MOST_LENGTH - 6:
        raise UnusableName(f"Write the name as one of {', '.join(f'{name}:...' for name in KINDS)}.")
    if kind == "dn":
        try:
            return f"dn:{x509.Name.from_rfc4514_string(value).rfc4514_string()}"
        except ValueError:
            raise UnusableName("The subject must be written as in RFC 4514, such as dn:CN=crm,O=Example.") from None
    if kind == "ip":
        try:
            return f"ip:{ip_address(value)}"
        except ValueError:
            raise UnusableName("This is no IP address.") from None
    return f"{kind}:{value if kind == 'uri' else value.lower()}"


def names_in(certificate: x509.Certificate) -> list[str]:
    """The subject and every alternative name, spelled as `written_name` does."""
    found = [f"dn:{certificate.subject.rfc4514_string()}"] if list(certificate.subject) else []
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return found
    found += [f"dns:{name.lower()}" for name in others.get_values_for_type(x509.DNSName)]
    found += [f"uri:{name}" for name in others.get_values_for_type(x509.UniformResourceIdentifier)]
    found += [f"ip:{name}" for name in others.get_values_for_type(x509.IPAddress)]
    found += [f"email:{name.lower()}" for name in others.get_values_for_type(x509.RFC822Name)]
    return [name for name in found if "\n" not in name]

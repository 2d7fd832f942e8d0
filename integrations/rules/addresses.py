"""Where webhooks and sinks may go: public addresses over TLS, never into our own network."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

MOST_LENGTH: Final = 500
BAD_PORTS: Final = frozenset(
    [
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53),
        *(69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123),
        *(135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532),
        *(540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659),
        *(4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    ]
)
"""Ports of other protocols, which browsers do not fetch from either (Fetch Standard, section 2.9, bad port)."""
_NAT64: Final = ip_network("64:ff9b::/96")
_LOCAL_NAMES: Final = ("localhost", "localhost.localdomain")


def may_connect(address: str, *, loopback: bool) -> bool:
    """Whether a connection to this IP address is allowed: only global unicast ones, also behind IPv6 wrappings.

    `loopback` lets this machine itself in, for development and tests.
    """
    try:
        ip = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if ip.is_loopback:
        return loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside a mapped, 6to4, Teredo or NAT64 one."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    return inner or ip


def address_problem(url: str, *, loopback: bool) -> str:
    """Why this cannot be the address of an endpoint, as a sentence; empty when it can."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is not an address of the web."
    if not host or len(url) > MOST_LENGTH or not url.isascii() or not url.isprintable() or " " in url or port == 0:
        return "This is not an address of the web."
    if port in BAD_PORTS:
        return f"{port} is a bad port: it belongs to another protocol than HTTP. Use 443, or one from 1024 up."
    local = loopback and is_here(host)
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        return "The address must begin with https://."
    if parts.username or parts.password or parts.fragment:
        return "The address must hold no password and no fragment."
    if not local and not may_be_public(host):
        return "The address must be a public one, not inside a private network."
    return ""


def is_here(host: str) -> bool:
    """Whether the name or literal means this machine."""
    return host in _LOCAL_NAMES or (_is_literal(host) and ip_address(host).is_loopback)


def may_be_public(host: str) -> bool:
    """Whether the name or literal can lead to a public address; what it leads to is asked when connecting."""
    if _is_literal(host):
        return may_connect(host, loopback=False)
    return "." in host.strip(".") and not host.endswith((".local", ".internal", ".localhost", ".home.arpa"))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

"""No secret stands in the repository: neither ours, which have prefixes so that scanners find them, nor others'."""

import re
import subprocess

import pytest

from tests.architecture.sources import ROOT

SECRETS = {
    "token, key or secret of this product": r"\b(?:mk|mhs|mha|mhr|mhi|mhg|whsec)_(?:live|test)_[A-Za-z0-9_-]{30,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40}",
    "AWS access key": r"\bAKIA[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})",
    "Slack token": r"\bxox[abposr]-[0-9A-Za-z-]{20,}",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "signed token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "password in an address": r"\b(?:postgresql|rediss?|amqps?|https?)://[^\s:/@]+:(?!password@|pw@|secret@|\{|\$|%)[^\s:/@{}$<>]{8,}@",
}
PLANTED = {
    "token, key or secret of this product": "mhs_live_" + "aB3" * 14,
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIE" * 16,
    "AWS access key": "AKIA" + "Z" * 16,
    "GitHub token": "ghp_" + "a1" * 18,
    "Slack token": "xoxb-" + "1" * 24,
    "Stripe key": "sk_live_" + "a" * 24,
    "Google key": "AIza" + "b" * 35,
    "signed token": ".".join(("eyJ" + "a" * 30, "eyJ" + "b" * 30, "c" * 40)),
    "password in an address": "postgresql://hub:" + "correcthorse" + "@db.example.com/hub",
}


def kept_files():
    """Files under version control, or that would be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def found_in(text):
    return [kind for kind, pattern in SECRETS.items() if re.search(pattern, text)]


@pytest.mark.parametrize("kind", SECRETS)
def test_scanner__planted_secret__is_found(kind):
    assert kind in found_in(f"value = {PLANTED[kind]} # a comment")


def test_repository__every_file__holds_no_secret():
    found = []
    for file in kept_files():
        if file.is_file() and b"\0" not in (content := file.read_bytes())[:8_000]:
            found += [f"{file.relative_to(ROOT)}: {kind}" for kind in found_in(content.decode(errors="replace"))]

    assert found == []

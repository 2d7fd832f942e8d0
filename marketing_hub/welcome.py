"""What a person needs after the start: addresses, one login per role, an API client with lines to try."""

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from marketing_hub import env


def answers(url: str) -> bool:
    """Answer whether a GET of the address gives status 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  our own address, always http
            return bool(response.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def demo_file() -> Path:
    """Answer where the demo notes, once it is loaded into this database, its logins and its API client.

    `manage.py demo load` writes it last: {"logins": [{"role", "email", "password"}], "client": {"client_id",
    "client_secret", "scopes"}}. The file is for its owner only and exists in development only.
    """
    entry = env.database_url("DATABASE_URL")
    key = f"{entry['HOST']}:{entry['PORT']}/{entry['NAME']}"
    return env.data_dir() / f"demo-{hashlib.sha256(key.encode()).hexdigest()[:8]}.json"


def text(base_url: str, seconds: float) -> str:
    """Answer the closing words of the start; their last line is `ready` with the addresses."""
    lines = [f"console  {base_url}/console/", f"docs     {base_url}/docs/ (try it: {base_url}/api/docs)"]
    if demo_file().is_file():
        demo: dict[str, Any] = json.loads(demo_file().read_text())
        lines += [_login(**login) for login in demo["logins"]]
        lines += curl_lines(base_url, demo["client"]["client_id"], demo["client"]["client_secret"])
    return "\n".join([*lines, f"ready in {seconds:.1f} s: {base_url}/console/ {base_url}/api/v1 {base_url}/api/docs"])


def curl_lines(base_url: str, client_id: str, client_secret: str) -> list[str]:
    """Answer shell lines that take a token and read customers with it."""
    take = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])'"
    ask = f"curl -s -u {client_id}:{client_secret} -d grant_type=client_credentials {base_url}/oauth/token"
    return [
        f"API client {client_id} (its scopes cover the quick starts of the documentation); to try it:",
        f"  TOKEN=$({ask} | {take})",
        f'  curl -s -H "Authorization: Bearer $TOKEN" "{base_url}/api/v1/customers?status=active&limit=3"',
    ]


def _login(role: str, email: str, password: str) -> str:
    return f"  {role:<20} {email:<34} {password}"

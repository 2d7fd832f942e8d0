"""Settings: production refuses what is missing, weak or meant for development, with the variable's name."""

import os
import subprocess
import sys

import pytest

from marketing_hub.env import BASE_DIR

GOOD = {
    "HUB_ENV": "production",
    "SECRET_KEY": "s" * 50,
    "HUB_MASTER_KEY": "m" * 50,
    "ALLOWED_HOSTS": "hub.example.com",
    "PUBLIC_URL": "https://hub.example.com",
    "DATABASE_URL": "postgresql://hub@db.example.com/hub",
    "REDIS_URL": "redis://redis.example.com/0",
    "DEBUG": "0",
}


def check(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=kept | settings,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production__everything_given__is_accepted():
    outcome = check(GOOD)

    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "insecure-development-only-secret-key-0123456789-0123456789"),
        ("HUB_MASTER_KEY", ""),
        ("DEBUG", "1"),
        ("ALLOWED_HOSTS", ""),
        ("PUBLIC_URL", ""),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://hub@db.example.com/hub"),
        ("REDIS_URL", ""),
        ("HUB_ENV", "prod"),
    ],
)
def test_production__missing_or_weak__is_refused_with_its_name_and_no_traceback(name, value):
    outcome = check(GOOD | {name: value})

    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"Configuration refused: {name} ")
    assert "Traceback" not in outcome.stderr

"""The closing words of the start."""

import json

import pytest

from marketing_hub import welcome


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))


def test_text__without_demo__ends_with_ready_and_the_addresses():
    lines = welcome.text("http://127.0.0.1:8000", seconds=4.25).splitlines()

    assert lines[-1].startswith("ready in 4.2 s: http://127.0.0.1:8000/console/ ")
    assert not any("curl" in line for line in lines)


def test_text__with_demo__gives_each_login_and_lines_to_try():
    welcome.demo_file().write_text(
        json.dumps(
            {
                "logins": [{"role": "marketer", "email": "mara@example.com", "password": "secret-one"}],
                "client": {"client_id": "cli_1", "client_secret": "secret-two"},
            }
        )
    )

    text = welcome.text("http://127.0.0.1:8000", seconds=1)

    assert "mara@example.com" in text
    assert "curl -s -u cli_1:secret-two -d grant_type=client_credentials http://127.0.0.1:8000/oauth/token" in text
    assert text.splitlines()[-1].startswith("ready")


def test_demo_file__another_database__is_another_file(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://hub@db.example.com/one")
    first = welcome.demo_file()
    monkeypatch.setenv("DATABASE_URL", "postgresql://hub@db.example.com/two")

    assert welcome.demo_file() != first


def test_answers__nobody_listens__is_false():
    assert welcome.answers("http://127.0.0.1:1/readyz") is False

"""Requests as commands for a shell."""

import subprocess

from integrations.rules.commands import as_curl


def test_curl__with_quotes_and_dollars_in_the_body__is_read_by_a_shell_as_it_was():
    body = """{"name": "O'Hara $HOME `id` \\n"}"""
    command = as_curl(url="https://crm.example.com/h?a=1&b=2", headers={"webhook-id": "msg_1"}, body=body)

    shown = subprocess.run(
        ["/bin/sh", "-c", command.replace("curl", "printf '%s\\n'", 1)], capture_output=True, text=True, check=True
    )

    assert shown.stdout.splitlines() == [
        *("-X", "POST", "https://crm.example.com/h?a=1&b=2"),
        *("-H", "webhook-id: msg_1"),
        *("--data-raw", body),
    ]

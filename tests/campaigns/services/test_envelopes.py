"""Letters as bytes: every reader of mail has to see what was written."""

from email import message_from_bytes, policy

import pytest

from campaigns.services.envelopes import envelope

HEADERS = (("Message-ID", "<1.cmp_1@example.com>"), ("List-Unsubscribe", f"<https://example.com/u/{'x' * 90}>"))


def sealed(**values):
    facts = {"sender": "Shop <shop@example.com>", "recipient": "jane@example.com", "subject": "Spring is here"}
    return envelope(**{**facts, "headers": HEADERS, "text": "Hello.\n", "html": "<p>Hello.</p>", **values})


def read(found):
    return message_from_bytes(found.data, policy=policy.default)


def test_envelope__plain_words__has_headers_and_both_parts():
    found = sealed()

    message = read(found)
    assert (found.sender, found.recipient) == ("Shop <shop@example.com>", "jane@example.com")
    assert (message["From"], message["To"], message["Subject"]) == (found.sender, found.recipient, "Spring is here")
    assert {name: message[name] for name, _ in HEADERS} == dict(HEADERS)
    assert message["Date"].datetime is not None
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().splitlines() == ["Hello."]
    assert not message.defects


def words_of(message, kind):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "words", ["Grüße aus Köln", "€ 5 = ½ price", "a" * 3_000, ".\n..\nFrom here", "so  \n\n\nit ends"]
)
def test_envelope__any_words__are_read_as_they_were_written(words):
    message = read(sealed(text=words, html=f"<p>{words}</p>"))

    assert words_of(message, "plain") == words
    assert words_of(message, "html") == f"<p>{words}</p>"


@pytest.mark.parametrize("subject", ["Frühling", "Spring " * 20, "=?utf-8?q?not_a_code?=", "ü" * 200])
def test_envelope__any_subject__is_read_as_it_was_written(subject):
    assert read(sealed(subject=subject.strip()))["Subject"] == subject.strip()


def test_envelope__bytes__are_ascii_lines_that_servers_take():
    lines = sealed(subject="Frühling " * 20, text="ü" * 2_000, html="b" * 2_000).data.split(b"\r\n")

    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(line.isascii() for line in lines)


def test_envelope__domain_beyond_ascii__is_written_for_servers():
    assert sealed(recipient="jane@münchen.example.com").recipient == "jane@xn--mnchen-3ya.example.com"


@pytest.mark.parametrize(
    "values",
    [
        {"recipient": "nobody"},
        {"recipient": "a@example.com, b@example.com"},
        {"recipient": "a@example.com\r\nBcc: b@example.com"},
        {"subject": "Hi\nBcc: b@example.com"},
        {"headers": (("Feedback-ID", "1\r\nBcc: b@example.com"),)},
    ],
)
def test_envelope__several_lines_or_no_address__is_refused(values):
    with pytest.raises(ValueError):
        sealed(**values)

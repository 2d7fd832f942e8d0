"""From a written message to blocks, a short text, speech and actions."""

from campaigns.rules.content.blocks import to_html
from campaigns.rules.content.headless import (
    SHORT,
    Block,
    actions_of,
    blocks_of,
    blocks_of_content,
    short_text,
    speech_of,
)

BODY = """# Spring & you

Hello Ann,
see [the list](https://shop.example.com/list) today.

- Roses
- Tulips from [here](https://shop.example.com/tulips)

---

[Have a look](https://shop.example.com/spring)"""


def test_blocks_of__every_mark__is_a_block_with_its_words():
    assert blocks_of(to_html(BODY)) == [
        Block("heading", "Spring & you"),
        Block("paragraph", "Hello Ann,\nsee the list today.", links=[("the list", "https://shop.example.com/list")]),
        Block("list", items=["Roses", "Tulips from here"], links=[("here", "https://shop.example.com/tulips")]),
        Block("rule"),
        Block("button", "Have a look", url="https://shop.example.com/spring"),
    ]


def test_blocks_of__value_that_looks_like_marks__stays_words():
    assert blocks_of("<p>Hello &lt;h1&gt;Ann&lt;/h1&gt; [x](https://evil.example.com)</p>") == [
        Block("paragraph", "Hello <h1>Ann</h1> [x](https://evil.example.com)")
    ]


def test_speech_and_actions__of_a_message__name_no_address_and_begin_with_the_button():
    blocks = blocks_of(to_html(BODY))

    assert speech_of("At last", blocks) == (
        "At last. Spring & you. Hello Ann, see the list today. Roses; Tulips from here."
    )
    assert [(one["text"], one["url"].rpartition("/")[2]) for one in actions_of(blocks)] == [
        ("Have a look", "spring"),
        ("the list", "list"),
        ("here", "tulips"),
    ]


def test_short_text__long_words__is_cut_between_words_within_its_length():
    found = short_text("At last", [Block("paragraph", "word " * 60)])

    assert len(found) <= SHORT and found.endswith("word…")
    assert short_text("At last", [Block("paragraph", "Soon")]) == "At last. Soon."


def test_blocks_of_content__what_variants_hold__is_heading_text_and_button():
    content = {"headline": "20 % off", "body": "Until Sunday", "url": "https://shop.example.com", "cta": "Buy"}

    assert [one.type for one in blocks_of_content(content, "Spring")] == ["heading", "paragraph", "button"]
    assert blocks_of_content({"image": 1}, "Spring") == [Block("heading", "Spring")]
    assert blocks_of_content({"url": "javascript:alert(1)"}, "Spring") == [Block("heading", "Spring")]

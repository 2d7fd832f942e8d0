"""One source, two parts that say the same."""

from campaigns.rules.content.blocks import by_locale, links_in, to_html, to_text, words_for

BODY = """# Hello {{ customer.first_name | default: "there" }}

Spring & summer:
come in.

- Shoes
- [Hats](https://example.com/hats?a=1&b=2)

[Shop now](https://example.com/)

---

<script>alert(1)</script>"""


def test_to_html__all_blocks__are_drawn_and_words_escaped():
    assert to_html(BODY) == (
        '<h1>Hello {{ customer.first_name | default: "there" }}</h1>\n'
        "<p>Spring &amp; summer:<br>come in.</p>\n"
        '<ul><li>Shoes</li><li><a href="https://example.com/hats?a=1&amp;b=2">Hats</a></li></ul>\n'
        '<p><a class="button" href="https://example.com/">Shop now</a></p>\n'
        "<hr>\n"
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )


def test_to_text__all_blocks__say_the_same():
    text = to_text(BODY)

    assert text.startswith('Hello {{ customer.first_name | default: "there" }}\n\nSpring & summer:\ncome in.')
    assert "- Hats: https://example.com/hats?a=1&b=2" in text
    assert "Shop now: https://example.com/" in text


def test_links_in__body__are_all_of_them():
    assert links_in(BODY) == ["https://example.com/hats?a=1&b=2", "https://example.com/"]


def test_by_locale__parts__have_their_words_and_fall_back():
    texts = by_locale("Hello", "English\n\n[[de]]\nSubject: Hallo\nDeutsch\n\n[[fr]]\nBonjour")

    assert words_for("de-AT", texts).subject == "Hallo"
    assert words_for("de-AT", texts).body == "Deutsch"
    assert (words_for("fr", texts).subject, words_for("fr", texts).body) == ("Hello", "Bonjour")
    assert words_for("", texts).body == words_for("nl", texts).body == "English"

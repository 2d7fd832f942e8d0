"""Markdown of the documentation as HTML that may stand in any page."""

import pytest

from marketing_hub.portal.markdown import read, slug


def html(text):
    return read(text, link=lambda address: address).html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '<img src=x onerror="alert(1)">',
        "```html\n<script>alert(1)</script>\n```",
        '```x" onmouseover="alert(1)\nx\n```',
        "![x](https://example.com/x.png)",
    ],
)
def test_read__what_could_do_harm__is_shown_as_text_or_left_out(text):
    shown = html(text)

    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:" not in shown.replace("(javascript:alert(1))", "")
    assert 'onmouseover="' not in shown


def test_read__title_and_parts__are_told_apart():
    document = read("# Name `x`\n\nFirst.\n\n## One\n\ntwo\n\n## One\n\n```bash\nrun\n```\n", link=str)

    assert document.title == "Name x"
    assert [(p.level, p.anchor, p.title, p.text.strip()) for p in document.parts] == [
        (1, "", "Name x", "First."),
        (2, "one", "One", "two"),
        (2, "one-1", "One", "run"),
    ]
    assert "<h1" not in document.html
    assert 'id="one-1"' in document.html


def test_read__tables_and_code__can_be_scrolled_with_the_keyboard():
    shown = html("| A | B |\n|---|---|\n| 1 | 2 |\n\n```bash\nls\n```\n")

    assert '<th scope="col">A</th>' in shown
    assert shown.count('tabindex="0"') == 2
    assert 'aria-label="Code (bash)"' in shown


def test_read__snippet_that_is_not_run__says_why():
    assert '<p class="docs-aside">Not run: it needs a host.</p>' in html("```bash not run: it needs a host\nls\n```\n")


def test_slug__heading__is_the_anchor_that_other_tools_make():
    assert slug("Who is who: identifiers, & more") == "who-is-who-identifiers--more"

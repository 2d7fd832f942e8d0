"""What counts as writing in names, subjects and texts."""

import pytest

from campaigns.rules.values import Unreadable, text


@pytest.mark.parametrize(
    "written", ["Soldes : −20\u00a0%", "10\u202f000 €", "Mother's day 👩\u200d👩\u200d👧", "עברית\u200f!"]
)
def test_text__narrow_spaces_and_joined_emoji__are_writing(written):
    assert text(120, needed=True)(written) == written


@pytest.mark.parametrize("written", ["a\x07b", "a\x00b", "a\nBcc: x@example.com", "a\u2028b", "a\ud800b"])
def test_text__what_no_line_holds__is_refused(written):
    with pytest.raises(Unreadable, match="control characters"):
        text(120)(written)

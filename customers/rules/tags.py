"""What a tag, and any other single line of words, may not hold."""

from typing import Final

UNFIT: Final = r"\x00-\x1f\x7f\u2028\u2029"
"""Control characters and separators of lines, as the inside of a class of a regular expression."""
SHAPE: Final = "a tag is a text of 1 to 100 characters without commas or control characters."

"""Blocks of the library in messages: which are named, what takes their place, what is refused."""

import pytest

from campaigns.rules.content.blocks import by_locale
from campaigns.rules.content.library import TemplateKind, block_faults, blocks_named, expanded, key, template_faults
from campaigns.rules.values import Unreadable

BODY = (
    "Hello,\n\n[[block:footer]]\n\n[[de]]\nSubject: Hallo\nGuten Tag,\n\n[[block:footer]]\n"
    "[[fr]]\nBonjour\n\n[[block:footer]]"
)
FOOTER = "High Street\n\n[[de]]\nHauptstraße"


def test_expanded__part_of_each_language__gets_the_words_of_the_block_for_it():
    whole = by_locale("Hi", expanded(BODY, {"footer": FOOTER}))

    assert whole[""].body == "Hello,\n\nHigh Street"
    assert (whole["de"].subject, whole["de"].body) == ("Hallo", "Guten Tag,\n\nHauptstraße")
    assert whole["fr"].body == "Bonjour\n\nHigh Street"


def test_expanded__words_with_backslashes__are_put_in_as_they_are():
    assert expanded("[[block:path]]", {"path": r"C:\1 \g<0>"}) == r"C:\1 \g<0>"


def test_expanded__block_that_is_not_known__stays_a_line():
    assert expanded("a\n[[block:gone]]\nb", {"footer": FOOTER}) == "a\n[[block:gone]]\nb"


def test_blocks_named__within_a_line__is_no_block():
    assert blocks_named("see [[block:a]] here\n[[block:b]]\n[[block:b]]  \n") == ["b"]


@pytest.mark.parametrize(
    ("body", "known", "archived", "says"),
    [
        ("[[block:gone]]", [], [], "There is no block “gone”"),
        ("[[block:old]]", ["old"], ["old"], "is archived"),
        ("[[block:Not A Key]]", [], [], "does not name a block"),
        ("[[block:a]] and more", ["a"], [], "does not name a block"),
    ],
)
def test_block_faults__lines_that_lead_nowhere__are_named(body, known, archived, says):
    found = block_faults(body, known, archived)

    assert len(found) == 1 and says in found[0]


def test_template_faults__block__has_no_subject_and_names_no_block():
    assert template_faults(TemplateKind.BLOCK, "Hi", "words", attributes=()) == ["A block has no subject."]
    assert template_faults(TemplateKind.BLOCK, "", "[[block:b]]", attributes=()) == ["A block names no other block."]
    assert template_faults(TemplateKind.BLOCK, "", "fine", attributes=()) == []


def test_template_faults__placeholder_without_fallback__is_named_in_its_language():
    found = template_faults(TemplateKind.BLOCK, "", "x\n[[de]]\n{{ customer.first_name }}", attributes=())

    assert len(found) == 1 and "part for de" in found[0] and "needs a fallback" in found[0]


@pytest.mark.parametrize("value", ["", "new", "Footer", "-a", "a-", "a b", "ä", 1, None, "a" * 51])
def test_key__that_cannot_stand_in_an_address__is_refused(value):
    with pytest.raises(Unreadable):
        key(value)

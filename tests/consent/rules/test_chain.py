"""The canonical form and the chain."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.chain import GENESIS, Link, canonical, entry_hash, first_break
from tests.consent.rules.cases import NOON, patient

CONTENT = {"id": "con_1", "seq": 1, "purpose": "analytics", "evidence": {"form_id": "f", "doi_done": True}, "at": NOON}
contents = st.dictionaries(
    st.text(max_size=8),
    st.one_of(
        st.text(max_size=20),
        st.integers(-(2**53), 2**53),
        st.booleans(),
        st.none(),
        st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=6,
)


def test_canonical__known_content__has_the_documented_bytes():
    assert canonical({"b": NOON, "a": {"z": "ü", "y": True}, "c": None}) == (
        '{"a":{"y":true,"z":"ü"},"b":"2026-11-21T12:00:00.000000Z","c":null,"form":1}'.encode()
    )


def test_entry_hash__known_content__is_the_published_one():
    # printf '%s\n{"form":1,"seq":1}' $(printf '0%.0s' {1..64}) | sha256sum
    published = "c4ea5e97821e770ef7d395f195b292c321cbe9a8a3b61dc0c4f8d3c4278cac97"

    assert entry_hash({"seq": 1}, GENESIS) == published


def test_canonical__same_instant_elsewhere__is_the_same():
    there = NOON.astimezone(timezone(timedelta(hours=-8)))

    assert canonical({"at": there}) == canonical({"at": NOON})


def test_canonical__value_of_no_known_kind__is_refused():
    with pytest.raises(TypeError):
        canonical({"at": NOON.date()})


def chain(*entries):
    """Links over these contents."""
    links, previous = [], GENESIS
    for seq, content in enumerate(entries, start=1):
        hash_ = entry_hash(content, previous)
        links.append(Link(seq, content, previous, hash_))
        previous = hash_
    return links


@patient
@given(st.lists(contents, max_size=6))
def test_chain__any_contents__hold(entries):
    assert first_break(chain(*entries)) is None


@patient
@given(st.lists(contents, min_size=1, max_size=6), st.data())
def test_chain__any_entry_changed_removed_or_moved__breaks_there_or_before(entries, data):
    links = chain(*entries)
    index = data.draw(st.integers(0, len(links) - 1))
    link = links[index]
    changed = [*links]
    changed[index] = Link(link.seq, {**link.content, "slipped": "in"}, link.previous_hash, link.hash)
    removed = links[:index] + links[index + 1 :]

    assert first_break(changed).seq == link.seq
    if index < len(links) - 1:
        assert first_break(removed).seq == link.seq


def test_chain__continued_behind_a_known_entry__holds():
    links = chain({"n": 1}, {"n": 2}, {"n": 3})

    assert first_break(links[1:], seq=1, head=links[0].hash) is None
    assert first_break(links[1:]).what == "entry 1 is missing: the next one on record is 2"

import io
import json
import lzma
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.csvfile import MAX_ROW_CHARACTERS, PROBLEMS, Dialect, Row, read_rows
from customers.rules.csvsniff import sniff


def rows_of(raw: bytes, **start: int) -> list[Row]:
    return list(read_rows(io.BytesIO(raw), sniff(raw), **start))


def values_of(raw: bytes) -> list[dict[str, str]]:
    return [row.values for row in rows_of(raw)]


CASES = [
    *("comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates"),
    *("newlines", "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8"),
]


@pytest.mark.parametrize("case", CASES)
def test_read_rows__csv_spectrum__equals_its_json(shared_data, case):
    folder = shared_data / "contacts/csv-spectrum"
    raw = (folder / "csvs" / f"{case}.csv").read_bytes()
    expected = json.loads((folder / "json" / f"{case}.json").read_text())

    rows = rows_of(raw)

    if case == "location_coordinates":  # the suite's own answer is one object, with another telephone number
        expected = [expected | {"Contact Phone Number": "2095257564"}]
    assert [row.values for row in rows] == expected
    assert {row.problem for row in rows} == {None}
    assert rows[-1].end == len(raw)


def test_read_rows__all_files_of_csv_spectrum__are_tested(shared_data):
    assert sorted(file.stem for file in (shared_data / "contacts/csv-spectrum/csvs").iterdir()) == sorted(CASES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mac_newlines", [{"a": "1", "b": "2", "c": "3"}, {"a": "Once upon\ra time", "b": "5", "c": "6"}]),
        ("test_latin1", [{"a": "1", "b": "2", "c": "3"}, {"a": "4", "b": "5", "c": "\u00a9"}]),
        ("test_utf16_little", [{"a": "1", "b": "2", "c": "3"}, {"a": "4", "b": "5", "c": "\u02a4"}]),
        ("test_utf8_bom", [{"foo": "1", "bar": "2", "baz": "3"}, {"foo": "4", "bar": "5", "baz": "\u02a4"}]),
        ("blanks", [{"a": "", "b": "NA", "c": "N/A", "d": "NONE", "e": "NULL", "f": "."}]),
    ],
)
def test_read_rows__messy_files__are_read_as_their_authors_meant(shared_data, name, expected):
    raw = (shared_data / "contacts/messy_csv" / f"csvkit__{name}.csv").read_bytes()

    rows = rows_of(raw)

    assert [row.values for row in rows] == expected
    assert rows[-1].end == len(raw)


def test_read_rows__ragged_rows__are_reported_and_not_shifted(shared_data):
    rows = rows_of((shared_data / "contacts/messy_csv/csvkit__bad.csv").read_bytes())

    assert [(row.number, row.problem) for row in rows] == [(2, "too_many_fields"), (3, "too_few_fields"), (4, None)]
    assert rows[0].cells == ["1", "27", "", "I'm too long!"]
    assert rows[1].values == {"column_a": "", "column_b": "I'm too short!", "column_c": ""}


def test_read_rows__blank_lines_and_trailing_delimiters__are_passed_over_but_counted():
    rows = rows_of(b"a,b\n\n1,2,,\n  \n,\n3,4\n")

    assert [(row.number, row.values, row.problem) for row in rows] == [
        (3, {"a": "1", "b": "2"}, None),
        (6, {"a": "3", "b": "4"}, None),
    ]


@pytest.mark.parametrize(
    ("raw", "bad"),
    [
        (b'a,b\n1,2\n"3,4\n5,6\n7,8\n', [3]),
        (b'a,b\n1,2\n"3,4\n5,"x"\n7,8\n', [3]),
        (b'a,b\n1,2\n"3 "and" 4",4\n5,6\n7,8\n', [3]),
        (b'a,b\n1,2\n3,"4\n', [3]),
    ],
)
def test_read_rows__stray_quote__spoils_its_own_row_only(raw, bad):
    rows = rows_of(raw)

    assert [row.number for row in rows if row.problem == "bad_quoting"] == bad
    assert [row.number for row in rows] == list(range(2, raw.count(b"\n") + 1))
    assert {tuple(row.values.values()) for row in rows if row.problem is None} >= {("1", "2")}
    assert rows[-1].end == len(raw)


def test_read_rows__quote_inside_an_unquoted_field__is_a_character():
    assert values_of(b'size,name\n5",pipe\n') == [{"size": '5"', "name": "pipe"}]


def test_read_rows__bytes_outside_the_encoding__are_reported_and_harmless():
    raw = b"a,b\n" + b"1,2\n" * 20_000 + b"J\xfcrgen,3\nx,4\n"

    *_, bad, good = rows_of(raw)

    assert (bad.problem, bad.values) == ("bad_encoding", {"a": "J\ufffdrgen", "b": "3"})
    assert (good.values["a"], good.end) == ("x", len(raw))


def test_read_rows__nul_character__is_reported_and_replaced():
    assert [(row.problem, row.cells) for row in rows_of(b"a,b\n1,2\nx\x00,3\n")][-1] == (
        "nul_character",
        ["x\ufffd", "3"],
    )


def test_read_rows__line_without_end__is_cut_and_reading_goes_on():
    raw = b"a,b\n" + b"x" * (3 * MAX_ROW_CHARACTERS) + b"\n1,2\n"

    rows = rows_of(raw)

    assert [(row.number, row.problem) for row in rows] == [(2, "row_too_long"), (3, None)]
    assert len(rows[0].cells[0]) == 1000
    assert rows[-1].end == len(raw)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16", "utf-16-be", "cp1252", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_read_rows__resumed_after_any_row__gives_the_rest(encoding, line_end):
    names = ["J\u00fcrgen", "\u00c5sa\u00ef", "x"] if encoding != "gb18030" else ["\u738b\u5c0f\u660e", "\u674e\u82b3"]
    lines = ["name;note;n", *(f'{name};"a {line_end}""b""";{at}' for at, name in enumerate(names * 20))]
    raw = line_end.join(lines).encode(encoding)
    dialect = sniff(raw)

    rows = list(read_rows(io.BytesIO(raw), dialect))

    assert len(rows) == len(lines) - 1
    assert rows[0].values["name"] == names[0]
    for at, row in enumerate(rows):
        again = read_rows(io.BytesIO(raw), dialect, start_row=row.number + 1, start_offset=row.end)
        assert list(again) == rows[at + 1 :]
    assert list(read_rows(io.BytesIO(raw), dialect, start_row=10)) == rows[8:]


def test_read_rows__file_larger_than_memory_should_hold__streams_and_leaves_the_file_open(tmp_path):
    path = tmp_path / "big.csv.xz"
    with lzma.open(path, "wb", preset=0) as packed:
        packed.write(b"id,name\n")
        for _ in range(20):
            packed.write(b"12345,Jane Doe\n" * 10_000)

    with lzma.open(path, "rb") as file:
        dialect = sniff(file.read(4096))
        count = sum(1 for row in read_rows(file, dialect) if row.values == {"id": "12345", "name": "Jane Doe"})

        assert not file.closed

    assert count == 200_000


def test_dialect__stored_as_json__comes_back_equal():
    dialect = sniff("a;a\n1;2\n".encode("utf-16"))

    assert Dialect.from_json(json.loads(json.dumps(dialect.to_json()))) == dialect


@given(st.binary(max_size=300))
def test_read_rows__any_bytes_behind_a_header__end_at_the_end_of_the_file(tail):
    raw = b"a,b\n1,2\n" + tail
    dialect = sniff(b"a,b\n1,2\n")

    rows = list(read_rows(io.BytesIO(raw), dialect))

    assert all(row.problem is None or row.problem in PROBLEMS for row in rows)
    assert all(earlier.end < later.end for earlier, later in pairwise(rows))
    assert rows[-1].end <= len(raw)
    json.dumps([row.cells for row in rows]).encode()


def test_problems__every_code__has_a_sentence():
    assert all(sentence.endswith(".") for sentence in PROBLEMS.values())

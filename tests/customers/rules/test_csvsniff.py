import codecs

import pytest

from customers.rules.csvsniff import UnreadableFileError, sniff


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("Name;Amount\nDoe, Jane;1,50\nRoe, Bob;2,50\n", ";"),
        ("Name\tNote\nJane\tone, two; three\n", "\t"),
        ("id|name|city\n1|Jane, Doe|x\n", "|"),
        ("email\njane@example.com\n", ","),
        ("sep=;\na,x;b\n1;2\n", ";"),
        ('a,b,c\n"1;2","3;4;5",6\n', ","),
        ("a;b;c", ";"),
    ],
)
def test_sniff__delimiter__is_the_one_that_gives_even_rows(text, delimiter):
    assert sniff(text.encode()).delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "name,city\nJ\u00fcrgen M\u00fcller,K\u00f6ln\nFran\u00e7ois,Orl\u00e9ans\nprice 5 \u20ac,\u201cx\u201d\n",
            "cp1252",
        ),
        ("name,city\n\u0141ukasz \u017b\u00f3\u0142\u0107,\u0141\u00f3d\u017a\nAgnieszka D\u0105browska,x\n", "cp1250"),
        (
            "\u0438\u043c\u044f,\u0433\u043e\u0440\u043e\u0434\n\u0418\u0432\u0430\u043d,\u041c\u043e\u0441\u043a\u0432\u0430\n",
            "cp1251",
        ),
        (
            "\u540d\u524d,\u90fd\u5e02\n\u5c71\u7530\u592a\u90ce,\u6771\u4eac\n\u30b5\u30c8\u30a6,\u6a2a\u6d5c\n",
            "cp932",
        ),
        ("name\nJ\u00fcrgen\n", "cp1252"),
    ],
)
def test_sniff__code_pages__are_guessed_with_a_warning(text, encoding):
    dialect = sniff(text.encode(encoding) * 3)

    assert dialect.encoding == encoding
    assert any("not in UTF-8" in warning for warning in dialect.warnings)


@pytest.mark.parametrize(
    ("raw", "encoding", "start"),
    [
        (codecs.BOM_UTF8 + b"a,b\n1,2\n", "utf-8", 7),
        (codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le"), "utf-16-le", 10),
        (codecs.BOM_UTF16_BE + "a,b\n1,2\n".encode("utf-16-be"), "utf-16-be", 10),
        ("a,b\n1,2\n".encode("utf-16-le"), "utf-16-le", 8),
        ("a,b\n1,2\n".encode("utf-16-be"), "utf-16-be", 8),
        ("a,b\n1,\u00e9".encode()[:-1], "utf-8", 4),
    ],
)
def test_sniff__unicode_files__start_behind_mark_and_header_without_a_warning(raw, encoding, start):
    dialect = sniff(raw)

    assert (dialect.encoding, dialect.start, dialect.headers) == (encoding, start, ("a", "b"))
    assert dialect.warnings == ()


def test_sniff__known_better__overrules_the_guess():
    dialect = sniff("ad;\u015fehir\nAy\u015fe;\u0130stanbul\n".encode("cp1254"), encoding="cp1254", delimiter=";")

    assert dialect.headers == ("ad", "\u015fehir")


def test_sniff__duplicate_and_empty_headers__get_names_and_warnings():
    dialect = sniff(b"Id,Reason, Reason ,,Reason (2)\n1,2,3,4,5\n")

    assert dialect.headers == ("Id", "Reason", "Reason (2)", "Column 4", "Reason (2) (2)")
    assert len(dialect.warnings) == 3


@pytest.mark.parametrize("raw", [b"1,jane@example.com,Jane\n2,bob@example.com,Bob\n", b"1,2\n3,4\n"])
def test_sniff__no_header_row__numbers_the_columns_and_loses_no_data(raw):
    dialect = sniff(raw)

    assert not dialect.has_header
    assert (dialect.start, dialect.first_row, dialect.headers[0]) == (0, 1, "Column 1")
    assert any("numbered" in warning for warning in dialect.warnings)


@pytest.mark.parametrize(
    ("text", "end"), [("a,b\r\n1,2\r\n", "\r\n"), ("a\n1\n", "\n"), ("a,b\r1,2\r", "\r"), ("a", "\n")]
)
def test_sniff__line_ends__are_recognised(text, end):
    assert sniff(text.encode()).line_end == end


def test_sniff__single_quotes_around_fields__are_quotes_but_apostrophes_are_not():
    assert sniff(b"id,name\n'1','a, b'\n'2','c'\n").quotechar == "'"
    assert sniff(b"Customer ID,Zip\n'7210448301122,'1234AB\n'7210448301123,'1234AB\n").quotechar == '"'


def test_sniff__blank_lines_before_the_header__are_passed_over():
    dialect = sniff(b"\n\na,b\n1,2\n")

    assert (dialect.headers, dialect.start, dialect.first_row) == (("a", "b"), 6, 4)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\n\n", "empty_file"),
        (b",,\n,,\n", "empty_file"),
        (b"PK\x03\x04rest", "not_text"),
        (b"\x1f\x8brest", "not_text"),
        (b'"a,b\n1,2\n', "bad_header"),
    ],
)
def test_sniff__what_is_no_csv_file__is_refused_with_a_sentence(raw, code):
    with pytest.raises(UnreadableFileError) as refusal:
        sniff(raw)

    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")


def test_sniff__every_header_row_of_known_tools__is_a_header(shared_data, export_formats):
    for headers in export_formats.values():
        dialect = sniff((",".join(f'"{name}"' for name in headers) + "\n" + "x," * (len(headers) - 1) + "x\n").encode())

        assert dialect.has_header
        assert len(set(dialect.headers)) == len(headers)


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n" + b"x" * 100, b"\xff\xd8\xff\xe0" + b"x" * 100],
    ids=["every byte", "png", "jpeg"],
)
def test_sniff__binary_content__is_no_text(content):
    with pytest.raises(UnreadableFileError) as refusal:
        sniff(content)

    assert refusal.value.code == "not_text"


def test_sniff__a_few_stray_control_bytes__are_left_to_the_rows():
    assert sniff(b"a,b\n1,\x002\n").headers == ("a", "b")

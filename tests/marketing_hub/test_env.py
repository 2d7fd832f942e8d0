"""Environment readers: what they answer, and the sentence with which they refuse."""

import pytest

from marketing_hub import env


@pytest.fixture(autouse=True)
def no_development_values(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("HUB_ENV", raising=False)
    for name in ("X", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_text__not_set_and_no_default__names_the_variable():
    with pytest.raises(env.ConfigError, match="X is not set"):
        env.text("X")


def test_text__set_to_blanks__counts_as_not_set(monkeypatch):
    monkeypatch.setenv("X", "  ")

    assert env.text("X", "default") == "default"


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False)]
)
def test_flag__known_word__is_read(monkeypatch, value, expected):
    monkeypatch.setenv("X", value)

    assert env.flag("X", default=not expected) is expected


def test_flag__unknown_word__is_refused(monkeypatch):
    monkeypatch.setenv("X", "perhaps")

    with pytest.raises(env.ConfigError, match="X is 'perhaps'; it must be 1, true"):
        env.flag("X")


@pytest.mark.parametrize(("value", "words"), [("many", "from 1 to 9"), ("0", "from 1 to 9"), ("10", "from 1 to 9")])
def test_number__not_a_number_or_out_of_bounds__is_refused_with_the_bounds(monkeypatch, value, words):
    monkeypatch.setenv("X", value)

    with pytest.raises(env.ConfigError, match=words):
        env.number("X", 5, minimum=1, maximum=9)


def test_number__inside_the_bounds__is_answered(monkeypatch):
    monkeypatch.setenv("X", "9")

    assert env.number("X", 5, minimum=1, maximum=9) == 9


@pytest.mark.parametrize(
    ("value", "expected"), [("90", 90), ("1.5", 1.5), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400)]
)
def test_seconds__number_with_unit__is_seconds(monkeypatch, value, expected):
    monkeypatch.setenv("X", value)

    assert env.seconds("X", 1) == expected


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "s"])
def test_seconds__not_a_time__is_refused(monkeypatch, value):
    monkeypatch.setenv("X", value)

    with pytest.raises(env.ConfigError, match=r"X is .* a time of at least 0 s"):
        env.seconds("X", 1)


def test_choice__another_word__is_refused_with_the_options(monkeypatch):
    monkeypatch.setenv("X", "prod")

    with pytest.raises(env.ConfigError, match="one of development, production"):
        env.choice("X", "development", ("development", "production"))


def test_csv__blanks_and_empty_parts__are_dropped(monkeypatch):
    monkeypatch.setenv("X", " a, b ,,c ")

    assert env.csv("X", ["z"]) == ["a", "b", "c"]


@pytest.mark.parametrize("value", ["example.com", "ftp://example.com", "https://"])
def test_url__wrong_scheme_or_no_host__is_refused(monkeypatch, value):
    monkeypatch.setenv("X", value)

    with pytest.raises(env.ConfigError, match="X must be an address that starts with https:// or http://"):
        env.url("X")


def test_secret__from_file__is_read_without_the_line_end(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))

    assert env.secret("X") == "s3cret"


def test_secret__both_ways_given__is_refused_without_the_value(monkeypatch, tmp_path):
    monkeypatch.setenv("X", "s3cret")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))

    with pytest.raises(env.ConfigError, match="only one of them") as refusal:
        env.secret("X")

    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_secret__file_missing_empty_or_binary__is_refused(monkeypatch, tmp_path, content):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))

    with pytest.raises(env.ConfigError, match="X_FILE"):
        env.secret("X")


@pytest.mark.parametrize(
    ("value", "host", "port", "options"),
    [
        (
            "postgresql://hub:p%40ss@db.example.com:6432/hub?sslmode=require",
            "db.example.com",
            "6432",
            {"sslmode": "require"},
        ),
        ("postgres://hub:p%40ss@%2Frun%2Fpg/hub", "/run/pg", "", {}),
        ("postgresql://hub:p%40ss@/hub?host=/run/pg&port=5433", "/run/pg", "5433", {}),
    ],
)
def test_database_url__host_or_socket__becomes_a_django_entry(monkeypatch, value, host, port, options):
    monkeypatch.setenv("X", value)

    entry = env.database_url("X")

    assert entry == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "hub",
        "USER": "hub",
        "PASSWORD": "p@ss",
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
    }


@pytest.mark.parametrize("value", ["mysql://u:pw@h/d", "postgresql://u:pw@h/", "postgresql://u:pw@h:port/d", "hub"])
def test_database_url__unusable__is_refused_without_the_password(monkeypatch, value):
    monkeypatch.setenv("X", value)

    with pytest.raises(env.ConfigError, match="X must look like postgresql://") as refusal:
        env.database_url("X")

    assert "pw@" not in str(refusal.value)


def test_text__development_file__fills_what_the_environment_leaves_open(monkeypatch, tmp_path):
    (tmp_path / "development.env").write_text("X=from file\nY=also\n")
    monkeypatch.setenv("Y", "from environment")

    assert (env.text("X"), env.text("Y")) == ("from file", "from environment")


def test_database_url__of_a_sandbox__is_beside_the_live_one_unless_it_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("SANDBOX", "1")
    before_the_first_start = env.database_url("DATABASE_URL")["NAME"]
    (tmp_path / "development.env").write_text("DATABASE_URL=postgresql://hub@/shop?host=/sockets\n")
    beside = env.database_url("DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL", "postgresql://hub@/live?host=/sockets")
    given = env.database_url("DATABASE_URL")["NAME"]

    assert (before_the_first_start, given) == ("marketing_hub_sandbox", "live")
    assert (beside["NAME"], beside["HOST"], beside["USER"]) == ("shop_sandbox", "/sockets", "hub")


def test_text__production__does_not_read_the_development_file(monkeypatch, tmp_path):
    (tmp_path / "development.env").write_text("X=from file\n")
    monkeypatch.setenv("HUB_ENV", "production")

    with pytest.raises(env.ConfigError, match="X is not set"):
        env.text("X")


def test_refusing__configuration_error__prints_its_sentence_and_exits_2(capsys):
    with pytest.raises(SystemExit) as exit_, env.refusing():
        env.text("X")

    assert exit_.value.code == 2
    assert capsys.readouterr().err == "Configuration refused: X is not set; it must be given.\n"


def test_database_url__development_before_the_first_start__is_where_it_will_be(tmp_path):
    entry = env.database_url("DATABASE_URL")

    assert (entry["HOST"], entry["NAME"]) == (str(tmp_path / "sockets"), "marketing_hub")


def test_zone__name_of_the_database__is_taken_and_another_refused(monkeypatch):
    monkeypatch.setenv("X", "Europe/Berlin")
    assert env.zone("X", "UTC") == "Europe/Berlin"
    monkeypatch.setenv("X", "Berlin")

    with pytest.raises(env.ConfigError, match="a time zone such as Europe/Berlin"):
        env.zone("X", "UTC")

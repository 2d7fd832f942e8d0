"""Random rules over the world of `segment_world`, for property tests."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.segment_world import NOW

_days = st.integers(-60, 60).map(lambda days: (NOW + timedelta(days=days)).date().isoformat())
_span = st.one_of(st.integers(1, 100).map(lambda n: {"days": n}), st.integers(1, 9).map(lambda n: {"weeks": n}))
_any_span = st.one_of(_span, st.integers(1, 80).map(lambda n: {"hours": n}))
_window = st.one_of(
    _any_span.map(lambda span: {"last": span}),
    st.sampled_from(["day", "week", "month", "quarter", "year"]).map(lambda period: {"this": period}),
    st.sampled_from(["day", "week", "month", "quarter", "year"]).map(lambda period: {"previous": period}),
    st.tuples(_days, _days).filter(lambda pair: pair[0] < pair[1]).map(lambda p: {"from": p[0], "until": p[1]}),
    _days.map(lambda day: {"from": day}),
    _days.map(lambda day: {"until": day}),
)
_numbers = st.one_of(st.sampled_from([0, 1, 2, 5, 5.5, 20, 49.99, 100, -5]), st.integers(-3, 60))


def _asked(op: Any, value: Any = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.sampled_from(op)} | ({} if value is None else {"value": value}))


def number_ops(*, known: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Operators on numbers with operands."""
    one = _asked(["equals", "does_not_equal", "more_than", "at_least", "less_than", "at_most"], _numbers)
    span = _asked(["between"], st.tuples(_numbers, _numbers).map(sorted))
    return st.one_of(one, span, _asked(["is_set", "is_not_set"])) if known else st.one_of(one, span)


def text_ops(values: list[str], *, free: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Operators on texts with operands."""
    found = [
        _asked(["is", "is_not"], st.sampled_from(values)),
        _asked(["is_one_of", "is_none_of"], st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)),
        _asked(["is_set", "is_not_set"]),
    ]
    parts = st.sampled_from([*values, "a", "E", "n", "import", "@example.com"])
    free_ops = ["contains", "does_not_contain", "starts_with", "ends_with"]
    return st.one_of(*found, _asked(free_ops, parts)) if free else st.one_of(*found)


def time_ops(*, hours: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Operators on dates and instants with operands."""
    return st.one_of(
        _asked(["before", "after", "on"], _days),
        _asked(["between_dates"], st.tuples(_days, _days).map(sorted)),
        _asked(["within_last", "longer_ago_than", "within_next"], _any_span if hours else _span),
        _asked(["anniversary_within"], st.integers(1, 366).map(lambda n: {"days": n})),
        _asked(["is_set", "is_not_set"]),
    )


def _on(on: str, asked: st.SearchStrategy[dict[str, Any]], **members: Any) -> st.SearchStrategy[dict[str, Any]]:
    fixed = st.fixed_dictionaries({name: value for name, value in members.items() if name not in ("window", "where")})
    optional = st.fixed_dictionaries(
        {}, optional={name: members[name] for name in ("where", "window") if name in members}
    )
    return st.builds(lambda f, o, a: {"on": on, **f, **o, **a}, fixed, optional, asked)


_percent = _asked(["top_percent", "bottom_percent"], st.sampled_from([1, 10, 25, 33.3, 50, 90]))
_changes = st.one_of(
    _asked(["changed"], st.fixed_dictionaries({"within": _any_span})),
    _asked(["changed_to"], st.fixed_dictionaries({"to": st.sampled_from(["DE", "FR"]), "within": _span})),
    _asked(
        ["changed_from_to"],
        st.fixed_dictionaries(
            {"from": st.sampled_from(["DE", "US"]), "to": st.sampled_from(["FR", "DE"]), "within": _span}
        ),
    ),
)
_some = st.lists(st.sampled_from(["tea", "cups", "pots"]), min_size=1, max_size=3, unique=True)
_tagged = st.lists(st.sampled_from(["vip", "newsletter", "old"]), min_size=1, max_size=3, unique=True)
_kind = st.sampled_from(["view", "click", "purchase"])
_property_test = st.one_of(
    _asked(["is", "is_not", "contains"], st.sampled_from(["blue", "red", "e"])).map(
        lambda a: {"property": "colour", **a}
    ),
    _asked(["at_least", "less_than", "equals"], st.integers(0, 9)).map(lambda a: {"property": "colour", **a}),
    _asked(["is_set", "is_not_set"]).map(lambda a: {"property": "colour", **a}),
    _asked(["is", "is_not"], st.sampled_from(["mobile", "desktop"])).map(lambda a: {"property": "deviceType", **a}),
    number_ops().map(lambda a: {"property": "value", **a}),
)
_where = st.lists(_property_test, min_size=1, max_size=2)
_on_view = st.sampled_from(["view", "click"])
_step = st.fixed_dictionaries({"type": st.sampled_from(["purchase", "view", "click"]), "within": _any_span})
_of_amounts = st.sampled_from(["sum", "average", "largest", "smallest"])

CONDITIONS = st.one_of(
    _on("profile", text_ops(["DE", "FR", "US"], free=False), field=st.just("country")),
    _on("profile", _changes, field=st.just("country")),
    _on("profile", text_ops(["active", "inactive"], free=False), field=st.just("status")),
    _on("profile", text_ops(["import:people.csv", "Ana"]), field=st.sampled_from(["created_via", "first_name"])),
    _on("profile", time_ops(hours=False), field=st.just("birth_date")),
    _on("profile", time_ops(), field=st.sampled_from(["created_at", "last_seen_at", "updated_at"])),
    _on("profile", number_ops(), field=st.sampled_from(["lifetime_orders", "lifetime_value"])),
    _on("profile", _percent, field=st.sampled_from(["lifetime_orders", "lifetime_value"])),
    _on("attribute", text_ops(["free", "pro", "team"], free=False), field=st.just("plan")),
    _on("attribute", text_ops(["Berlin", "Bern"]), field=st.just("city")),
    _on("attribute", st.one_of(number_ops(), _percent), field=st.just("points")),
    _on("attribute", _asked(["is_true", "is_false", "is_set", "is_not_set"]), field=st.just("premium")),
    _on("attribute", time_ops(hours=False), field=st.just("renews_on")),
    _on("attribute", time_ops(), field=st.just("trial_ends")),
    _on("attribute", _asked(["has_any", "has_all", "has_none"], _some), field=st.just("interests")),
    _on("attribute", _asked(["is_set", "is_not_set"]), field=st.just("interests")),
    _on("identity", text_ops(["a@example.com"]), field=st.sampled_from(["email", "phone"])),
    _on("tags", st.one_of(_asked(["has_any", "has_all", "has_none"], _tagged), _asked(["is_set", "is_not_set"]))),
    _on("purchases", number_ops(known=False), field=st.sampled_from(["count", "refunds"]), window=_window),
    _on("purchases", number_ops(known=False), field=_of_amounts, currency=st.just("EUR"), window=_window),
    _on("purchases", time_ops(), field=st.sampled_from(["first", "last"]), window=_window),
    _on(
        "consent", _asked(["is_allowed", "is_not_allowed"]), field=st.sampled_from(["marketing_email", "marketing_sms"])
    ),
    _on(
        "consent",
        _asked(
            ["state_is_one_of"], st.lists(st.sampled_from(["granted", "withdrawn", "none"]), min_size=1, unique=True)
        ),
        field=st.just("marketing_email"),
    ),
    _on("privacy", _asked(["is_true", "is_false"]), field=st.sampled_from(["gpc", "suppressed"])),
    _on("bucket", number_ops(known=False), field=st.sampled_from(["spring", "autumn"])),
    _on("events", number_ops(known=False), type=_on_view, field=st.just("count"), where=_where, window=_window),
    _on("events", number_ops(known=False), field=st.just("count"), window=_window),
    _on("events", time_ops(), type=_on_view, field=st.sampled_from(["first", "last"]), where=_where, window=_window),
    _on(
        "events",
        number_ops(known=False),
        type=st.just("purchase"),
        field=st.sampled_from(["sum", "average", "smallest", "largest", "distinct"]),
        property=st.just("value"),
        window=_window,
    ),
    _on("sequence", _asked(["followed_by", "not_followed_by"], _step), type=_on_view, where=_where, window=_window),
)


def _grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    nodes = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(nodes.map(lambda n: {"all": n}), nodes.map(lambda n: {"any": n}), inner.map(lambda n: {"not": n}))


def _deep(node: dict[str, Any]) -> int:
    inner = node.get("all") or node.get("any") or ([node["not"]] if "not" in node else [])
    return 1 + max(_deep(child) for child in inner) if inner else 0


NODES = st.recursive(CONDITIONS, _grown, max_leaves=7).filter(lambda node: _deep(node) <= 6)
RULES = NODES.map(lambda node: {"version": 1, "rule": node})

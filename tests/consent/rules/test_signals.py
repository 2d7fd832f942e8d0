import pytest

from consent.rules.signals import gpc_signal


@pytest.mark.parametrize(
    ("values", "on"),
    [
        (["1"], True), ([], False), (["0"], False), (["true"], False), (["1;x"], False), (["1;x=1"], False),
        (["11"], False), (["01"], False), (["1.0"], False), (["?1"], False), (['"1"'], False), ([""], False),
        (["0", "1"], True), (["x", "1", "0"], True), (["0, 1"], True), (["0,0"], False), ([" 1 "], True),
        (["\u0661"], False),
    ],
)  # fmt: skip
def test_gpc_signal__header_values__only_the_exact_one_counts(values, on):
    assert gpc_signal(values) is on

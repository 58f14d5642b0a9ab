"""TOML that Python reads, or chokes on, and nobody wants."""

import pytest
from dermis_hw import toml


@pytest.mark.parametrize(
    "text, said",
    [
        ("a = ", "Invalid value"),
        ("a = " + "[" * 5000 + "]" * 5000, "too deep"),
        ("a = " + "9" * 6000, "too many digits"),
        ("a = 18446744073709551616", "64 bits"),
        ("a = [{b = -9223372036854775809}]", "64 bits"),
        ('a = "b\\u0000c"', "U+0000"),
        ('"b\\u0000c" = 1', "U+0000"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(toml.TomlError, match=said.replace("+", r"\+")):
        toml.loads(text)


def test_what_is_read():
    text = 'a = -9223372036854775808\n[b]\nc = [1.5, "x"]\nd = 2026-01-31'
    assert toml.loads(text)["b"]["c"] == [1.5, "x"] and toml.loads(text)["a"] == -(1 << 63)

"""JSON is read exactly or refused (FAULTS 15 to 19)."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.errors import MalformedPayload
from odoo.addons.finance_core.strict_json import MAX_DEPTH, loads

DEEP = 100_000


def refused(data: bytes, **bounds) -> str:
    with pytest.raises(MalformedPayload) as refusal:
        loads(data, **bounds)
    assert refusal.value.__suppress_context__ or not refusal.value.__context__
    return str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'["\\"]",' * DEEP,
        b'{"a":[' * DEEP,
    ],
)
def test_fault_15_a_hundred_thousand_levels_are_refused(data):
    assert "deeper" in refused(data)


def test_fault_15_the_limit_itself_is_fine():
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert loads(deep)
    assert "deeper" in refused(b"[" + deep + b"]")


def test_fault_15_many_brackets_side_by_side_are_not_deep():
    assert loads(b"[" + b"[{}]," * 500 + b'"]]]"]')
    assert loads(json.dumps({"text": "[" * 500 + '\\"{', "list": []}).encode())


@pytest.mark.parametrize(
    "data",
    [b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'\xef\xbb\xbf{"a":1}', b"\xfe\xff\x00{"]
    + ['"é"'.encode("latin-1"), '{"a":1}'.encode("utf-16")],
)
def test_fault_16_only_utf_8_without_a_mark_is_read(data):
    refused(data)


@pytest.mark.parametrize(
    "text",
    [r'"\ud800"', r'"\uDFFF"', r'"\udc00\ud800"', r'"\ud83d\ud83d\ude00"']
    + [r'{"\udabc": 1}', r'["\\\ud800"]', r'"\ud800\\udc00"'],
)
def test_fault_16_half_a_surrogate_pair_is_refused(text):
    assert "surrogate" in refused(text.encode())


def test_fault_16_a_whole_pair_and_an_escaped_backslash_are_fine():
    assert loads(rb'["\ud83d\ude00", "\\ud800"]') == ["😀", "\\ud800"]


@pytest.mark.parametrize("data", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"nan"])
def test_fault_17_what_is_no_number_is_refused(data):
    refused(data)


@pytest.mark.parametrize(
    "number",
    ["1" * 41, "-" + "1" * 5000, "1e400", "1E-400", "0e99999", "1e" + "9" * 30]
    + ["0." + "1" * 100, "1e99999999999999999999999", "01", "+1", "1.", ".5", "0x1"],
)
def test_fault_18_huge_and_odd_numbers_are_refused(number):
    refused(f'{{"amount": {number}}}'.encode())


def test_fault_18_fractions_are_exact_decimals():
    value = loads(b"[0.1, 1.10, 1e2, -0.0, 12345678901234567890.12]")
    assert [str(number) for number in value] == [
        "0.1",
        "1.10",
        "1E+2",
        "-0.0",
        "12345678901234567890.12",
    ]
    assert all(isinstance(number, Decimal) for number in value)


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'[{"x":{"a":1,"b":2,"\\u0061":3}}]']
)
def test_fault_19_a_key_twice_is_refused(data):
    assert "twice" in refused(data)


@pytest.mark.parametrize("data", [b"", b" ", b"{} {}", b"[1,]", b"{'a':1}", b'"\x00"'])
def test_text_that_is_no_json_is_refused(data):
    refused(data)


def test_the_size_is_bounded():
    assert loads(b"[1]", max_bytes=3) == [1]
    assert "longer" in refused(b"[1] ", max_bytes=3)


def test_a_refusal_quotes_nothing():
    assert "secret" not in refused(b'{"token": "secret" "secret"}')


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    """FAULTS 15 to 19"""
    with suppress(MalformedPayload):
        loads(data)


@given(st.text('[]{}":,\\ud8f0c1e-.N"', max_size=60))
def test_text_that_looks_like_json_is_read_or_refused(text):
    """FAULTS 15 to 19: what is read can be written again."""
    try:
        value = loads(text.encode())
    except MalformedPayload:
        return
    json.dumps(value, ensure_ascii=False, default=str).encode()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('abc[]{}"\\'), inner),
    max_leaves=60,
)


@given(values, st.booleans())
def test_what_was_written_is_read_unchanged(value, ascii_only):
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.decimals(-(10**15), 10**15, places=4, allow_nan=False))
def test_decimals_are_read_unchanged(number):
    assert loads(format(number, "f").encode()) == number

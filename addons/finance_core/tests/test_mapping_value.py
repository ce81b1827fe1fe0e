"""One small grammar says what a value of a mapping line stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.mapping_value import (
    Kind,
    UnreadableValue,
    join_key,
    meet,
    parse,
    plain_key,
    quote,
    split_key,
)

ANY_TEXT = st.text(st.sampled_from("ab1.,*|\\ -"), max_size=8)


def matches(text, value):
    return any(each.matches(value) for each in parse(text))


@pytest.mark.parametrize(
    ("text", "fits", "misses"),
    [
        ("4010", ["4010"], ["04010", "401", "40100", ""]),
        ("", [""], ["x"]),
        ("a.b", ["a.b"], ["aXb"]),
        ("a\\b", ["a\\b"], ["ab"]),  # only a character with a meaning is escaped
        ("4010, 4020", ["4010", "4020"], [" 4020", "4010, 4020"]),
        ("4000..4999", ["4000", "4999", "4500.5", "04001"], ["3999", "5000", "4x"]),
        ("-5..5", ["-5", "0", "4.99"], ["-6", "--1", ""]),
        ("AA..AZ", ["AA", "AM9", "AZ"], ["AZ1", "B", "aa"]),
        ("10A..9", ["10A", "2", "9"], ["91", "A"]),  # text: 1 comes before 9
        ("1..3,7,9*", ["2", "7", "91"], ["4", "8"]),
        ("40*", ["40", "4099"], ["4", "140"]),
        ("*fee", ["fee", "card_fee"], ["fees"]),
        ("a*b*c", ["abc", "axbxc"], ["ac", "acb", "ab"]),
        ("aa*aa", ["aaaa", "aaxaa"], ["aaa", "aa"]),
        ("*", ["", "anything"], []),
        ("**", ["", "anything"], []),
        (r"5\*", ["5*"], ["5", "55"]),
        (r"a\,b", ["a,b"], ["a", "b"]),
        (r"a\.\.b", ["a..b"], ["a", "aa"]),
        (r"a\|b", ["a|b"], ["a"]),
        (r"a\\*", ["a\\", "a\\b"], ["a"]),
    ],
)
def test_a_value_means_what_the_table_says(text, fits, misses):
    assert [value for value in fits if not matches(text, value)] == []
    assert [value for value in misses if matches(text, value)] == []


@pytest.mark.parametrize(
    "text", ["a,,b", ",", "4999..4000", "..5", "5..", "a..b..c", "4*..5", "9..10A"]
)
def test_what_means_nothing_is_refused_with_the_reason(text):
    with pytest.raises(UnreadableValue, match=r"range|list"):
        parse(text)


def test_a_line_is_cut_at_bars_that_mean_one():
    assert split_key(r"role|a\|b|") == ("role", r"a\|b", "")


@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_what_is_quoted_stands_for_itself_alone(values):
    text = join_key(values)
    assert plain_key(text) == tuple(values)
    parsed = [parse(each) for each in split_key(text)]
    assert [[each.text for each in one] for one in parsed] == [[v] for v in values]


@given(st.text(st.sampled_from("ab1-_. :/"), max_size=8))
def test_ordinary_values_are_written_as_they_are(value):
    if ".." not in value:
        assert quote(value) == value


def matchers():
    pieces = st.lists(st.sampled_from(["a", "b", "1", "2", "*"]), max_size=4)
    patterns = pieces.map("".join)
    ends = st.lists(st.sampled_from("ab129"), min_size=2, max_size=2).map(sorted)
    return (patterns | ends.map("..".join)).map(lambda text: parse(text)[0])


VALUES = st.text(st.sampled_from("ab12.9"), max_size=5)


@given(matchers(), matchers(), st.lists(VALUES, max_size=20))
def test_what_covers_another_matches_whatever_it_matches(one, other, values):
    if one.covers(other):
        shared = [value for value in values if other.matches(value)]
        assert all(map(one.matches, shared))
        assert one.matches(other.sample)


@given(matchers(), matchers(), st.lists(VALUES, max_size=20))
def test_only_what_meets_shares_values(one, other, values):
    alike = one.kind is not Kind.RANGE or one.space is other.space
    exact = {one.kind, other.kind} != {Kind.RANGE, Kind.PATTERN}
    if alike and exact and not meet(one, other):
        assert not [
            each for each in values if one.matches(each) and other.matches(each)
        ]


@given(matchers())
def test_a_matcher_matches_its_own_sample(matcher):
    assert matcher.matches(matcher.sample)

"""The fast table finds what walking through the lines in order of precedence finds."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.mapping import MappingRule, MappingTable
from odoo.addons.finance_core.mapping_findings import findings
from odoo.addons.finance_core.mapping_value import Kind, UnreadableValue

ITEMS = [
    "a",
    "ab",
    "1",
    "12",
    "2",
    "1..2",
    "2..9",
    "a..b",
    "1*",
    "*b",
    "a*b",
    "*",
    "a,2",
]
WRITTEN = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=2).map(",".join)
VALUES = st.sampled_from(["a", "ab", "b", "1", "12", "2", "5", "1.5", "", "axb", "x"])


def table(*keys, targets=None):
    """One line for each key; every one stands for something else unless told."""
    targets = targets or range(1, len(keys) + 1)
    lines = zip(keys, targets, strict=True)
    rules = [MappingRule(tuple(key.split("|")), target) for key, target in lines]
    return MappingTable("Fees", 1, rules)


def naive(rules, key):
    """Every combination of every line, in the documented order."""
    best = None
    for place, rule in enumerate(rules):
        for matchers in rule.combinations():
            if len(matchers) != len(key):
                continue
            if all(map(lambda each, value: each.matches(value), matchers, key)):
                kinds = sorted((each.kind for each in matchers), reverse=True)
                best = min(best or (kinds, place, rule), (kinds, place, rule))
    return best and best[2]


@st.composite
def lines_and_keys(draw):
    width = draw(st.integers(1, 3))
    key = st.tuples(*[WRITTEN] * width)
    rules = [
        MappingRule(written, place)
        for place, written in enumerate(draw(st.lists(key, max_size=8)), 1)
    ]
    return rules, draw(st.lists(st.tuples(*[VALUES] * width), max_size=12))


@given(lines_and_keys())
def test_fast_table_equals_the_first_match_of_all_lines(given_):
    rules, keys = given_
    fast = MappingTable("Fees", 1, rules)
    assert [fast.find(key) for key in keys] == [naive(rules, key) for key in keys]


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 2), min_size=1), st.integers(0, 40))
def test_all_ranges_around_a_number_are_found(ends, number):
    pairs = [sorted(pair) for pair in ends]
    ranges = table(*(f"{low}..{high}" for low, high in pairs))
    found = {choice.place for choice in ranges.matching((str(number),))}
    wanted = {i for i, (low, high) in enumerate(pairs) if low <= number <= high}
    assert found == wanted


@pytest.mark.parametrize(
    ("keys", "value", "winner"),
    [
        (["*", "40*", "4000..4999", "4010,4020", "4010"], "4010", "4010"),
        (["*", "40*", "4000..4999", "4010,4020"], "4010", "4010,4020"),
        (["*", "40*", "4000..4999"], "4010", "4000..4999"),
        (["*", "40*"], "4010", "40*"),
        (["4*", "40*"], "4010", "4*"),  # equal kinds: the order decides
        (["*|*", "reserve|*", "reserve|EUR"], "reserve|EUR", "reserve|EUR"),
        (["*|*", "reserve|*"], "reserve|EUR", "reserve|*"),
        (["reserve|*", "*|EUR"], "reserve|EUR", "reserve|*"),
        (["*|EUR", "reserve|*"], "reserve|EUR", "*|EUR"),
        (["4000..4999|*", "40*|EUR"], "4010|EUR", "40*|EUR"),
    ],
)
def test_precedence(keys, value, winner):
    found = table(*keys).find(tuple(value.split("|")))
    assert "|".join(found.key) == winner


def test_a_line_of_too_many_combinations_is_refused():
    many = ",".join(map(str, range(40)))
    with pytest.raises(UnreadableValue, match="1000 combinations"):
        table(f"{many}|{many}")


@pytest.mark.parametrize("form", ["{0}", "{0}0..{0}9", "{0}*", "*{0}", "a{0},b{0}|*"])
def test_a_thousand_look_ups_in_five_thousand_lines_are_cheap(form):
    """A bound no machine misses, unless every look-up walks through the lines."""
    lines = table(*(form.format(number) for number in range(10000, 15000)))
    key = ("999999",) * (form.count("|") + 1)
    lines.find(key)
    start = time.process_time()
    for _ in range(1000):
        lines.find(key)
    assert time.process_time() - start < 0.25


# -- findings ------------------------------------------------------------------------


def sorts(*keys, targets=None, seen=()):
    return [each.sort for each in findings(table(*keys, targets=targets), seen)]


@pytest.mark.parametrize(
    "keys",
    [
        ["4010", "4020,4021", "4100..4999", "5*", "*"],
        ["reserve|*", "reserve|EUR", "*|*"],
        ["4*|*", "40*|x*", "*|*"],  # the second is more specific: no question
        ["1..5", "6..9", "*"],
        ["a..c", "d..f", "*"],
        ["1..2,1..2", "*"],  # said twice in one line: only superfluous
    ],
)
def test_sound_lines_have_no_findings(keys):
    assert sorts(*keys) == []


@pytest.mark.parametrize(
    ("keys", "sort"),
    [
        (["a,b", "b,a", "*"], "contradiction"),
        (["4000..4999", "04000..4999", "*"], "contradiction"),
        (["4*", "4**", "*"], "contradiction"),
        (["*", "**"], "contradiction"),
        (["4000..4999", "4100..4200", "*"], "unreachable"),
        (["4*", "40*", "*"], "unreachable"),
        (["A..D", "B..C", "*"], "unreachable"),
        (["a", "a,a", "*"], "contradiction"),
        (["a", "b", "a,b", "*"], "unreachable"),
        (["4*|EUR", "40*|EUR", "*|*"], "unreachable"),
    ],
)
def test_lines_nothing_reaches_are_found_and_block(keys, sort):
    found = findings(table(*keys))
    assert [(each.sort, each.blocks) for each in found] == [(sort, True)]


def test_ranges_that_take_all_of_another_together_are_found():
    assert sorts("1..5", "5..9", "2..8", "*", targets=[1, 1, 2, 3]) == ["unreachable"]
    assert "unreachable" not in sorts("1..5", "6..9", "2..8", "*")  # 5.5 is left


def test_a_line_without_a_meaning_blocks():
    assert sorts("a", "*", targets=[0, 1]) == ["incomplete"]


def test_same_values_with_the_same_meaning_contradict_nothing():
    assert sorts("a,b", "b,a", "*", targets=[1, 1, 2]) == ["unreachable"]


@pytest.mark.parametrize(
    "keys",
    [
        ["1..5", "3..9", "*"],
        ["a*", "*b", "*"],
        ["a,b", "b,c", "*"],
        ["b", "b,c", "*"],
        ["1..5|a", "3..9|a", "*|*"],
        ["1..5|1..5", "3..9|0..2", "*|*"],
        ["reserve|*", "*|EUR", "*|*"],
        ["1..5|*", "*|1..5", "*|*"],
    ],
)
def test_lines_that_share_values_are_told(keys):
    assert sorts(*keys) == ["overlap"]


def test_shared_values_with_one_meaning_are_no_overlap():
    assert sorts("1..5", "3..9", "*", targets=[1, 1, 2]) == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["4000..4499", "4600..4999"], "between 4499 and 4600"),
        (["1.5..2", "2.5..3"], "between 2 and 2.5"),
        (["a|1..2", "a|5..6", "b|3..4"], "between 2 and 5 (a|…)"),
    ],
)
def test_holes_between_ranges_are_told(keys, words):
    hole, default = findings(table(*keys))
    assert (hole.sort, default.sort) == ("gap", "gap")
    assert "other values" in default.words
    assert words in hole.words


def test_a_hole_that_another_line_fills_is_none():
    assert sorts("4000..4499", "4600..4999", "45*", "*") == []
    assert sorts("4000..4499", "4600..4999", "45*") == ["gap"]


def test_values_of_documents_that_no_line_fits_are_told():
    found = findings(table("a", "b*"), [("a",), ("c|d",), ("bc",)])
    assert [each.words for each in found if "Documents" in each.words] == [
        "Documents have “c\\|d”, and no line fits it."
    ]
    assert sorts("a", "*", seen=[("x",)]) == []


@given(lines_and_keys())
def test_what_is_called_unreachable_is_never_found(given_):
    rules, keys = given_
    lines = MappingTable("Fees", 1, rules)
    dead = {each.rules[0] for each in findings(lines) if each.blocks}
    assert not dead & {lines.find(key) for key in keys}


@given(lines_and_keys())
def test_where_the_order_decides_it_is_told(given_):
    """Whatever two lines of the same kinds and another meaning both fit."""
    rules, keys = given_
    lines = MappingTable("Fees", 1, rules)
    found = findings(lines)
    dead = {each.rules[0] for each in found if each.blocks}
    told = {frozenset(each.rules) for each in found if each.sort == "overlap"}
    for key in keys:
        first, *others = list(lines.matching(key)) or [None]
        for other in others:
            if other.kinds == first.kinds and first.place != other.place:
                told_of = {first.rule, other.rule} in told
                assert told_of or other.rule in dead or apart(first, other)


def apart(one, other):
    """What is not sought exactly: a range beside a pattern, or numbers beside text."""
    pairs = list(zip(one.matchers, other.matchers, strict=True))
    return any(
        a.kind is Kind.RANGE and (b.kind is Kind.PATTERN or a.space is not b.space)
        for pair in pairs
        for a, b in (pair, pair[::-1])
        if b.kind in (Kind.RANGE, Kind.PATTERN)
    )


def test_five_thousand_lines_are_checked_soon():
    ranges = [f"{number}00..{number}80" for number in range(1000, 4000)]
    words = [f"w{number}*" for number in range(1000, 2500)]
    lists = [f"a{number},b{number}" for number in range(500)]
    start = time.process_time()
    found = findings(table(*ranges, *words, *lists, "*"))
    assert time.process_time() - start < 3
    assert not found


def test_an_unreadable_line_is_refused():
    with pytest.raises(UnreadableValue):
        table("9..1")

"""What is wrong with the lines of a mapping, before anybody approves them.

Found are

- *incomplete*: a line that stands for nothing yet;
- *contradiction*: two lines stand for the same values and mean different things;
- *unreachable*: every value of a line is taken by another one, or by several ranges
  together; these three stop a submission;
- *overlap*: two lines of equal precedence share values and mean different things, the
  order decides;
- *gap*: a hole between ranges of numbers, no line for all other values, and values
  seen in documents that no line fits.

Not sought are lines that only values and patterns together leave nothing to.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, groupby, islice, pairwise, product

from .mapping import Choice, Form, Key, MappingRule, MappingTable
from .mapping_value import NOBODY, SEPARATOR, Kind, Space, join_key, meet

MOST = 100  #: findings of one sort; nobody reads more
PAIRS = 200_000  #: neighbours that are compared, so that it ends soon
BLOCKING = ("incomplete", "contradiction", "unreachable")


@dataclass(frozen=True)
class Finding:
    """``sort`` is one of those above, ``rules`` the lines it is about."""

    sort: str
    words: str
    rules: tuple[MappingRule, ...] = ()

    @property
    def blocks(self) -> bool:
        return self.sort in BLOCKING


def findings(table: MappingTable, seen: Iterable[Key] = ()) -> list[Finding]:
    """All there is to say about ``table``, the worst first; ``seen`` are values that
    documents have."""
    hidden = list(islice(_hidden(table), MOST))
    dead = {finding.rules[0] for finding in hidden}
    hidden.sort(key=lambda finding: BLOCKING.index(finding.sort))
    return [
        *islice(_incomplete(table), MOST),
        *hidden,
        *islice(_overlaps(table, dead), MOST),
        *islice(_holes(table), MOST),
        *_no_default(table),
        *islice(_unmapped(table, seen), MOST),
    ]


def written(rule: MappingRule) -> str:
    return SEPARATOR.join(rule.key)


def _incomplete(table: MappingTable) -> Iterator[Finding]:
    for rule in table.rules:
        if not rule.target:
            words = f"“{written(rule)}” stands for nothing yet."
            yield Finding("incomplete", words, (rule,))


# -- lines that nothing reaches ------------------------------------------------------


def _hidden(table: MappingTable) -> Iterator[Finding]:
    by_line = defaultdict(list)
    for form in table.forms:
        for choice in form.choices():
            by_line[choice.place].append(choice)
    together = _covered_together(table)
    for place in sorted(by_line):
        mine = by_line[place]
        covers = [_cover(table, choice) for choice in mine]
        if all(covers):
            yield _explain(mine, covers)
        elif all(
            cover or choice in together
            for choice, cover in zip(mine, covers, strict=True)
        ):
            rule = mine[0].rule
            words = f"“{written(rule)}” is never used: other ranges take all of it."
            yield Finding("unreachable", words, (rule,))


def _explain(mine: list[Choice], covers: list[Choice]) -> Finding:
    rule, other = mine[0].rule, covers[0].rule
    pairs = zip(mine, covers, strict=True)
    same = all(
        one.covers(cover) and cover.place == covers[0].place for one, cover in pairs
    )
    if same and rule.target != other.target:
        words = f"“{written(rule)}” and “{written(other)}” are the same, but stand for"
        return Finding("contradiction", f"{words} different things.", (rule, other))
    words = f"“{written(rule)}” is never used: “{written(other)}” takes all of it."
    return Finding("unreachable", words, (rule, other))


def _cover(table: MappingTable, choice: Choice) -> Choice | None:
    """A choice of another line that wins wherever ``choice`` fits."""
    for other in table.matching(choice.sample):
        if other.rank >= choice.rank:
            return None
        if other.place != choice.place and other.covers(choice):
            return other
    return None


def _covered_together(table: MappingTable) -> set[Choice]:
    """Ranges of which earlier ranges leave nothing."""
    covered = set()
    for form in table.forms:
        if not _one_range(form):
            continue
        for bucket in form.buckets.values():
            taken: list[tuple] = []
            lines = groupby(sorted(bucket, key=_place), key=_place)
            for _line, choices in lines:
                extents = {each: each.matchers[form.sought].extent for each in choices}
                covered.update(
                    each for each, extent in extents.items() if _holds(taken, *extent)
                )
                for extent in extents.values():
                    _absorb(taken, *extent)
    return covered


def _one_range(form: Form) -> bool:
    """Whether ranges are the only thing that is sought."""
    return form.kinds.count(Kind.RANGE) == 1 and Kind.PATTERN not in form.kinds


def _place(choice: Choice) -> int:
    return choice.place


def _touched(taken: list[tuple], low, high) -> slice:
    """Those of ``taken``, sorted and apart from each other, that touch ``low`` to
    ``high``."""
    first = bisect_left(taken, low, key=lambda each: each[1])
    return slice(first, bisect_right(taken, high, key=lambda each: each[0]))


def _holds(taken: list[tuple], low, high) -> bool:
    found = taken[_touched(taken, low, high)]
    return bool(found) and found[0][0] <= low and high <= found[0][1]


def _absorb(taken: list[tuple], low, high) -> None:
    """Make ``low`` to ``high`` a part of ``taken``."""
    where = _touched(taken, low, high)
    ends = [(low, high), *taken[where]]
    taken[where] = [(min(a for a, _ in ends), max(b for _, b in ends))]


# -- lines that share values ---------------------------------------------------------


def _overlaps(table: MappingTable, dead: set[MappingRule]) -> Iterator[Finding]:
    told = set()
    for first, second in _sharing(table):
        winner, loser = sorted((first, second), key=lambda each: each.rank)
        pair = winner.rule, loser.rule
        differ = winner.rule.target != loser.rule.target
        if differ and loser.rule not in dead and pair not in told:
            told.add(pair)
            words = f"“{written(winner.rule)}” and “{written(loser.rule)}” share values"
            yield Finding("overlap", f"{words}; the first of them wins.", pair)


def _sharing(table: MappingTable) -> Iterator[tuple[Choice, Choice]]:
    pairs = islice(_candidates(table), PAIRS)
    yield from (pair for pair in pairs if _all_meet(*pair))
    for form in table.forms:
        if form.sought is None:
            for choice in form.choices():
                winner = next(table.matching(choice.sample))
                if winner.place != choice.place:
                    yield winner, choice


def _candidates(table: MappingTable) -> Iterator[tuple[Choice, Choice]]:
    """Pairs of equal precedence that may share something."""
    for form in table.forms:
        if form.sought is not None:
            for bucket in form.buckets.values():
                yield from _neighbours(bucket, form.sought)
    for one, other in combinations(table.forms, 2):
        if one.kinds == other.kinds:
            yield from product(one.choices(), other.choices())


def _neighbours(bucket: list[Choice], sought: int) -> Iterator[tuple[Choice, Choice]]:
    """Pairs whose extents share something."""
    ordered = sorted(bucket, key=lambda each: each.matchers[sought].extent)
    for index, choice in enumerate(ordered):
        _low, high = choice.matchers[sought].extent
        for other in islice(ordered, index + 1, None):
            if other.matchers[sought].extent[0] > high:
                break
            yield choice, other


def _all_meet(one: Choice, other: Choice) -> bool:
    pairs = zip(one.matchers, other.matchers, strict=True)
    return one.place != other.place and all(meet(*pair) for pair in pairs)


# -- values that nothing is said about -----------------------------------------------


def _holes(table: MappingTable) -> Iterator[Finding]:
    for form in table.forms:
        if not _one_range(form) or form.space is not Space.NUMBER:
            continue
        for bucket in form.buckets.values():
            taken: list[tuple] = []
            for choice in bucket:
                _absorb(taken, *choice.matchers[form.sought].extent)
            for before, after in pairwise(taken):
                inside = _between(before[1], after[0])
                if inside is None:
                    continue
                sample = list(bucket[0].sample)
                sample[form.sought] = str(inside)
                if table.find(tuple(sample)) is None:
                    yield _hole(sample, form.sought, before[1], after[0])


def _between(end: Decimal, begin: Decimal) -> Decimal | None:
    """A number between two ranges; None where 4999 is followed by 5000."""
    whole = end == end.to_integral_value() and begin == begin.to_integral_value()
    if whole:
        return end + 1 if end + 1 < begin else None
    return (end + begin) / 2


def _hole(sample: list[str], sought: int, end: Decimal, begin: Decimal) -> Finding:
    shown = ["*" if value == NOBODY else value for value in sample]
    shown[sought] = "…"
    where = f" ({SEPARATOR.join(shown)})" if len(shown) > 1 else ""
    return Finding(
        "gap", f"Nothing is said about values between {end} and {begin}{where}."
    )


def _no_default(table: MappingTable) -> Iterator[Finding]:
    if not any(set(form.kinds) == {Kind.ANY} for form in table.forms):
        yield Finding(
            "gap",
            "No line is for all other values: documents with one wait for a person.",
        )


def _unmapped(table: MappingTable, seen: Iterable[Key]) -> Iterator[Finding]:
    for key in seen:
        if table.find(key) is None:
            words = f"Documents have “{join_key(key)}”, and no line fits it."
            yield Finding("gap", words)

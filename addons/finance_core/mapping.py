"""A mapping as plain data: which target a key of source values translates to.

**Which line wins.** A line is as specific as the least specific of its values; the more
specific line wins, in the order value, list, range, pattern, any. Where these are equal
the next least specific value decides, and so on. Lines that are equal in all of them
keep their order: the first wins. So ``reserve|EUR`` wins over ``reserve|*``, that over
``*|*``; and of ``reserve|*`` and ``*|EUR`` the one that stands first.
(:mod:`.mapping_value` says how values are written.)

**What it costs.** Finding a line takes a look-up for each combination of kinds that
occurs in the mapping, not a walk through its lines: values and lists by hash, ranges
and patterns by an interval tree.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import chain, product, takewhile
from math import prod
from typing import Protocol, TypeVar

from .mapping_value import Exact, Kind, Matcher, Point, Space, UnreadableValue, parse

Key = tuple[str, ...]
MAX_COMBINATIONS = 1000
REMEMBERED = 1024  #: keys a table was asked for last: few values make most of a day


class Dated(Protocol):
    """Something approved for a period; both ends are inclusive, None is open."""

    valid_from: date | None
    valid_to: date | None


AnyDated = TypeVar("AnyDated", bound=Dated)


def valid_on(day: date, versions: Sequence[AnyDated]) -> list[AnyDated]:
    """Those of ``versions`` that are in force on ``day``, in the given order."""
    return [
        version
        for version in versions
        if (version.valid_from is None or version.valid_from <= day)
        and (version.valid_to is None or day <= version.valid_to)
    ]


@dataclass(frozen=True)
class MappingRule:
    """One line. ``key`` is what is written for each dimension, ``target`` the id of the
    record in the books (an account, a journal, …); 0 in a draft: none yet."""

    key: Key
    target: int
    rule_id: int = 0

    def combinations(self) -> list[tuple[Matcher, ...]]:
        """One matcher a dimension; several such where it lists values.

        Raises UnreadableValue.
        """
        dimensions = [parse(text) for text in self.key]
        if prod(map(len, dimensions)) > MAX_COMBINATIONS:
            raise UnreadableValue(
                f"These lists make more than {MAX_COMBINATIONS} combinations. Make"
                " several lines of it."
            )
        return list(product(*dimensions))


@dataclass(frozen=True)
class Choice:
    """One combination of a line; ``place`` is that of the line among the others."""

    matchers: tuple[Matcher, ...]
    rule: MappingRule
    place: int

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Least specific first: what decides which line wins."""
        return tuple(sorted((each.kind for each in self.matchers), reverse=True))

    @property
    def rank(self) -> tuple:
        return self.kinds, self.place

    @property
    def sample(self) -> Key:
        """Values that it matches."""
        return tuple(each.sample for each in self.matchers)

    def matches(self, key: Key) -> bool:
        return all(
            each.matches(value) for each, value in zip(self.matchers, key, strict=True)
        )

    def covers(self, other: "Choice") -> bool:
        pairs = zip(self.matchers, other.matchers, strict=True)
        return all(mine.covers(theirs) for mine, theirs in pairs)


class MappingTable:
    """One dated version of a mapping. Raises UnreadableValue for a line that is
    none."""

    def __init__(
        self,
        label: str,
        version_id: int,
        rules: Iterable[MappingRule],
        valid_from: date | None = None,
        valid_to: date | None = None,
    ):
        self.label = label
        self.version_id = version_id
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.rules = tuple(rules)
        self._forms: dict[tuple, Form] = {}
        self.find = lru_cache(REMEMBERED)(self._find)
        for place, rule in enumerate(self.rules):
            for matchers in rule.combinations():
                self._add(Choice(matchers, rule, place))

    def _add(self, choice: Choice):
        signature = tuple((each.kind, each.space) for each in choice.matchers)
        if signature not in self._forms:
            self._forms[signature] = Form(choice)
        self._forms[signature].add(choice)

    def until(self, day: date) -> "MappingTable":
        """The same, with ``day`` as its last."""
        ended = copy(self)
        ended.valid_to = day
        return ended

    def _find(self, key: Key) -> MappingRule | None:
        """``find``: the line that applies to ``key``, or None: unmapped."""
        return next((choice.rule for choice in self.matching(key)), None)

    def matching(self, key: Key) -> Iterator[Choice]:
        """All that fits ``key``; the one that applies comes first."""
        for forms in self._by_kinds.get(len(key), ()):
            found = [choice for form in forms for choice in form.matching(key)]
            yield from sorted(found, key=lambda choice: choice.place)

    @cached_property
    def _by_kinds(self) -> dict[int, list[list["Form"]]]:
        """By number of dimensions: forms of equal precedence together, in order."""
        groups = defaultdict(list)
        for form in self.forms:
            groups[form.kinds].append(form)
        ordered = defaultdict(list)
        for kinds in sorted(groups):
            ordered[len(kinds)].append(groups[kinds])
        return ordered

    @property
    def forms(self) -> Iterable["Form"]:
        return self._forms.values()


class Form:
    """The choices of a table with the same kinds, indexed."""

    def __init__(self, example: Choice):
        self.kinds = example.kinds
        self._hashed = []
        self.sought: int | None = None  #: the dimension an interval tree is about
        for dimension, matcher in enumerate(example.matchers):
            if isinstance(matcher, Exact):
                self._hashed.append(dimension)
            elif matcher.space and self.sought is None:
                self.sought = dimension
                self.space: Space = matcher.space
        self.buckets: dict[Key, list[Choice]] = defaultdict(list)
        self._trees: dict[Key, Intervals] = {}

    def add(self, choice: Choice):
        fixed = tuple(choice.matchers[index].text for index in self._hashed)
        self.buckets[fixed].append(choice)

    def choices(self) -> Iterator[Choice]:
        return chain.from_iterable(self.buckets.values())

    def matching(self, key: Key) -> Iterable[Choice]:
        fixed = tuple(key[index] for index in self._hashed)
        bucket = self.buckets.get(fixed, ())
        if self.sought is None or not bucket:
            return bucket
        point = self.space.point(key[self.sought])
        if point is None:
            return ()
        near = self._tree(fixed, bucket).at(point)
        return [choice for choice in near if choice.matches(key)]

    def _tree(self, fixed: Key, bucket: list[Choice]) -> "Intervals":
        if fixed not in self._trees:
            self._trees[fixed] = Intervals(
                [(*each.matchers[self.sought].extent, each) for each in bucket]
            )
        return self._trees[fixed]


class Intervals:
    """A centred interval tree over (low, high, choice), ends included."""

    def __init__(self, entries: list[tuple[Point, Point, Choice]]):
        lows = sorted(low for low, _high, _choice in entries)
        self._middle = lows[len(lows) // 2]
        before = [each for each in entries if each[1] < self._middle]
        after = [each for each in entries if each[0] > self._middle]
        here = [each for each in entries if each[0] <= self._middle <= each[1]]
        self._by_low = sorted(here, key=lambda each: each[0])
        self._by_high = sorted(here, key=lambda each: each[1], reverse=True)
        self._before = Intervals(before) if before else None
        self._after = Intervals(after) if after else None

    def at(self, point: Point) -> Iterator[Choice]:
        """Those that hold ``point``."""
        node: Intervals | None = self
        while node:
            if point < node._middle:
                reach = takewhile(lambda each: each[0] <= point, node._by_low)
                node = node._before
            else:
                reach = takewhile(lambda each: each[1] >= point, node._by_high)
                node = node._after
            yield from (choice for _low, _high, choice in reach)

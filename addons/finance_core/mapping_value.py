r"""How one value of a mapping line is written, and what it then stands for.

==============  ===========================================================  =======
written         stands for                                                   kind
==============  ===========================================================  =======
``4010``        exactly this value                                           value
``4010,4020``   each of these; an item may be a range or a pattern as well   list
``4000..4999``  everything between both ends, both included                  range
``40*``         whatever fits, ``*`` being any number of characters          pattern
``*``           any value                                                    any
==============  ===========================================================  =======

A range is numeric when both ends are numbers: then only numbers are in it, and leading
zeros do not count. Any other range is one of text, in the order of Unicode code points.
A backslash before ``\``, ``,``, ``*``, ``|`` or ``.`` makes that character an ordinary
one; before anything else the backslash is one itself. Capitals count.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum

SEPARATOR = "|"
LAST = "\U0010ffff"
NOBODY = "\0"  #: a value no document has: text in PostgreSQL cannot hold it
_SPECIAL = re.compile(r"[\\,*|]|\.\.")
_ORDINARY = re.compile(r"[\\,*|]|\.(?=\.)|(?<=\.)\.")
_ESCAPE = r"\\[\\,*|.]"
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")

Point = str | Decimal


class UnreadableValue(ValueError):
    """What was written follows no form of the table above; says what to change."""


class Kind(IntEnum):
    """From the most specific to the least."""

    VALUE = 0
    LIST = 1
    RANGE = 2
    PATTERN = 3
    ANY = 4


class Space(Enum):
    """In which order the neighbours of a value are sought."""

    TEXT = "text"
    NUMBER = "number"
    BACKWARDS = "text read from its end"

    def point(self, value: str) -> Point | None:
        """Where ``value`` lies; None: nowhere."""
        match self:
            case Space.NUMBER:
                return Decimal(value) if _NUMBER.fullmatch(value) else None
            case Space.BACKWARDS:
                return value[::-1]
        return value


@dataclass(frozen=True)
class Exact:
    """One value, alone or as an item of a list."""

    text: str
    kind: Kind = Kind.VALUE
    space = None

    def matches(self, value: str) -> bool:
        return value == self.text

    def covers(self, other: "Matcher") -> bool:
        return isinstance(other, Exact) and other.text == self.text

    @property
    def sample(self) -> str:
        return self.text


@dataclass(frozen=True)
class Range:
    """``low`` to ``high``, both included, in ``space``."""

    low: Point
    high: Point
    space: Space
    kind = Kind.RANGE

    def matches(self, value: str) -> bool:
        point = self.space.point(value)
        return point is not None and self.low <= point <= self.high

    def covers(self, other: "Matcher") -> bool:
        if isinstance(other, Exact):
            return self.matches(other.text)
        if isinstance(other, Range):
            if other.space is not self.space:
                return False
            return self.low <= other.low and other.high <= self.high
        if isinstance(other, Pattern) and self.space is Space.TEXT:
            head = other.parts[0]
            return self.low <= head < self.high[: len(head)]
        return False

    @property
    def extent(self) -> tuple[Point, Point]:
        return self.low, self.high

    @property
    def sample(self) -> str:
        return str(self.low)


@dataclass(frozen=True)
class Pattern:
    """``parts`` in this order, with anything between them."""

    parts: tuple[str, ...]
    kind = Kind.PATTERN

    def matches(self, value: str) -> bool:
        head, *middle, tail = self.parts
        at, end = len(head), len(value) - len(tail)
        if at > end or not (value.startswith(head) and value.endswith(tail)):
            return False
        for part in middle:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    def covers(self, other: "Matcher") -> bool:
        if isinstance(other, Exact):
            return self.matches(other.text)
        # what stands for anything in the other can only be anything here
        return isinstance(other, Pattern) and self.matches(NOBODY.join(other.parts))

    @property
    def space(self) -> Space:
        return Space.TEXT if self.parts[0] or not self.parts[-1] else Space.BACKWARDS

    @property
    def extent(self) -> tuple[Point, Point]:
        """What begins (or, read backwards, ends) like this."""
        backwards = self.space is Space.BACKWARDS
        fixed = self.parts[-1][::-1] if backwards else self.parts[0]
        return fixed, fixed + LAST

    @property
    def sample(self) -> str:
        return "".join(self.parts)


@dataclass(frozen=True)
class Anything:
    kind = Kind.ANY
    space = None
    sample = NOBODY

    def matches(self, _value: str) -> bool:
        return True

    def covers(self, _other: "Matcher") -> bool:
        return True


Matcher = Exact | Range | Pattern | Anything
ANYTHING = Anything()


def meet(one: Matcher, other: Matcher) -> bool:
    """Whether some value matches both. Between a range and a pattern, or a range of
    numbers and one of text, only the ends of the range and what the pattern says are
    tried."""
    first, second = sorted((one, other), key=lambda each: each.kind)
    if isinstance(first, Exact) or isinstance(second, Anything):
        return second.matches(first.sample)
    if isinstance(first, Range) and isinstance(second, Range):
        if first.space is second.space:
            return first.low <= second.high and second.low <= first.high
    if isinstance(first, Pattern):
        heads = sorted((one.parts[0], other.parts[0]), key=len)
        tails = sorted((one.parts[-1], other.parts[-1]), key=len)
        return heads[1].startswith(heads[0]) and tails[1].endswith(tails[0])
    return any(
        first.matches(sample) and second.matches(sample)
        for sample in (*map(str, first.extent), second.sample)
    )


def parse(text: str) -> tuple[Matcher, ...]:
    """What ``text`` stands for: one matcher, or one for each item of a list.

    Raises UnreadableValue.
    """
    if not _SPECIAL.search(text):
        return (Exact(text),)
    items = _split(text, ",")
    if len(items) == 1:
        return (_item(text, Kind.VALUE),)
    return tuple(_item(item.strip(), Kind.LIST) for item in items)


def _item(text: str, kind: Kind) -> Matcher:
    if not text and kind is Kind.LIST:
        raise UnreadableValue(r"A list has an empty item. Write a comma itself as \,")
    ends = _split(text, "..")
    if len(ends) > 1:
        return _range(text, ends)
    parts = [_plain(part) for part in _split(text, "*")]
    if len(parts) == 1:
        return Exact(parts[0], kind)
    return Pattern(tuple(parts)) if any(parts) else ANYTHING


def _range(text: str, ends: list[str]) -> Range:
    plain = [_plain(end.strip()) for end in ends]
    if len(plain) != 2 or not all(plain) or any("*" in end for end in ends):
        raise UnreadableValue(
            f"“{text}” is no range: it needs one value before and one after the two"
            r" dots, as in 4000..4999. Write dots themselves as \.\."
        )
    numeric = all(_NUMBER.fullmatch(end) for end in plain)
    space = Space.NUMBER if numeric else Space.TEXT
    low, high = map(space.point, plain)
    if low > high:
        raise UnreadableValue(
            f"The range “{text}” ends before it begins: as {space.value}, {plain[1]}"
            f" comes before {plain[0]}."
        )
    return Range(low, high, space)


def split_key(text: str) -> tuple[str, ...]:
    """What is written for each dimension, from a line as people write it."""
    return tuple(_split(text, SEPARATOR))


def join_key(values: Iterable[str]) -> str:
    """The line that stands for exactly these values, one a dimension."""
    return SEPARATOR.join(map(quote, values))


def plain_key(text: str) -> tuple[str, ...]:
    """The values :func:`join_key` was given."""
    return tuple(map(_plain, split_key(text)))


def quote(value: str) -> str:
    """``value`` so written that it stands for itself alone."""
    return _ORDINARY.sub(r"\\\g<0>", value)


def _plain(text: str) -> str:
    return re.sub(rf"{_ESCAPE}", lambda found: found[0][1], text)


def _split(text: str, separator: str) -> list[str]:
    """``text`` cut at each separator that is not made an ordinary character; what is
    made so stays as written."""
    if separator not in text:
        return [text]
    parts = [""]
    pieces = re.findall(rf"{_ESCAPE}|{re.escape(separator)}|.", text, re.DOTALL)
    for piece in pieces:
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts

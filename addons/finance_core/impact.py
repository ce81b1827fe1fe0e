"""Impact: what documents become under two meanings, beside each other.

Pure: it compares what :func:`.posting.translate` said before and after a change, and
adds it up by account. Nothing is created from it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from .errors import NeedsPerson
from .posting import DraftLine, EntryDraft, Ignored

ZERO = Decimal(0)

#: What becomes of a document: an entry, nothing, or it waits for a person.
Outcome = EntryDraft | Ignored | NeedsPerson
#: (account id, currency code)
Place = tuple[int, str]


@dataclass(frozen=True)
class Change:
    """A document means something else ``after`` than ``before``."""

    before: Outcome
    after: Outcome

    @property
    def posts(self) -> bool:
        """It would get an entry, which it has not now."""
        return self._becomes(EntryDraft)

    @property
    def holds(self) -> bool:
        """It would wait for a person, which it does not now."""
        return self._becomes(NeedsPerson)

    def _becomes(self, kind: type) -> bool:
        return isinstance(self.after, kind) and not isinstance(self.before, kind)

    @property
    def accounts(self) -> frozenset[int]:
        """The accounts that get other lines."""
        before, after = Counter(_lines(self.before)), Counter(_lines(self.after))
        return frozenset(
            line.account_id for line in (before - after) + (after - before)
        )


def compare(before: Outcome, after: Outcome) -> Change | None:
    """The change, or None when both say the same. Which versions said so, and the
    order of lines, make no difference to the books."""
    if _meaning(before) == _meaning(after):
        return None
    return Change(before, after)


@dataclass(frozen=True)
class Sum:
    """``debit`` and ``credit`` in the currency of the lines, neither negative;
    ``balance`` in company currency, debit positive."""

    debit: Decimal = ZERO
    credit: Decimal = ZERO
    balance: Decimal = ZERO

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.debit + other.debit,
            self.credit + other.credit,
            self.balance + other.balance,
        )


class Totals:
    """Debit and credit by account and currency, before and after."""

    def __init__(self):
        self._before: dict[Place, Sum] = defaultdict(Sum)
        self._after: dict[Place, Sum] = defaultdict(Sum)

    def add(self, before: Outcome, after: Outcome) -> None:
        """Add one document."""
        for sums, outcome in ((self._before, before), (self._after, after)):
            for line in _lines(outcome):
                sums[line.account_id, line.currency] += _sum(line)

    def __iter__(self) -> Iterator[tuple[Place, Sum, Sum]]:
        """(place, before, after), in order of place."""
        for place in sorted({*self._before, *self._after}):
            yield place, self._before.get(place, Sum()), self._after.get(place, Sum())


def amounts(outcome: Outcome) -> dict[Place, Decimal]:
    """What an outcome moves on each account, debit positive, without zeros."""
    moved = defaultdict(Decimal)
    for line in _lines(outcome):
        moved[line.account_id, line.currency] += line.amount
    return {place: amount for place, amount in moved.items() if amount}


def _lines(outcome: Outcome) -> tuple[DraftLine, ...]:
    return outcome.lines if isinstance(outcome, EntryDraft) else ()


def _sum(line: DraftLine) -> Sum:
    return Sum(max(line.amount, ZERO), max(-line.amount, ZERO), line.balance)


def _meaning(outcome: Outcome) -> tuple:
    if isinstance(outcome, NeedsPerson):
        return "held", outcome.cause
    if isinstance(outcome, Ignored):
        return "ignored", outcome.reason
    return (
        "posted",
        outcome.date,
        outcome.journal_id,
        Counter(outcome.lines),
        Counter(outcome.credit_notes),
        outcome.invoice,
    )

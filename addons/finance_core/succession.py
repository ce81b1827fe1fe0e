"""What an approval does to the versions in force: they end, or make room altogether."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

from .mapping import Dated

AnyDated = TypeVar("AnyDated", bound=Dated)


@dataclass(frozen=True)
class Succession(Generic[AnyDated]):
    """``untouched`` stay as they are, ``ended`` have a new last day, ``superseded``
    are in force no more."""

    untouched: tuple[AnyDated, ...]
    ended: tuple[tuple[AnyDated, date], ...]
    superseded: tuple[AnyDated, ...]


def succeed(begins: date | None, others: Iterable[AnyDated]) -> Succession[AnyDated]:
    """What becomes of ``others``, approved versions of the same thing, once a version
    that ``begins`` that day (None: it was always so) is approved: they end the day
    before, or are superseded where nothing of them would be left."""
    untouched, ended, superseded = [], [], []
    for other in others:
        if not begins or (other.valid_from and other.valid_from >= begins):
            superseded.append(other)
        elif not other.valid_to or other.valid_to >= begins:
            ended.append((other, begins - timedelta(days=1)))
        else:
            untouched.append(other)
    return Succession(tuple(untouched), tuple(ended), tuple(superseded))

"""A mapping as plain data: which target a key of source values translates to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

ANY = "*"

Key = tuple[str, ...]


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
    """``key`` has one value per dimension, ``*`` stands for any value.

    ``target`` is the id of the record in the books (an account, a journal, …).
    """

    key: Key
    target: int
    rule_id: int = 0

    @property
    def is_explicit(self) -> bool:
        return ANY not in self.key

    def matches(self, key: Key) -> bool:
        return len(key) == len(self.key) and all(
            wanted in (ANY, given) for wanted, given in zip(self.key, key, strict=True)
        )


class MappingTable:
    """One dated version of a mapping. Explicit rules win over rules with ``*``;
    among those the first in the given order wins."""

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
        self._explicit: dict[Key, MappingRule] = {}
        self._general: list[MappingRule] = []
        for rule in rules:
            if rule.is_explicit:
                self._explicit.setdefault(rule.key, rule)
            else:
                self._general.append(rule)

    def find(self, key: Key) -> MappingRule | None:
        """The rule that applies to ``key``, or None: unmapped."""
        explicit = self._explicit.get(key)
        if explicit:
            return explicit
        return next((rule for rule in self._general if rule.matches(key)), None)

"""What is personal is hidden: which fields of plain data, and how, as rules."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MASKED = "•••"
FEW = 8  #: of shorter values no character is shown
REMEMBERED = 4096  #: paths of fields, so that hostile data costs bounded memory


def _nothing(_text: str) -> str:
    return MASKED


def _last_four(text: str) -> str:
    return MASKED + text[-4:] if len(text) > FEW else MASKED


def _domain(text: str) -> str:
    name, at, domain = text.rpartition("@")
    return f"{MASKED}@{domain}" if name and at and domain else MASKED


#: how a value is shown: nothing of it, its last four characters, the domain of an
#: e-mail address
HOW = {"nothing": _nothing, "last_four": _last_four, "domain": _domain}


@dataclass(frozen=True)
class MaskRule:
    """``field`` is a name, or the last names of a path with dots between them
    (``party.name``); ``*`` stands for any characters of one name. Case does not
    matter. ``how`` is a key of HOW."""

    field: str
    how: str = "nothing"

    def regex(self) -> re.Pattern:
        names = re.escape(self.field).replace(r"\*", "[^.]*")
        return re.compile(rf"(?:.*\.)?{names}", re.IGNORECASE | re.DOTALL)


class Masker:
    """Hides by rules; of several that fit a field, the first counts."""

    def __init__(self, rules: Iterable[MaskRule]):
        self._rules = [(rule.regex(), HOW[rule.how]) for rule in rules]
        self._of = lru_cache(REMEMBERED)(self._find)

    def _find(self, path: str):
        for regex, how in self._rules:
            if regex.fullmatch(path):
                return how
        return None

    def hides(self, path: str) -> bool:
        """Whether a field is hidden, given by the names that lead to it."""
        return self._of(path) is not None

    def mask(self, value, path: str = ""):
        """Plain data (as of JSON) with what is personal hidden, at any depth; what is
        empty stays so. ``path`` is the type or the field whose data this is."""
        if isinstance(value, dict):
            return {
                name: self._field(each, f"{path}.{name}" if path else name)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.mask(each, path) for each in value]
        return value

    def _field(self, value, path: str):
        how = self._of(path)
        if how is None:
            return self.mask(value, path) if isinstance(value, dict | list) else value
        if value in (None, "", [], {}):
            return value
        return MASKED if isinstance(value, dict | list) else how(str(value))

"""Are two parties one? Evidence and a score, never a decision. Pure.

Parties are compared only with those they share a key with (see :func:`keys`) or stand
beside in the order of names, so that the work grows with their number, not its square.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import token_sort_ratio

THRESHOLD = 80  #: from this score on, a likeness is worth a person's look
SCORES = {"vat": 100, "iban": 95, "email": 85}
NAME_SHARE = 0.86  #: equal names alone score 86: people share names
OTHER_EMAIL = 10  #: what another e-mail address takes off
OTHER_VAT = 50  #: the most that parties with different VAT numbers can score
_LEGAL_FORM = re.compile(
    r"\b(gmbh|ag|kg|ohg|ug|se|mbh|e ?k|ltd|limited|llc|inc|plc|corp|co|company"
    r"|sa|sas|sarl|srl|spa|bv|nv|oy|ab|aps|as|sro|zoo|sp|und|and)\b"
)
_ODD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Party:
    """``key`` is whatever names it where it comes from; the rest as people wrote it."""

    key: int | str
    name: str = ""
    vat: str = ""
    email: str = ""
    ibans: tuple[str, ...] = ()


@dataclass(frozen=True)
class Likeness:
    """``score`` from 0 to 100; ``reasons`` are words of SCORES, and ``name``."""

    score: int
    reasons: tuple[str, ...] = ()

    @property
    def is_worth_a_look(self) -> bool:
        return self.score >= THRESHOLD


def plain_name(name: str) -> str:
    """Lower case, without accents, legal form and punctuation, words in order of the
    alphabet; what remains of a name that has nothing else is its legal form."""
    flat = unicodedata.normalize("NFKD", name.casefold())
    flat = "".join(char for char in flat if not unicodedata.combining(char))
    words = _ODD.sub(" ", flat).strip() or flat.strip()
    return " ".join(sorted((_LEGAL_FORM.sub(" ", words) or words).split())) or words


def plain_code(code: str) -> str:
    """A VAT number or IBAN without spaces and punctuation, in capitals."""
    return "".join(filter(str.isalnum, code)).upper()


def keys(party: Party) -> Sequence[tuple[str, str]]:
    """(kind, value) of all that may be shared with a likely twin. Two parties with an
    equal ``vat``, ``iban`` or ``email``, or neighbours by ``name``, are candidates."""
    found = [("name", plain_name(party.name))]
    if plain_code(party.vat):
        found.append(("vat", plain_code(party.vat)))
    if party.email.strip():
        found.append(("email", party.email.strip().casefold()))
    return found + [("iban", iban) for iban in sorted(_ibans(party))]


def compare(one: Party, other: Party) -> Likeness:
    """What speaks for two parties being one, and how strongly."""
    mine, theirs = dict(keys(one)), dict(keys(other))
    reasons = [kind for kind in ("vat", "email") if _equal(kind, mine, theirs)]
    if _ibans(one) & _ibans(other):
        reasons.insert(0, "iban")
    score = max((SCORES[reason] for reason in reasons), default=0)
    alike = token_sort_ratio(mine["name"], theirs["name"]) if mine["name"] else 0
    by_name = alike * NAME_SHARE - OTHER_EMAIL * _differ("email", mine, theirs)
    if by_name >= THRESHOLD:
        reasons.append("name")
    score = max(score, by_name)
    if _differ("vat", mine, theirs):
        score = min(score, OTHER_VAT)
    return Likeness(round(score), tuple(reasons))


def best(party: Party, candidates: Iterable[Party]) -> tuple[Party, Likeness] | None:
    """The likeliest twin among ``candidates`` that is worth a look; None where there
    is none, or where two are equally likely."""
    rated = [(each, compare(party, each)) for each in candidates]
    rated = [pair for pair in rated if pair[1].is_worth_a_look]
    rated.sort(key=lambda pair: -pair[1].score)
    if not rated or (len(rated) > 1 and rated[0][1].score == rated[1][1].score):
        return None
    return rated[0]


def _ibans(party: Party) -> set[str]:
    return {plain_code(iban) for iban in party.ibans} - {""}


def _equal(kind: str, mine: dict, theirs: dict) -> bool:
    return kind in mine and mine[kind] == theirs.get(kind)


def _differ(kind: str, mine: dict, theirs: dict) -> bool:
    return kind in mine and kind in theirs and mine[kind] != theirs[kind]

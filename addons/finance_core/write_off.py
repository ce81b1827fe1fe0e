"""What a person may write off of a payout that does not add up, and where it goes.

Pure: an amount and what is approved give ids to book with, or NeedsPerson. What
invoices are paid too little or too much is settled by itself: see the tolerance of
:mod:`.controls`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .controls import Control, difference_account
from .errors import NeedsPerson
from .mapping import MappingTable, valid_on
from .mapping_value import join_key


@dataclass(frozen=True)
class Missing:
    """What the transactions of a payout lack: ``amount`` in ``currency``, worth
    ``value`` in ``company_currency``; negative where they are too much."""

    amount: Decimal
    currency: str
    value: Decimal
    company_currency: str


@dataclass(frozen=True)
class Destination:
    """Ids of the journal and the accounts a difference is booked on."""

    journal: int
    clearing: int
    account: int


def destination(
    missing: Missing,
    day: date,
    control: Control,
    mappings: Mapping[str, Sequence[MappingTable]],
) -> Destination:
    """Where ``missing`` is booked on ``day``. Raises NeedsPerson when it is more than
    the limit ``control`` sets, or a mapping has no target."""
    _check_limit(missing, control)
    side = "gain" if missing.amount > 0 else "loss"
    accounts = mappings.get("account", ())
    return Destination(
        _target("journal", ("gateway",), day, mappings),
        _target("account", ("clearing", missing.currency), day, mappings),
        difference_account(day, side, missing.company_currency, accounts),
    )


def _check_limit(missing: Missing, control: Control):
    most = control.write_off_limit
    if most and abs(missing.value) <= most:
        return
    limit = f"the {most} {missing.company_currency} that" if most else "nothing, which"
    raise NeedsPerson(
        "write_off",
        f"A difference of {abs(missing.value)} {missing.company_currency} is more than"
        f" {limit} may be written off.",
        "Ask the provider for the missing transaction; or have an editor propose a"
        " higher write-off limit under Configuration › Controls, and somebody else"
        " approve it.",
        category="control",
    )


def _target(mapping: str, key: tuple[str, ...], day: date, mappings) -> int:
    table = next(iter(valid_on(day, mappings.get(mapping, ()))), None)
    rule = table.find(key) if table else None
    if rule is None:
        shown = " / ".join(key)
        raise NeedsPerson(
            f"mapping:{mapping}:{join_key(key)}",
            f"“{shown}” has no target in the mapping “{mapping}”.",
            f"Add “{shown}” to it.",
        )
    return rule.target

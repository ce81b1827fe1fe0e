"""What can happen in a month, as plain data.

Amounts are integers in the minor unit of ``currency`` (ISO 4217, upper case), times
aware and UTC. An operation names itself and what it acts on by keys of the plan, for
Stripe's identifiers are not known before it is played.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from stripe_simulator import Fee


class Conversion(NamedTuple):
    """Money that ends up in ``currency`` at ``rate`` for each unit it comes from."""

    currency: str
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Something that happens at a time and has a key of its own."""

    at: datetime
    key: str


@dataclass(frozen=True, kw_only=True)
class Authorise(Operation):
    """A card is authorised; nothing moves yet. ``invoice`` is a number or ""."""

    amount: int
    currency: str
    customer: str
    invoice: str = ""


@dataclass(frozen=True, kw_only=True)
class Charge(Authorise):
    """A card is charged at once, with its fees in the currency it settles in."""

    fees: tuple[Fee, ...] = ()
    settlement: Conversion | None = None


@dataclass(frozen=True, kw_only=True)
class Capture(Operation):
    """Part or all of an authorisation is captured."""

    charge: str
    amount: int
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refund(Operation):
    """Part or all of a charge goes back, its fee does not."""

    charge: str
    amount: int
    settlement: Conversion | None = None


@dataclass(frozen=True, kw_only=True)
class FailRefund(Operation):
    """A refund could not be credited and returns to the balance."""

    refund: str


@dataclass(frozen=True, kw_only=True)
class OpenDispute(Operation):
    """The captured amount of a charge is withdrawn, and a fee with it."""

    charge: str
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WinDispute(Operation):
    """The amount comes back; ``fees`` are negative if the fee does too."""

    dispute: str
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LoseDispute(Operation):
    """The amount stays away."""

    dispute: str


@dataclass(frozen=True, kw_only=True)
class OpenInquiry(Operation):
    """A bank asks about a charge; nothing moves."""

    charge: str


@dataclass(frozen=True, kw_only=True)
class CloseInquiry(Operation):
    """The bank is content; nothing moves."""

    dispute: str


@dataclass(frozen=True, kw_only=True)
class HoldReserve(Operation):
    """An amount is set aside; a negative one is released."""

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Bill(Operation):
    """Stripe takes a fee of its own from the balance."""

    amount: int
    currency: str
    description: str


@dataclass(frozen=True, kw_only=True)
class PayOut(Operation):
    """All that is available in ``currency`` leaves for the bank account."""

    currency: str
    destination: str
    conversion: Conversion | None = None


@dataclass(frozen=True, kw_only=True)
class Arrive(Operation):
    """A payout reaches the bank."""

    payout: str


@dataclass(frozen=True, kw_only=True)
class Bounce(Operation):
    """A payout does not reach the bank and returns to the balance."""

    payout: str


@dataclass(frozen=True, kw_only=True)
class CutListing(Operation):
    """The listing of a payout's transactions loses its last one: a fault."""

    payout: str


@dataclass(frozen=True, kw_only=True)
class AnnounceBalance(Operation):
    """Stripe tells what is available."""


@dataclass(frozen=True, kw_only=True)
class Announce(Operation):
    """Stripe tells of something that moves no money."""

    type: str
    object: dict = field(repr=False)

"""A month of two companies at Stripe: the plan, its play, and what it must come to."""

from .camt import statement
from .deliveries import Delivery, DeliveryPlan, plan_deliveries
from .expected import Expectation, ExpectedPayout, expect, to_major
from .plan import BOOK_RATES, TAX_PERCENT, BankAccount, Company, Plan, make_plan
from .play import Month

__all__ = [
    "BOOK_RATES",
    "TAX_PERCENT",
    "BankAccount",
    "Company",
    "Delivery",
    "DeliveryPlan",
    "Expectation",
    "ExpectedPayout",
    "Month",
    "Plan",
    "expect",
    "make_plan",
    "plan_deliveries",
    "statement",
    "to_major",
]

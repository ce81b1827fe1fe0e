"""The simulator's own books, kept beside the objects it serves.

Every operation moves money between two parties here and, separately, makes the
balance transactions of the API. Neither is computed from the other, so the balance
of the book can check whatever was rebuilt from the API.
"""

from collections import defaultdict

MERCHANT = "merchant"
CUSTOMERS = "customers"
FEES = "fees"
TAXES = "taxes"
DISPUTED = "disputed"
RESERVED = "reserved"
BANK = "bank"


class Book:
    """Holdings per currency and party, integers in the currency's minor unit."""

    def __init__(self):
        self._holdings = defaultdict(lambda: defaultdict(int))

    def move(self, currency, giver, taker, amount):
        """Move ``amount`` minor units of ``currency``; a negative one moves back."""
        self._holdings[currency][giver] -= amount
        self._holdings[currency][taker] += amount

    def held(self, party):
        """Return {currency: minor units} that ``party`` holds."""
        return {
            currency: parties[party] for currency, parties in self._holdings.items()
        }

    def balance(self):
        """Return {currency: minor units} of the merchant's balance at the provider."""
        return self.held(MERCHANT)

    def difference(self):
        """Return {currency: minor units} over all parties: zero, or the book errs."""
        return {
            currency: sum(parties.values())
            for currency, parties in self._holdings.items()
        }

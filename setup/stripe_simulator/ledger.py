"""What an account remembers: objects, balance transactions, events and its book."""

import copy
import secrets
from collections import Counter, defaultdict
from datetime import datetime

from . import shapes
from .book import Book
from .ids import Ids

DAY = 86400


class Ledger:
    """The memory of one account. Its time only goes forward.

    ``name`` and ``seed`` decide every identifier; the two secrets are random.
    """

    def __init__(self, name, seed=0):
        self.name = name
        self.ids = Ids(f"{seed}:{name}")
        self.id = self.ids.new("acct")
        self.secret_key = f"sk_test_{secrets.token_hex(24)}"
        self.webhook_secret = f"whsec_{secrets.token_hex(24)}"
        self.clock = 0
        self.book = Book()
        self.objects = defaultdict(dict)
        self.payout_of = {}
        self.omitted = set()

    @property
    def transactions(self):
        """All balance transactions, oldest first."""
        return list(self.objects["balance_transaction"].values())

    @property
    def events(self):
        """All events, oldest first."""
        return list(self.objects["event"].values())

    def find(self, id):
        """Return the object with ``id``, of whatever kind, or None."""
        return next((kind[id] for kind in self.objects.values() if id in kind), None)

    def status(self, transaction):
        """Return ``available`` or ``pending``, by the account's clock."""
        return "pending" if transaction["available_on"] > self.clock else "available"

    def balance(self):
        """Return the balance object as it is now."""
        sums = {"available": Counter(), "pending": Counter()}
        for transaction in self.transactions:
            for status in sums:
                due = self.status(transaction) == status
                net = transaction["net"] if due else 0
                sums[status][transaction["currency"]] += net
        return shapes.balance(sums["available"], sums["pending"])

    def advance(self, at):
        """Set the clock to ``at`` (aware) and return it in epoch seconds.

        Raises ValueError for a naive time and for one before the clock.
        """
        if not isinstance(at, datetime) or at.tzinfo is None:
            raise ValueError("a time with its zone is needed")
        now = int(at.timestamp())
        if now < self.clock:
            raise ValueError("an account's time only goes forward")
        self.clock = now
        return now

    def keep(self, object):
        """Remember ``object`` under its kind and identifier, and return it."""
        self.objects[object["object"]][object["id"]] = object
        return object

    def emit(self, type, object):
        """Remember an event of ``type`` with a snapshot of ``object``."""
        snapshot = copy.deepcopy(object)
        event = shapes.event(self.ids.new("evt"), self.clock, type, snapshot)
        return self.keep(event)

    def enter(self, type, category, currency, amount, source=None, fees=(), **fields):
        """Remember a balance transaction; ``fields`` override its documented ones.

        ``amount`` is signed and in minor units, ``fees`` are ``Fee`` items.
        """
        details = [
            shapes.fee_detail(fee.type, fee.amount, currency, fee.description)
            for fee in fees
        ]
        transaction = shapes.balance_transaction(
            self.ids.new("txn"),
            self.clock,
            type,
            category,
            amount,
            currency,
            source,
            details,
        )
        return self.keep(transaction | fields)

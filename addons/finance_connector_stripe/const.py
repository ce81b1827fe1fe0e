"""Stripe's facts as tables, each with the page it was read on (2026-11-21)."""

# https://docs.stripe.com/api/versioning
API_VERSION = "2025-09-30.clover"

# Decimals of an amount in the API where they are not two.
# https://docs.stripe.com/currencies#zero-decimal and #three-decimal. ISK and UGX are
# whole currencies that the API still states with two decimals (#special-cases), HUF
# and TWD have two decimals but are paid out in whole units: none of them is here.
DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}

# reporting_category of a balance transaction, where our word differs. All others,
# known (refund, dispute, fee, payout, ...) or new, keep their name.
# https://docs.stripe.com/reports/reporting-categories
CATEGORIES = {
    "charge": "payment",
    "charge_failure": "payment_reversal",
    "partial_capture_reversal": "payment_reversal",
    "refund_failure": "refund_reversal",
    "risk_reserved_funds": "reserve",
    "connect_reserved_funds": "reserve",
    "payment_network_reserved_funds": "reserve",
    "other_adjustment": "adjustment",
}

# What the prefix of an id says about the source of a balance transaction.
# https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-source
ROLES = {
    "ch": "payment",
    "py": "payment",
    "re": "refund",
    "pyr": "refund",
    "dp": "dispute",
    "du": "dispute",
    "po": "payout",
    "tr": "transfer",
    "tu": "topup",
}

# https://docs.stripe.com/api/charges/object#charge_object-status
PAYMENT_STATUSES = {"pending": "pending", "succeeded": "succeeded", "failed": "failed"}

# https://docs.stripe.com/api/refunds/object#refund_object-status
REFUND_STATUSES = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}

# https://docs.stripe.com/api/disputes/object#dispute_object-status
DISPUTE_STATUSES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "needs_response": "open",
    "under_review": "under_review",
    "charge_refunded": "closed",
    "prevented": "closed",
    "won": "won",
    "lost": "lost",
}
DECIDED = ("won", "lost")

# With its place in the life of a payout, which only goes forward: a payout may
# still fail after it was paid.
# https://docs.stripe.com/api/payouts/object#payout_object-status
PAYOUT_STATUSES = {
    "pending": ("pending", 0),
    "in_transit": ("in_transit", 1),
    "paid": ("paid", 2),
    "failed": ("failed", 3),
    "canceled": ("cancelled", 3),
}

# The place of a status in the life of its object: what orders the events of one
# second, as Stripe neither numbers events nor promises their order.
# https://docs.stripe.com/webhooks#event-ordering
PLACES = {
    "charge": {"pending": 0, "succeeded": 1, "failed": 1},
    "refund": {
        "pending": 0,
        "requires_action": 0,
        "succeeded": 1,
        "failed": 2,
        "canceled": 2,
    },
    "dispute": {
        "warning_needs_response": 0,
        "warning_under_review": 1,
        "warning_closed": 2,
        "needs_response": 3,
        "under_review": 4,
        "charge_refunded": 5,
        "prevented": 5,
        "won": 5,
        "lost": 5,
    },
    "invoice": {"draft": 0, "open": 1, "uncollectible": 2, "paid": 3, "void": 3},
}

# What is true of an object of one status once it has come further, and stays true.
# https://docs.stripe.com/api/charges/object
# https://docs.stripe.com/api/refunds/object
FACTS = {
    "charge": ("captured", "amount_refunded", "refunded"),
    "refund": ("failure_balance_transaction",),
}

# Where a stream is read, and what is asked for on every page.
# https://docs.stripe.com/api/pagination and https://docs.stripe.com/expand
EXPANDED = (("expand[]", "data.source"), ("expand[]", "data.source.charge"))
ENDPOINTS = {
    "balance_transactions": ("/v1/balance_transactions", EXPANDED),
    "payout_transactions": ("/v1/balance_transactions", EXPANDED),
    "payouts": ("/v1/payouts", (("expand[]", "data.balance_transaction"),)),
    "events": ("/v1/events", ()),
    "balance": ("/v1/balance", ()),
}
PAGE_SIZE = 100  # the most a list gives

# Seconds a pull goes back behind the newest object it has seen. An hour covers
# objects that show up late; a payout may change for weeks after it was created
# ("some payouts that fail initially show as paid"), so these are read again for 30
# days. Events are kept by Stripe for 30 days.
OVERLAPS = {"balance_transactions": 3600, "events": 3600, "payouts": 30 * 86400}

# Types of fee_details, and the categories of fees that are transactions of their own.
# https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-fee_details
FEE_KINDS = {
    "stripe_fee": "processing",
    "application_fee": "processing",
    "fee": "processing",
    "network_cost": "processing",
    "tax": "tax",
}

"""Facts of the Stripe API that the simulator answers with.

Read 2026-11 at https://docs.stripe.com/api and https://docs.stripe.com/reports.
"""

API_VERSION = "2025-09-30.clover"
"""https://docs.stripe.com/api/versioning — the one version the simulator speaks."""

PAGE_LIMIT = 100
"""https://docs.stripe.com/api/pagination — ``limit`` ranges from 1 to 100."""

PAGE_DEFAULT = 10

SETTLEMENT_DAYS = 2
"""Card money becomes available two days after the charge, at midnight UTC.

https://docs.stripe.com/payouts#payout-speed
"""

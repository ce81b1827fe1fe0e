"""Codes of systems as people say them."""

#: where the code itself would not say it
WORDS = {
    "adjustment": "Adjustment by the provider",
    "charge_failure": "Failed payment",
    "dispute": "Dispute",
    "dispute_reversal": "Dispute won",
    "fee": "Provider's fee",
    "network_cost": "Card network's cost",
    "partial_capture_reversal": "Part not captured",
    "payout_failure": "Failed payout",
    "payout_reversal": "Payout returned",
    "refund_failure": "Failed refund",
    "topup": "Top-up",
}


def in_words(code: str) -> str:
    """A code (``payout_failure``) as people say it.

    >>> in_words("payout_reversal"), in_words("early_fraud_warning"), in_words("")
    ('Payout returned', 'Early fraud warning', '')
    """
    return WORDS.get(code) or code.replace("_", " ").capitalize()

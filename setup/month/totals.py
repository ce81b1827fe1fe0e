"""The control totals of the month: Odoo's side beside the provider's own book."""

from decimal import Decimal

from .expected import to_major

POSTED = ("posted", "reconciled")
TIED = ("tied", "cleared")


def collect(env, month, expected):
    """The totals, and ``ties``: whether all that must agree agrees to the cent.

    ``month`` is the played Month, ``expected`` {company key: Expectation}.
    """
    documents = _documents(env)
    payouts = env["finance.payout"].search([])
    flagged = payouts.filtered(lambda each: each.state == "flagged")
    totals = {
        "documents": sum(documents.values()),
        "posted": sum(documents.get(state, 0) for state in POSTED),
        "ignored": documents.get("ignored", 0),
        "held": documents.get("held", 0),
        "superseded": documents.get("superseded", 0),
        "dead": env["finance.message"].search_count([("state", "=", "dead")]),
        "payouts": len(payouts),
        "payouts_tied": len(payouts.filtered(lambda each: each.state in TIED)),
        "payouts_flagged": flagged.mapped("source_id"),
        "exceptions_open": env["finance.exception"].search_count(
            [("state", "=", "open")]
        ),
        "ledger_clearing": _ledger(env, "clearing"),
        "provider_balance": _provider(month),
        "transit": _ledger(env, "transit"),
    }
    return {**totals, "ties": _ties(totals, month, expected)}


def _documents(env):
    groups = env["finance.document"]._read_group([], ["state"], ["__count"])
    return dict(groups)


def _ledger(env, role):
    """Posted balances of the accounts mapped as ``role``, by currency."""
    rules = env["finance.mapping.rule"].search([("key", "=like", f"{role}|%")])
    accounts = [rule.target.id for rule in rules if rule.target]
    groups = env["account.move.line"]._read_group(
        [("account_id", "in", accounts), ("parent_state", "=", "posted")],
        ["currency_id"],
        ["amount_currency:sum"],
    )
    return {
        currency.name: str(Decimal(repr(amount)).quantize(Decimal("0.01")))
        for currency, amount in groups
        if not currency.is_zero(amount) or role == "clearing"
    }


def _provider(month):
    """What the simulator's own book says its merchants have, by currency."""
    sums = {}
    for account in month.accounts.values():
        for currency, amount in account.book.balance().items():
            code = currency.upper()
            sums[code] = sums.get(code, Decimal(0)) + to_major(amount)
    return {
        code: str(amount.quantize(Decimal("0.01"))) for code, amount in sums.items()
    }


def _ties(totals, month, expected):
    flagged = {
        month.ids[key, payout]
        for key, expectation in expected.items()
        for payout in expectation.flagged()
    }
    accounted = ("posted", "held", "ignored", "superseded", "dead")
    return (
        totals["ledger_clearing"] == totals["provider_balance"]
        and totals["documents"] == sum(totals[name] for name in accounted)
        and set(totals["payouts_flagged"]) == flagged
        and totals["payouts_tied"] == totals["payouts"] - len(flagged)
        and totals["exceptions_open"] == len(flagged)
        and not totals["transit"]
    )

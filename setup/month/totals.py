"""The control totals of the month: Odoo's side beside independent ones.

Independent are the simulator's own book, the plan's own arithmetic
(:mod:`.expected`) and the plan of deliveries; none of them has seen Odoo.
"""

from collections import Counter
from decimal import Decimal

from .expected import expect, to_major

POSTED = ("posted", "reconciled")
WAITING = ("normalised", "mapped", "ready")
TIED = ("tied", "cleared")


def collect(env, month):
    """The totals to print; amounts are texts in major units, by currency."""
    documents = dict(env["finance.document"]._read_group([], ["state"], ["__count"]))
    payouts = env["finance.payout"].search([])
    flagged = payouts.filtered(lambda each: each.state == "flagged")
    return {
        "documents": sum(documents.values()),
        "posted": sum(documents.get(state, 0) for state in POSTED),
        "ignored": documents.get("ignored", 0),
        "held": documents.get("held", 0),
        "superseded": documents.get("superseded", 0),
        "waiting": sum(documents.get(state, 0) for state in WAITING),
        "dead": env["finance.message"].search_count(
            [("state", "in", ("dead", "rejected"))]
        ),
        "payouts": len(payouts),
        "payouts_tied": len(payouts.filtered(lambda each: each.state in TIED)),
        "payouts_flagged": flagged.mapped("source_id"),
        "exceptions_open": env["finance.exception"].search_count(
            [("state", "=", "open")]
        ),
        "ledger_clearing": _texts(_sum(_ledgers(env, "account", "clearing|%"))),
        "provider_balance": _texts(_sum(_provider(month))),
    }


def unanswered(answers, sent):
    """What the door said that does not fit what was sent."""
    if answers["rejected"] != sent.count("forged"):
        yield f"{answers['rejected']} refused, {sent.count('forged')} forged"
    authentic = len(sent.deliveries) - sent.count("forged")
    if answers["accepted"] + answers["duplicates"] != authentic:
        yield f"{authentic} authentic deliveries were not all taken"


def disagreements(env, month, totals):
    """Every total that differs from its independent counterpart, in words."""
    expected = {c.key: expect(c.script) for c in month.plan.companies}
    names = {c.key: c.name for c in month.plan.companies}
    if totals["waiting"] or totals["dead"] or totals["held"]:
        yield "something waits, is held or is dead at the end of the month"
    flagged = {
        month.ids[key, payout] for key, e in expected.items() for payout in e.flagged()
    }
    if set(totals["payouts_flagged"]) != flagged:
        yield f"payouts flagged: {totals['payouts_flagged']}, expected {flagged}"
    if totals["payouts_tied"] != totals["payouts"] - len(flagged):
        yield f"{totals['payouts_tied']} of {totals['payouts']} payouts tie"
    if totals["exceptions_open"] != len(flagged):
        yield f"{totals['exceptions_open']} exceptions are open"
    provider = _provider(month)
    clearing = _ledgers(env, "account", "clearing|%")
    transit = _ledgers(env, "account", "transit|%")
    fees, charged = _ledgers(env, "fee", "%"), _fees(expected)
    for key, name in names.items():
        yield from _differ(f"{name}: clearing", clearing, provider, name, key)
        yield from _differ(f"{name}: fees and tax", fees, charged, name, key)
        if any(transit.get(name, {}).values()):
            yield f"{name}: {transit[name]} still in transit"


def _differ(what, ledgers, independent, name, key):
    books = {code: x for code, x in ledgers.get(name, {}).items() if x}
    other = {code: x for code, x in independent[key].items() if x}
    if books != other:
        yield f"{what}: {books} in the books, {other} outside"


def _ledgers(env, mapping, pattern):
    """{company: {currency: amount}} posted on the accounts some mapping lines name."""
    rules = env["finance.mapping.rule"].search(
        [
            ("mapping_id.code", "=", mapping),
            ("version_id.state", "=", "approved"),
            ("key", "=like", pattern),
        ]
    )
    groups = env["account.move.line"]._read_group(
        [
            ("account_id", "in", list({rule.target.id for rule in rules})),
            ("parent_state", "=", "posted"),
        ],
        ["company_id", "currency_id"],
        ["amount_currency:sum"],
    )
    ledgers = {}
    for company, currency, amount in groups:
        exact = Decimal(repr(amount)).quantize(Decimal("0.01"))
        ledgers.setdefault(company.name, {})[currency.name] = exact
    return ledgers


def _provider(month):
    """{company key: {currency: amount}}: what the simulator's book says it holds."""
    return {
        key: {code.upper(): to_major(x) for code, x in account.book.balance().items()}
        for key, account in month.accounts.items()
    }


def _fees(expected):
    """{company key: {currency: amount}} of all fees and the tax on them, those that
    are transactions of their own included."""
    sums = {}
    for key, expectation in expected.items():
        total = Counter()
        for (_type, currency), amount in expectation.fees().items():
            total[currency.upper()] += amount
        for (category, currency), amount in expectation.amounts().items():
            if category == "fee":
                total[currency.upper()] -= amount
        sums[key] = total
    return sums


def _sum(by_company):
    total = Counter()
    for amounts in by_company.values():
        for code, amount in amounts.items():
            total[code] += amount
    return total


def _texts(amounts):
    return {code: f"{amount:.2f}" for code, amount in sorted(amounts.items())}

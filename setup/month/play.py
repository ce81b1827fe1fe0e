"""Play a plan's operations on simulated accounts, at once or in phases."""

from functools import singledispatch

from stripe_simulator import Account

from . import operations as ops


class Month:
    """A plan and the accounts it is played on.

    ``accounts`` is {company key: Account}; ``ids`` is {(company key, key): Stripe's
    identifier} of what has been played so far.
    """

    def __init__(self, plan):
        self.plan = plan
        self.accounts = {
            company.key: Account(company.key, plan.seed) for company in plan.companies
        }
        self.ids = {}
        self._waiting = {
            company.key: list(company.script) for company in plan.companies
        }

    def play(self, until=None):
        """Play what happens before ``until``, by default all of the month."""
        end = until or self.plan.end
        for key, account in self.accounts.items():
            waiting = self._waiting[key]
            while waiting and waiting[0].at < end:
                operation = waiting.pop(0)
                made = _apply(operation, account, _Ids(self.ids, key))
                if made:
                    self.ids[key, operation.key] = made["id"]
            account.advance(end)
        return self


class _Ids:
    """Stripe's identifiers by the keys of one company."""

    def __init__(self, ids, company):
        self._ids, self._company = ids, company

    def __getitem__(self, key):
        return self._ids[self._company, key]


def _conversion(conversion):
    return conversion and (conversion.currency.lower(), conversion.rate)


def _about(op):
    """Return what a charge says of its invoice: description and metadata."""
    if not op.invoice:
        return "", {}
    return f"Invoice {op.invoice}", {"invoice_number": op.invoice}


@singledispatch
def _apply(operation, account, ids):
    raise TypeError(f"no such operation: {type(operation).__name__}")


@_apply.register
def _(op: ops.Authorise, account, ids):
    currency = op.currency.lower()
    return account.authorise(op.amount, currency, op.at, op.customer, *_about(op))


@_apply.register
def _(op: ops.Charge, account, ids):
    return account.charge(
        op.amount,
        op.currency.lower(),
        op.at,
        op.customer,
        op.fees,
        *_about(op),
        _conversion(op.settlement),
    )


@_apply.register
def _(op: ops.Capture, account, ids):
    return account.capture(ids[op.charge], op.amount, op.at, op.fees)


@_apply.register
def _(op: ops.Refund, account, ids):
    settlement = _conversion(op.settlement)
    return account.refund(ids[op.charge], op.amount, op.at, settlement)


@_apply.register
def _(op: ops.FailRefund, account, ids):
    return account.fail_refund(ids[op.refund], op.at)


@_apply.register
def _(op: ops.OpenDispute, account, ids):
    return account.open_dispute(ids[op.charge], op.at, op.fees)


@_apply.register
def _(op: ops.WinDispute, account, ids):
    return account.win_dispute(ids[op.dispute], op.at, op.fees)


@_apply.register
def _(op: ops.LoseDispute, account, ids):
    return account.lose_dispute(ids[op.dispute], op.at)


@_apply.register
def _(op: ops.OpenInquiry, account, ids):
    return account.open_inquiry(ids[op.charge], op.at)


@_apply.register
def _(op: ops.CloseInquiry, account, ids):
    return account.close_inquiry(ids[op.dispute], op.at)


@_apply.register
def _(op: ops.HoldReserve, account, ids):
    return account.hold_reserve(op.amount, op.currency.lower(), op.at)


@_apply.register
def _(op: ops.Bill, account, ids):
    currency = op.currency.lower()
    return account.bill(op.amount, currency, op.at, description=op.description)


@_apply.register
def _(op: ops.PayOut, account, ids):
    conversion = _conversion(op.conversion)
    return account.payout(op.currency.lower(), op.at, op.destination, conversion)


@_apply.register
def _(op: ops.Arrive, account, ids):
    return account.pay(ids[op.payout], op.at)


@_apply.register
def _(op: ops.Bounce, account, ids):
    return account.fail_payout(ids[op.payout], op.at)


@_apply.register
def _(op: ops.CutListing, account, ids):
    account.omit(ids[op.payout])


@_apply.register
def _(op: ops.AnnounceBalance, account, ids):
    return account.announce_balance(op.at)


@_apply.register
def _(op: ops.Announce, account, ids):
    return account.announce(op.type, op.object, op.at)

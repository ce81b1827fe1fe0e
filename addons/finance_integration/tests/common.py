"""A company with books, a system with the demo connector, and the engine's steps."""

import json
from decimal import Decimal
from itertools import count

from odoo.tests import TransactionCase

from odoo.addons.finance_core.connector import Delivery

DAY = "2026-03-10"
STEPS = 100  #: more than any test needs; an engine that never ends fails
FEES = {"processing": "expense", "tax": "asset_current"}


def txn(source_id, category, amount, *, day=DAY, **fields):
    """A balance transaction as the demo shop sends it. ``amount`` in major units of
    ``currency`` (EUR unless told); ``fees`` as {type: amount}; references by role."""
    fees = fields.pop("fees", {})
    roles = {key[:-3]: fields.pop(key) for key in list(fields) if key.endswith("_id")}
    fee = sum(map(Decimal, fees.values()), Decimal(0))
    return {
        "type": "balance_transaction",
        "source_id": source_id,
        "occurred_at": f"{day}T10:00:00Z",
        "currency": "EUR",
        "category": category,
        "amount": str(amount),
        "fee": str(fee),
        "net": str(Decimal(amount) - fee),
        "fees": [{"type": kind, "amount": str(part)} for kind, part in fees.items()],
        "correlation_id": next(iter(roles.values()), source_id),
        "references": [{"role": role, "value": v} for role, v in roles.items()],
        **fields,
    }


def settlement(payout_id, transactions, *, last=True, page=1, day=DAY):
    """One page of what a payout consists of."""
    return {
        "type": "settlement",
        "source_id": f"{payout_id}:{page}",
        "occurred_at": f"{day}T12:00:00Z",
        "currency": transactions[0]["currency"],
        "correlation_id": payout_id,
        "payout_id": payout_id,
        "transactions": [
            {name: each[name] for name in ("source_id", "net", "category")}
            for each in transactions
        ],
        "last": last,
        "references": [{"role": "payout", "value": payout_id}],
    }


def receivable(invoice):
    """The account that waits for the customer's money."""
    return invoice.line_ids.filtered(
        lambda line: line.account_type == "asset_receivable"
    ).account_id


class HubCase(TransactionCase):
    """One EUR company; ``self.system`` receives what the demo shop would send."""

    numbers = count(1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settle_in(cls.env)
        cls.customer = cls.env["res.partner"].create({"name": "A customer"})

    @classmethod
    def settle_in(cls, env):
        """The company and its system: found where they were made beforehand for all
        tests, else made."""
        quiet = {"tracking_disable": True, "no_reset_password": True}
        cls.env = env(context={**env.context, **quiet})
        cls.eur, cls.usd, cls.jpy = (
            cls.env.ref(f"base.{code}") for code in ("EUR", "USD", "JPY")
        )
        (cls.eur | cls.usd | cls.jpy).active = True
        cls.system = cls.env["finance.system"].search([("code", "=", "proof")])
        cls.company = cls.system.company_id or cls.make_company("Proof")
        cls.system = cls.system or cls.make_system(cls.company, "proof")

    @classmethod
    def make_company(cls, name):
        company = cls.env["res.company"].create(
            {"name": name, "currency_id": cls.eur.id}
        )
        cls.env.user.company_ids |= company
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        company.currency_id = cls.eur  # the chart brings one of its own
        company.partner_id.tz = "Europe/Berlin"
        cls.set_rate(company, cls.usd, "0.92")
        cls.set_rate(company, cls.jpy, "0.0061")
        return company

    @classmethod
    def set_rate(cls, company, currency, rate, day="2026-01-01"):
        """``rate`` in company currency for one unit."""
        cls.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": company.id,
                "name": day,
                "inverse_company_rate": float(rate),
            }
        )

    @classmethod
    def make_system(cls, company, code, **values):
        system = (
            cls.env["finance.system"]
            .with_company(company)
            .create(
                {
                    "name": code.capitalize(),
                    "code": code,
                    "connector": "demo",
                    "company_id": company.id,
                    **values,
                }
            )
        )
        system._prepare_books(cls.eur | cls.usd | cls.jpy)
        submitted = system.mapping_ids.version_ids.filtered("submitted_at")
        cls.approve(submitted)
        for fee, kind in FEES.items():
            account = cls.env["account.account"].create(
                {
                    "name": f"{code} {fee}",
                    "code": f"{code[:3].upper()}{fee[:3].upper()}",
                    "account_type": kind,
                    "company_ids": [(6, 0, company.ids)],
                }
            )
            cls.add_mapping(system, "fee", fee, account)
        return system

    @classmethod
    def approve(cls, versions):
        """Approve submitted versions as an approver who wrote nothing in them."""
        approver = cls.make_user("approver", versions.company_id or cls.company)
        versions.with_user(approver).action_approve()
        cls.env.invalidate_all()

    @classmethod
    def propose(cls, system, code, key, target, user=None):
        """The submitted version of mapping ``code`` with one more line, by ``user``."""
        env = cls.env(user=user) if user else cls.env
        version = env["finance.mapping"]._find(system, code)._draft("For a test")
        env["finance.mapping.rule"].create(
            {
                "version_id": version.id,
                "key": key,
                "target": f"{target._name},{target.id}",
            }
        )
        version.action_submit()
        return version

    @classmethod
    def add_mapping(cls, system, code, key, target, user=None):
        """One more line in force in the mapping ``code``, written by ``user``."""
        cls.approve(cls.propose(system, code, key, target, user))

    @classmethod
    def make_tax(cls, percent, company=None, **values):
        company = company or cls.company
        return cls.env["account.tax"].create(
            {
                "name": f"VAT {percent} {next(cls.numbers)}",
                "amount": percent,
                "type_tax_use": "sale",
                "company_id": company.id,
                "country_id": company.account_fiscal_country_id.id,
                **values,
            }
        )

    @classmethod
    def make_invoice(cls, *prices, tax=None, currency=None, day=DAY, **values):
        """A posted customer invoice with a line for each net price."""
        taxes = [(6, 0, tax.ids if tax else [])]
        company = values.pop("company", cls.company)
        invoice = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.customer.id,
                    "invoice_date": day,
                    "date": day,
                    "currency_id": (currency or cls.eur).id,
                    "invoice_line_ids": [
                        (0, 0, {"name": "Sold", "price_unit": price, "tax_ids": taxes})
                        for price in map(float, prices)
                    ],
                    **values,
                }
            )
        )
        invoice.action_post()
        return invoice

    @classmethod
    def make_user(cls, role, companies=None, **values):
        companies = companies or cls.company
        return cls.env["res.users"].create(
            {
                "name": role,
                "login": f"proof_{role}_{next(cls.numbers)}",
                "company_id": companies[0].id,
                "company_ids": [(6, 0, companies.ids)],
                "group_ids": [
                    (6, 0, cls.env.ref(f"finance_integration.group_{role}").ids)
                ],
                **values,
            }
        )

    def call_in_this_transaction(self):
        """What a call commits by itself is part of the test, and ends with it."""
        self.env.flush_all()
        self.registry_enter_test_mode()

    # -- the road ------------------------------------------------------------------

    @classmethod
    def deliver(cls, *documents, identity="", system=None):
        """Store a delivery of ``documents`` as the door does: (message, status)."""
        system = system or cls.system
        identity = identity or f"d-{next(cls.numbers)}"
        body = json.dumps({"id": identity, "documents": documents}).encode()
        return cls.store(body, identity, system)

    @classmethod
    def store(cls, body, identity, system=None):
        names = ("system_id", "company_id", "connector", "flow_id", "allow_revisions")
        door = dict(
            zip(names, cls.env["finance.system"]._door(system.code), strict=True)
        )
        message_id, status = cls.env["finance.message"]._store(
            door, Delivery(body), identity
        )
        return cls.env["finance.message"].browse(message_id), status

    @classmethod
    def drain(cls, system=None):
        """Let the engine run until it finds nothing to do."""
        system = (system or cls.system).with_company((system or cls.system).company_id)
        for _step in range(STEPS):
            if not cls.env["finance.engine"]._step(system):
                cls.env.invalidate_all()
                return
        raise AssertionError("The engine does not come to an end.")

    @classmethod
    def play(cls, *documents, system=None):
        cls.deliver(*documents, system=system)
        cls.drain(system)

    @classmethod
    def find(cls, source_id, kind="balance_transaction", system=None):
        """The documents of one object of the source."""
        return cls.env["finance.document"].search(
            [
                ("system_id", "=", (system or cls.system).id),
                ("type", "=", kind),
                ("source_id", "=", source_id),
            ]
        )

    @classmethod
    def press(cls, exception, remedy, user=None):
        """What the button of an exception's form answers, to ``user``."""
        seen = exception.with_user(user) if user else exception
        return seen.with_context(remedy=remedy).action_remedy()

    # -- what the books say --------------------------------------------------------

    @classmethod
    def account(cls, key, code="account", system=None):
        """The account a mapping key stands for."""
        mappings = cls.env["finance.mapping"]
        version = mappings._current_version(system or cls.system, code)
        return version.rule_ids.filtered(lambda rule: rule.key == key).target

    def assert_entry(self, documents, *expected):
        """The one entry of ``documents`` has exactly these lines: (account, amount in
        the line's currency, balance in EUR), debit positive."""
        self.assertEqual(
            set(documents.mapped("state")) - {"posted", "reconciled"}, set()
        )
        move = documents.move_ids
        self.assertEqual(len(move), 1)
        self.assertEqual(move.state, "posted")
        lines = [
            (line.account_id.display_name, line.amount_currency, line.balance)
            for line in move.line_ids
        ]
        wanted = [
            (account.display_name, float(amount), float(balance))
            for account, amount, balance in expected
        ]
        self.assertEqual(sorted(lines), sorted(wanted))

    def assert_held(self, source_id, cause, category="data", system=None):
        """The document waits for a person, who is told why and what to do."""
        document = self.find(source_id, system=system)
        self.assertEqual(document.state, "held", document.reason)
        exception = document.exception_id
        exception._open()  # the wait for what may come by itself is over
        self.assertEqual(exception.state, "open")
        self.assertTrue(exception.cause.startswith(cause), exception.cause)
        self.assertEqual(exception.category, category)
        self.assertTrue(exception.remedy)
        self.assertTrue(exception.owner_id and exception.due_at)
        self.assertFalse(document.move_ids)
        return exception

    @classmethod
    def balance(cls, key, code="account", system=None):
        """The posted balance in EUR of the account a mapping key stands for."""
        lines = cls._posted_lines(cls.account(key, code, system))
        return round(sum(lines.mapped("balance")), 2)

    def assert_reconciled(self, key):
        """All lines of that account found each other."""
        lines = self._posted_lines(self.account(key))
        self.assertTrue(lines)
        self.assertTrue(all(lines.mapped("reconciled")))

    @classmethod
    def _posted_lines(cls, account):
        return cls.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )

    @classmethod
    def ledger(cls, system=None):
        """All posted entries of the company, comparable: what, when, how much."""
        lines = cls.env["account.move.line"].search(
            [
                ("company_id", "=", (system or cls.system).company_id.id),
                ("parent_state", "=", "posted"),
            ]
        )
        return sorted(
            (
                line.move_id.ref or "",
                str(line.date),
                line.account_id.code or "",
                line.amount_currency,
                line.balance,
                line.reconciled,
            )
            for line in lines
        )

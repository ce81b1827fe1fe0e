from odoo import api, models
from odoo.exceptions import UserError

#: (role, account name, account type): the accounts a gateway needs for each currency
#: it settles in. Source of the scheme: double entry with a clearing account.
ROLES = (
    ("clearing", "%(system)s clearing %(currency)s", "asset_current"),
    ("transit", "%(system)s payouts in transit %(currency)s", "asset_current"),
    ("reserve", "%(system)s reserve %(currency)s", "asset_current"),
    ("disputed", "%(system)s disputed %(currency)s", "asset_current"),
    ("unallocated", "%(system)s unallocated %(currency)s", "liability_current"),
    ("refunds", "%(system)s refunds without invoice %(currency)s", "expense"),
    ("adjustment", "%(system)s adjustments %(currency)s", "expense"),
    ("chargeback_loss", "%(system)s chargeback losses %(currency)s", "expense"),
)
#: accounts by kind of fee, shared by all currencies
FEES = {
    "processing": ("%(system)s fees", "expense"),
    "tax": ("%(system)s input tax on fees", "asset_current"),
}
PREFIX = {"asset_current": "1400", "liability_current": "2400", "expense": "6800"}
MAPPINGS = (
    ("account", "Accounts", "role|currency", "account.account"),
    ("fee", "Fees", "fee", "account.account"),
    ("journal", "Journals", "use", "account.journal"),
    ("ledger", "General ledger accounts", "account", "account.account"),
    ("item", "Invoice lines", "direction|account", "account.account"),
    ("tax", "Taxes", "tax", "account.tax"),
    ("cost_center", "Cost centres", "cost_center", "account.analytic.account"),
)


class FinanceSystem(models.Model):
    # a room of its own: what a system is, and what its books need, change apart
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    def action_prepare_books(self):
        """Create the accounts, the journal and the first mappings of a gateway, for
        the company currency and every foreign currency that has a rate. The mappings
        wait for an approver; until then what arrives is held."""
        for system in self:
            company = system.company_id
            rated = self.env["res.currency.rate"].search(
                [("company_id", "in", [company.root_id.id, False])]
            )
            system._prepare_books(company.currency_id | rated.currency_id)

    def _prepare_books(self, currencies):
        """What :meth:`action_prepare_books` does, for the given currencies."""
        self.ensure_one()
        self.check_access("write")
        if self.mapping_ids:
            raise UserError(
                self.env._("%s has mappings already; complete them instead.", self.name)
            )
        # sudo: an integration administrator need not be an accountant; accounts and
        # mappings are created by this fixed scheme only
        books = self.sudo().with_company(self.company_id)
        versions = books._create_mappings()
        rules = [
            *books._role_rules(versions["account"], currencies),
            *books._difference_rules(versions["account"]),
            *books._fee_rules(versions["fee"]),
            books._rule(versions["journal"], "gateway", books._create_journal()),
        ]
        books.env["finance.mapping.rule"].create(rules)
        proposed = (version for version in versions.values() if version.rule_ids)
        books.env["finance.mapping.version"].union(*proposed).action_submit()

    def _create_mappings(self) -> dict:
        mappings = self.env["finance.mapping"].create(
            [self._mapping_values(*each) for each in MAPPINGS]
        )
        versions = mappings.version_ids
        versions.change_reason = self.env._("First mappings of %s", self.name)
        return {version.mapping_id.code: version for version in versions}

    def _mapping_values(self, code: str, name: str, dimensions: str, target: str):
        return {
            "name": f"{name} · {self.name}",
            "code": code,
            "system_id": self.id,
            "dimensions": dimensions,
            "target_model": target,
        }

    def _mapping_of(self, code: str):
        """The mapping posting rules know as ``code``; one of the scheme is created
        where the books were prepared before it had it."""
        mappings = self.env["finance.mapping"]
        missing = [each for each in MAPPINGS if each[0] == code]
        return mappings._find(self, code) or mappings.create(
            [self._mapping_values(*each) for each in missing]
        )

    @api.model
    def _rule(self, version, key: str, target) -> dict:
        return {
            "version_id": version.id,
            "key": key,
            "target": f"{target._name},{target.id}",
        }

    def _role_rules(self, version, currencies):
        for currency in currencies:
            words = {"system": self.name, "currency": currency.name}
            for role, name, kind in ROLES:
                account = self._create_account(name % words, kind)
                yield self._rule(version, f"{role}|{currency.name}", account)

    def _difference_rules(self, version):
        """The company's own accounts: of exchange differences, and of small ones that
        settling an invoice leaves."""
        company = self.company_id
        for role, account in (
            ("exchange_gain", company.income_currency_exchange_account_id),
            ("exchange_loss", company.expense_currency_exchange_account_id),
            ("settlement_gain", company.default_cash_difference_income_account_id),
            ("settlement_loss", company.default_cash_difference_expense_account_id),
        ):
            if account:
                yield self._rule(version, f"{role}|*", account)

    def _fee_rules(self, version):
        """The kinds of fee the connector knows; others are for a person to map."""
        accounts: dict = {}
        for fee, kind in self._plain_connector().fee_kinds.items():
            if kind not in accounts:
                name, account_type = FEES[kind]
                accounts[kind] = self._create_account(
                    name % {"system": self.name}, account_type
                )
            yield self._rule(version, fee, accounts[kind])

    def _create_account(self, name: str, account_type: str):
        accounts = self.env["account.account"]
        return accounts.create(
            {
                "name": name,
                "code": accounts._search_new_account_code(PREFIX[account_type] + "01"),
                "account_type": account_type,
                "reconcile": account_type in ("asset_current", "liability_current"),
                "company_ids": [(6, 0, self.company_id.ids)],
            }
        )

    def _create_journal(self):
        return self.env["account.journal"].create(
            {
                "name": self.name,
                "type": "general",
                "code": self._free_journal_code(),
                "company_id": self.company_id.id,
            }
        )

    def _free_journal_code(self) -> str:
        taken = set(
            self.env["account.journal"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company_id.id)])
            .mapped("code")
        )
        stem = "".join(filter(str.isalnum, self.code)).upper()[:3]
        codes = (f"{stem}{number or ''}" for number in range(100))
        return next(code for code in codes if code not in taken)

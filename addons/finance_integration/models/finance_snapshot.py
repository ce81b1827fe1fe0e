from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from odoo import api, models

from odoo.addons.finance_core import posting
from odoo.addons.finance_core.contract.envelope import Document


class FinanceSnapshot(models.AbstractModel):
    """Reads, once for a whole batch, all that pure translation may know."""

    _name = "finance.snapshot"
    _description = "Snapshot of Mappings and Rules"

    @api.model
    def _build(self, system, documents: Iterable[Document]) -> posting.Snapshot:
        documents = list(documents)
        company = system.company_id
        zone = company.partner_id.tz or "UTC"
        currencies = self.env["res.currency"].search([])
        days = {posting.accounting_date(each, zone) for each in documents}
        return posting.Snapshot(
            company_currency=company.currency_id.name,
            time_zone=zone,
            rules=self.env["finance.posting.rule"]._plain_rules(system),
            mappings=self.env["finance.mapping"]._tables(system),
            digits={each.name: each.decimal_places for each in currencies},
            rates=self._rates(company, currencies, days),
            open_items=self._open_items(company, documents),
            locked_through=self._locked_through(company),
            altered=[
                *self.env["finance.mapping.version"]._altered(system),
                *self.env["finance.posting.rule.version"]._altered(system),
            ],
        )

    def _rates(self, company, currencies, days) -> dict[tuple[str, date], Decimal]:
        """Company currency per unit, only where somebody entered a rate: Odoo itself
        would silently take 1."""
        foreign = currencies - company.currency_id
        rates = {}
        for day in days:
            known = self.env["res.currency.rate"]._read_group(
                [
                    ("currency_id", "in", foreign.ids),
                    ("company_id", "in", [company.root_id.id, False]),
                    ("name", "<=", day),
                ],
                ["currency_id"],
            )
            for (currency,) in known:
                rate = currency._get_conversion_rate(
                    currency, company.currency_id, company, day
                )
                rates[currency.name, day] = Decimal(repr(rate))
        return rates

    def _open_items(self, company, documents) -> dict:
        """The open items named by documents, with one query for each kind."""
        numbers = {each.reference("invoice") for each in documents} - {None}
        if not numbers:
            return {}
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("move_id.name", "in", sorted(numbers)),
                ("move_id.move_type", "in", ("out_invoice", "in_invoice")),
                ("parent_state", "=", "posted"),
                ("account_type", "in", ("asset_receivable", "liability_payable")),
            ]
        )
        return {
            ("invoice", line.move_name): posting.OpenItem(
                account_id=line.account_id.id,
                partner_id=line.partner_id.id,
                move_id=line.move_id.id,
                currency=line.currency_id.name,
            )
            for line in lines
        }

    def _locked_through(self, company) -> date | None:
        """The last locked day for everybody (Odoo's lock dates, without exceptions
        granted to single users: the engine posts for the company)."""
        locks = (company.fiscalyear_lock_date, company.hard_lock_date)
        return max((lock for lock in locks if lock), default=None)

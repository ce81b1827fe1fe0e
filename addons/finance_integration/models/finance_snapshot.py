from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from odoo import api, models

from odoo.addons.finance_core import posting
from odoo.addons.finance_core.contract._invoice import Invoice
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
        rules = self.env["finance.posting.rule"]._plain_rules(system)
        items, owners = self._open_items(company, documents)
        known = self.env["finance.reference"]._partners(system, _named(documents))
        partners = {foreign: owner for foreign, (owner, _name) in known.items()}
        return posting.Snapshot(
            company_currency=company.currency_id.name,
            time_zone=zone,
            rules=rules,
            mappings=self.env["finance.mapping"]._tables(system),
            digits={each.name: each.decimal_places for each in currencies},
            rates=self._rates(company, currencies, days),
            open_items=items,
            open_amounts=self._open_amounts(system, documents, rules),
            altered=[
                *self.env["finance.mapping.version"]._altered(system),
                *self.env["finance.posting.rule.version"]._altered(system),
                *self.env["finance.control.version"]._altered(system),
                *self.env["finance.process.version"]._altered(system),
            ],
            partners=partners,
            partner_names=dict(owners) | dict(known.values()),
            accepted=self.env["finance.acceptance"]._accepted(system, documents),
            invoices=self.env["finance.invoicer"]._known(system, documents, partners),
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

    def _open_items(self, company, documents) -> tuple[dict, dict]:
        """The customer invoices named by documents, and the names of who owes them."""
        numbers = {each.reference("invoice") for each in documents} - {None}
        if not numbers:
            return {}, {}
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("move_id.name", "in", sorted(numbers)),
                ("move_id.move_type", "=", "out_invoice"),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
            ]
        )
        lines.partner_id.fetch(["commercial_partner_id"])
        owners = lines.partner_id.commercial_partner_id
        owners.fetch(["name"])
        items = defaultdict(dict)  # an invoice paid in parts has several lines
        for line in lines:
            items["invoice", line.move_name][line.move_id] = posting.OpenItem(
                account_id=line.account_id.id,
                partner_id=line.partner_id.id,
                move_id=line.move_id.id,
                currency=line.currency_id.name,
                commercial_partner_id=line.partner_id.commercial_partner_id.id,
            )
        found = {key: tuple(several.values()) for key, several in items.items()}
        return found, {owner.id: owner.name for owner in owners}

    def _open_amounts(self, system, documents, rules) -> dict:
        """What is open under the reference of documents whose rule asks for it."""
        types = posting.types_of_open_balance(rules)
        keys = {
            system._match_key(each.type, each.source_id): (each.type, each.source_id)
            for each in documents
            if each.type in types
        }
        if not keys:
            return {}
        groups = self.env["account.move.line"]._read_group(
            [
                ("finance_match", "in", list(keys)),
                ("parent_state", "=", "posted"),
                ("account_id.reconcile", "=", True),
                ("reconciled", "=", False),
            ],
            ["finance_match", "currency_id"],
            ["amount_residual_currency:sum", "amount_residual:sum"],
        )
        found = defaultdict(tuple)
        company = system.company_id.currency_id
        for match, currency, amount, balance in groups:
            found[keys[match]] += (
                posting.OpenAmount(
                    _decimal(amount, currency),
                    currency.name,
                    _decimal(balance, company),
                ),
            )
        return found


def _named(documents) -> set[str]:
    """The source's ids of those who pay, who are invoiced and who invoice."""
    customers = {each.reference("customer") for each in documents}
    parties = {each.party.source_id for each in documents if isinstance(each, Invoice)}
    return (customers | parties) - {None}


def _decimal(amount: float, currency) -> Decimal:
    """Odoo's float as the exact amount it stands for."""
    return Decimal(str(amount)).quantize(Decimal(1).scaleb(-currency.decimal_places))

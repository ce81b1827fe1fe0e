from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.finance_core.money import Money


class FinanceCreditNote(models.AbstractModel):
    """Credits an invoice for what was refunded, in proportion, exact to the cent."""

    _name = "finance.credit.note"
    _description = "Credit Notes for Refunds"

    @api.model
    def _issue(self, notes: dict) -> dict:
        """``notes``: {key: (entry of the refund, CreditNoteDraft)}.

        Returns the receivable lines of the posted credit notes by key.
        """
        result = {}
        moves = self.env["account.move"]
        for key, (entry, draft) in notes.items():
            move = self._create(entry, draft)
            moves |= move
            result[key] = move
        moves._post(soft=False)
        return {
            key: move.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for key, move in result.items()
        }

    def _create(self, entry, draft):
        invoice = self.env["account.move"].browse(draft.item.move_id)
        net, lines = self._net_lines(invoice, draft)
        move = (
            self.env["account.move"]
            .with_company(invoice.company_id)
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": invoice.partner_id.id,
                    "currency_id": invoice.currency_id.id,
                    "journal_id": invoice.journal_id.id,
                    "reversed_entry_id": invoice.id,
                    "invoice_date": entry.date,
                    "date": entry.date,
                    "ref": draft.key,
                    "invoice_payment_term_id": False,
                    "fiscal_position_id": invoice.fiscal_position_id.id,
                    "invoice_line_ids": [fields.Command.create(line) for line in lines],
                }
            )
        )
        self._set_tax(move, draft.amount - net)
        return move

    def _net_lines(self, invoice, draft) -> tuple[Decimal, list[dict]]:
        """The net amount and its lines: the invoice's lines, scaled."""
        sold = invoice.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.price_subtotal
        )
        weights = [Decimal(str(line.price_subtotal)) for line in sold]
        share = draft.amount / Decimal(str(invoice.amount_total))
        exact = Decimal(str(invoice.amount_untaxed)) * share
        unit = Decimal(1).scaleb(-invoice.currency_id.decimal_places)
        net = exact.quantize(unit)
        parts = Money(net, draft.currency).allocate(weights)
        return net, [
            {
                "name": line.name,
                "product_id": line.product_id.id,
                "account_id": line.account_id.id,
                "quantity": 1,
                "price_unit": float(part.amount),
                "tax_ids": [fields.Command.set(line.tax_ids.ids)],
                "analytic_distribution": line.analytic_distribution,
            }
            for line, part in zip(sold, parts, strict=True)
        ]

    def _set_tax(self, move, tax: Decimal):
        """Puts the rounding of the tax where the refund says it is."""
        lines = move.line_ids.filtered("tax_line_id")
        missing = tax - sum(
            (Decimal(str(line.amount_currency)) for line in lines), Decimal(0)
        )
        if missing and lines:
            largest = max(lines, key=lambda line: abs(line.amount_currency))
            largest.amount_currency += float(missing)

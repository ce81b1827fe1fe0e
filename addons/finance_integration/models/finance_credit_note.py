from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_core.errors import NeedsPerson

from .finance_snapshot import _decimal


class FinanceCreditNote(models.AbstractModel):
    """Credits an invoice for what was refunded, in proportion, exact to the cent."""

    _name = "finance.credit.note"
    _description = "Credit Notes for Refunds"

    @api.model
    def _issue(self, notes: dict) -> dict:
        """``notes``: {key: (entry of the refund, CreditNoteDraft)}.

        Returns, by key, the receivable lines of the credit note that the refund pays
        out: of one that waits for just that, else of a new one, posted.
        """
        result = {}
        moves = self.env["account.move"]
        for key, (entry, draft) in notes.items():
            waiting = self._waiting_for(draft) - moves
            result[key] = waiting[:1] or self._create(entry, draft)
            moves |= result[key]
        self._post_new(
            {move: notes[key] for key, move in result.items() if move.state == "draft"}
        )
        return {
            key: move.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for key, move in result.items()
        }

    def _waiting_for(self, draft):
        """The posted credit notes of the invoice, as the billing system's own, of which
        just what was refunded is not paid out yet."""
        invoice = self.env["account.move"].browse(draft.item.move_id)
        return invoice.reversal_move_ids.filtered(
            lambda note: (
                note.move_type == "out_refund"
                and note.state == "posted"
                and note.currency_id.name == draft.currency
                and _decimal(note.amount_residual, note.currency_id) == draft.amount
            )
        )

    def _post_new(self, notes: dict):
        """``notes``: {credit note: (entry of the refund, CreditNoteDraft)}."""
        moves = self.env["account.move"].concat(*notes)
        moves._post(soft=False)
        for move, (entry, draft) in notes.items():
            self._check_date(move, entry)
            # not before: Odoo would settle the invoice with its reversal while it
            # posts, though the customer's payment does, and the refund the reversal
            move.reversed_entry_id = draft.item.move_id
        self._check_totals(moves)

    def _create(self, entry, draft):
        invoice = self.env["account.move"].browse(draft.item.move_id)
        move = (
            self.env["account.move"]
            .with_company(invoice.company_id)
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": invoice.partner_id.id,
                    "currency_id": invoice.currency_id.id,
                    "journal_id": invoice.journal_id.id,
                    "invoice_date": entry.date,
                    "date": entry.date,
                    "ref": draft.key,
                    "invoice_payment_term_id": False,
                    "fiscal_position_id": invoice.fiscal_position_id.id,
                    "invoice_line_ids": [
                        fields.Command.create(line) for line in _lines(invoice, draft)
                    ],
                }
            )
        )
        self._round(move, draft.amount)
        return move

    @api.model
    def _check_totals(self, notes):
        """No more of an invoice is credited than it was for, whoever made its credit
        notes: ``notes`` are posted. Raises NeedsPerson."""
        invoices = notes.reversed_entry_id
        self._keep_others_out(invoices)
        for note in notes:
            invoice = note.reversed_entry_id
            credited, currency = _credited(invoice), invoice.currency_id
            if currency.compare_amounts(credited, invoice.amount_total) > 0:
                raise _too_much(note, _decimal(credited, currency))

    def _keep_others_out(self, invoices):
        """Workers that credit the same invoices meanwhile, as those of two systems may,
        do not see these notes: the database asks them to begin again."""
        self.env.cr.execute(
            SQL("UPDATE account_move SET id = id WHERE id = ANY(%s)", invoices.ids)
        )

    def _check_date(self, move, entry):
        """Odoo dates what falls into a locked period after it, without a word."""
        if move.date != entry.date:
            raise UserError(
                self.env._(
                    "The credit note of %(day)s lies in a period that is locked for"
                    " sales.",
                    day=entry.date,
                )
            )

    def _round(self, move, amount: Decimal):
        """Make the total exact: the cent that rounding left goes to the largest tax,
        or to a line of its own where no tax was computed."""
        missing = amount - Decimal(str(move.amount_total))
        taxes = move.line_ids.filtered("tax_line_id")
        if missing and taxes:
            largest = max(taxes, key=lambda line: abs(line.amount_currency))
            largest.amount_currency += float(missing)
        elif missing:
            line = {
                "name": self.env._("Rounding"),
                "account_id": move.invoice_line_ids[:1].account_id.id,
                "quantity": 1,
                "price_unit": float(missing),
                "tax_ids": [fields.Command.clear()],
            }
            move.invoice_line_ids = [fields.Command.create(line)]


def _credited(move) -> float:
    """In the currency of ``move``, at its day; less what was reversed of that again."""
    posted = move.reversal_move_ids.filtered(lambda each: each.state == "posted")
    return sum(
        each.currency_id._convert(
            each.amount_total - _credited(each),
            *(move.currency_id, move.company_id, move.date),
            round=False,  # once, when all are summed
        )
        for each in posted
    )


def _too_much(note, credited: Decimal) -> NeedsPerson:
    invoice = note.reversed_entry_id
    total = _decimal(invoice.amount_total, invoice.currency_id)
    return NeedsPerson(
        f"over_credited:{invoice.id}:{note.ref}",
        f"{note.ref} would credit {invoice.name} with more than its total: with its"
        f" other credit notes that makes {credited} of {total}"
        f" {invoice.currency_id.name}.",
        "If another credit note is for the same, reject this document, or reverse the"
        " other one and try again. A refund moves money: reverse the other one then.",
        category="control",
        field="Corrected invoice",
        value=invoice.name,
    )


def _lines(invoice, draft) -> list[dict]:
    """The invoice's lines, each reduced to the share that was refunded. Prices stay
    as they were meant, with or without their taxes."""
    sold = invoice.invoice_line_ids.filtered(
        lambda line: line.display_type == "product" and line.price_subtotal
    )
    share = draft.amount / Decimal(str(invoice.amount_total))
    unit = Decimal(1).scaleb(-invoice.currency_id.decimal_places)
    return [
        {
            "name": line.name,
            "product_id": line.product_id.id,
            "account_id": line.account_id.id,
            "quantity": 1,
            "price_unit": float(part),
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "analytic_distribution": line.analytic_distribution,
        }
        for line, part in zip(sold, _scale(map(_price, sold), share, unit), strict=True)
    ]


def _price(line) -> Decimal:
    return (
        Decimal(str(line.price_unit))
        * Decimal(str(line.quantity))
        * (1 - Decimal(str(line.discount)) / 100)
    )


def _scale(amounts: Iterable[Decimal], share: Decimal, unit: Decimal):
    """``amounts`` times ``share``, each a multiple of ``unit``; every part makes up
    for the rounding of those before it."""
    exact = given = Decimal(0)
    for amount in amounts:
        exact += amount * share
        part = (exact - given).quantize(unit, ROUND_HALF_UP)
        given += part
        yield part

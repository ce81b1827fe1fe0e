from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.finance_core import invoicing
from odoo.addons.finance_core.contract._invoice import Invoice
from odoo.addons.finance_core.controls import Twin
from odoo.addons.finance_core.errors import NeedsPerson

from .finance_snapshot import _decimal

SIDES = {"out_invoice": "sale", "in_invoice": "purchase"}
#: what we issue: its number is the name of the entry
OURS = ("out_invoice", "out_refund")


class FinanceInvoicer(models.AbstractModel):
    """Makes sure that what Odoo makes of an invoice is what its source states."""

    _name = "finance.invoicer"
    _description = "Invoices of Other Systems"

    # -- before ------------------------------------------------------------------

    @api.model
    def _known(self, system, documents, partners: Mapping[str, int]) -> invoicing.Known:
        """What those of ``documents`` need that are invoices; ``partners`` are ids by
        the source's."""
        invoices = [each for each in documents if isinstance(each, Invoice)]
        if not invoices:
            return invoicing.Known()
        ids = {partners.get(each.party.source_id) for each in invoices} - {None}
        company = system.company_id
        owners = self.env["res.partner"].with_company(company).browse(ids)
        return invoicing.Known(
            receivable={
                each.id: each.property_account_receivable_id.id for each in owners
            },
            payable={each.id: each.property_account_payable_id.id for each in owners},
            taxes=self._tax_accounts(company),
            invoices=self._posted_invoices(company, invoices),
        )

    def _tax_accounts(self, company) -> dict[int, int | None]:
        taxes = self.env["account.tax"]
        active = taxes.search(taxes._check_company_domain(company))
        shares = active.invoice_repartition_line_ids.filtered("account_id")
        accounts = {share.tax_id.id: share.account_id.id for share in reversed(shares)}
        return {tax.id: accounts.get(tax.id) for tax in active}

    def _posted_invoices(self, company, documents) -> dict:
        """Ids of the invoices that credit notes correct, by (direction, partner,
        number)."""
        numbers = {getattr(each, "invoice_number", None) for each in documents}
        found = defaultdict(tuple)
        for move in self._numbered(company, list(SIDES), numbers - {None}):
            key = SIDES[move.move_type], move.commercial_partner_id.id, _number(move)
            found[key] += (move.id,)
        return found

    def _numbered(self, company, move_types: Sequence[str], numbers: Iterable[str]):
        """Posted invoices with one of these numbers: a supplier's is the reference of
        the bill, our own is its name."""
        numbers = sorted(numbers)
        if not numbers:
            return self.env["account.move"]
        return self.env["account.move"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("move_type", "in", move_types),
                "|",
                ("name", "in", numbers),
                ("ref", "in", numbers),
            ]
        )

    @api.model
    def _same_numbers(self, system, drafts: Mapping) -> dict:
        """For each document of ``drafts``, the invoices of its partner with its number:
        in the books, but for reversed ones, or before it among ``drafts``."""
        found = defaultdict(list)
        made = {each: draft.invoice for each, draft in drafts.items() if draft.invoice}
        types = {invoice.move_type for invoice in made.values()}
        numbers = {invoice.number for invoice in made.values()}
        taken = defaultdict(list)
        for move in self._numbered(system.company_id, list(types), numbers):
            if move.payment_state != "reversed":
                key = move.move_type, move.commercial_partner_id.id, _number(move)
                taken[key].append(Twin(move.name, same_number=True))
        for document, invoice in made.items():
            key = invoice.move_type, invoice.partner_id, invoice.number
            found[document] = list(taken[key])
            taken[key].append(Twin(document.source_id, same_number=True))
        return found

    # -- once they are made ------------------------------------------------------

    @api.model
    def _tie(self, system, made: Sequence[tuple]):
        """``made`` are pairs of (entry, the EntryDraft it was made of), before they are
        posted. Invoices get the totals of the source, to the cent. Raises NeedsPerson
        where these are not what Odoo computes."""
        for move, draft in made:
            if draft.invoice:
                self._tie_one(move, draft)
                owed = move.line_ids.filtered(
                    lambda line: line.display_type == "payment_term"
                )
                owed.finance_match = system._match_key(*_match(draft))

    def _tie_one(self, move, draft):
        invoice, currency = draft.invoice, move.currency_id
        net, tax = (
            _decimal(each, currency) for each in (move.amount_untaxed, move.amount_tax)
        )
        if net != invoice.net:
            raise _differs(draft, "net", invoice.net, net)
        rounding = Decimal(str(currency.rounding)) / 2 * len(invoice.items)
        rate = Decimal(str(move.invoice_currency_rate))
        allowed = rounding + invoice.tolerance * rate
        taxable = move.line_ids.filtered("tax_line_id")
        if abs(invoice.tax - tax) > allowed or (invoice.tax != tax and not taxable):
            raise _differs(draft, "of tax", invoice.tax, tax)
        self._set_tax(move, invoice.tax)

    def _set_tax(self, move, amount: Decimal):
        """What is missing to ``amount`` goes to the largest tax."""
        missing = amount - _decimal(move.amount_tax, move.currency_id)
        if missing:
            sign = 1 if move.move_type in invoicing.DEBITED else -1
            taxes = move.line_ids.filtered("tax_line_id")
            largest = max(taxes, key=lambda line: abs(line.amount_currency))
            largest.amount_currency += float(sign * missing)

    @api.model
    def _reverse(self, invoice, values: Mapping):
        """Odoo's own reversal, posted and reconciled with ``invoice``, to its cent:
        alone, Odoo would compute the taxes anew."""
        invoice.line_ids.remove_move_reconcile()
        reversal = invoice._reverse_moves([{**values, "invoice_date": values["date"]}])
        self._set_tax(reversal, _decimal(invoice.amount_tax, invoice.currency_id))
        reversal.with_context(move_reverse_cancel=True)._post(soft=False)
        return reversal

    @api.model
    def _check_numbers(self, posted: Sequence[tuple]):
        """An invoice that was issued under a number keeps it."""
        for move, draft in posted:
            made = draft.invoice
            if made and made.move_type in OURS and move.name != made.number:
                raise _renumbered(move, draft)


def invoice_values(draft, currencies: Mapping[str, int], known: Mapping) -> dict:
    """What Odoo makes the invoice of; ``known`` is what it need not look up for each
    line."""
    made = draft.invoice
    values = {
        "move_type": made.move_type,
        "partner_id": made.partner_id,
        "currency_id": currencies[made.currency],
        "journal_id": draft.journal_id,
        "invoice_date": made.invoice_date,
        "date": draft.date,
        "finance_original_date": draft.original_date or False,
        "ref": made.number,
        "invoice_origin": draft.ref,
        "reversed_entry_id": made.reverses,
        "invoice_line_ids": [(0, 0, _line_values(item, known)) for item in made.items],
    }
    if made.move_type in OURS:
        values["name"] = made.number
    if made.due_date:
        values |= {"invoice_payment_term_id": False, "invoice_date_due": made.due_date}
    return values


def _line_values(item: invoicing.Item, known: Mapping) -> dict:
    values = {
        **known,
        "name": item.label,
        "account_id": item.account_id,
        # Odoo's own fields are floats; amounts of at most 15 digits survive exactly
        "quantity": float(item.quantity),
        "price_unit": float(item.price),
        "tax_ids": [fields.Command.set(item.taxes)],
    }
    if item.cost_center:
        values["analytic_distribution"] = {str(item.cost_center): 100}
    return values


def _number(move) -> str:
    """The number of whoever issued it."""
    return move.name if move.move_type in OURS else move.ref


def _match(draft) -> tuple[str, str]:
    """By what an invoice is found that something waits for."""
    made = draft.invoice
    if made.move_type == "in_invoice":
        return invoicing.ROLES["purchase"], made.number
    return draft.rule.document_type, draft.ref


def _differs(draft, what: str, stated: Decimal, computed: Decimal) -> NeedsPerson:
    number, currency = draft.invoice.number, draft.invoice.currency
    return NeedsPerson(
        f"total:{draft.ref}",
        f"{number} states {stated} {currency} {what}; its lines and taxes make"
        f" {computed} {currency} in Odoo.",
        "Correct the mapping of its taxes, or have the invoice corrected at its source;"
        " then try again. The control of these documents says how far they may differ.",
        category="control",
        field="Total",
        value=f"{stated} {currency}",
    )


def _renumbered(move, draft) -> NeedsPerson:
    return NeedsPerson(
        f"number:{draft.ref}",
        f"Odoo would not post {draft.invoice.number} under its own number in the"
        f" journal {move.journal_id.name}.",
        "Map it to a journal of its own, where the numbers of the source begin; then"
        " try again.",
        category="control",
        field="Invoice number",
        value=draft.invoice.number,
    )

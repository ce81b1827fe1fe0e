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
        net = _decimal(move.amount_untaxed, currency)
        if net != invoice.net:
            raise _differs(draft, "net", invoice.net, net)
        self._check_taxes(move, draft)
        self._set_taxes(move, invoice.stated_taxes)
        tax = _decimal(move.amount_tax, currency)
        if tax != invoice.tax:
            raise _differs(draft, "of tax", invoice.tax, tax)

    def _check_taxes(self, move, draft):
        """Each tax by itself: what one has too much does not make up for what another
        lacks."""
        invoice, computed = draft.invoice, _computed_taxes(move)
        unit = Decimal(str(move.currency_id.rounding))
        tolerance = invoice.tolerance * Decimal(str(move.invoice_currency_rate))
        tax_id = invoicing.tax_that_differs(invoice, computed, unit, tolerance)
        if tax_id:
            stated = invoice.stated_taxes.get(tax_id, Decimal(0))
            made = computed.get(tax_id, invoicing.ComputedTax()).amount
            amounts = (_decimal(each, move.currency_id) for each in (stated, made))
            tax = self.env["account.tax"].browse(tax_id)
            raise _differs(draft, f"of tax “{tax.name}”", *amounts)

    def _set_taxes(self, move, amounts: Mapping[int, Decimal]):
        """Of each tax, what is missing to its amount goes to its largest line."""
        computed, changes = _computed_taxes(move), []
        for tax_id, lines in _tax_lines(move).items():
            missing = amounts.get(tax_id, Decimal(0)) - computed[tax_id].amount
            if missing:
                largest = max(lines, key=lambda line: abs(line.amount_currency))
                amount = largest.amount_currency + float(_sign(move) * missing)
                values = {"amount_currency": amount}
                changes.append(fields.Command.update(largest.id, values))
        if changes:
            move.line_ids = changes

    @api.model
    def _reverse(self, invoice, values: Mapping):
        """Odoo's own reversal, posted and reconciled with ``invoice``, to its cent:
        alone, Odoo would compute the taxes anew. Raises NeedsPerson."""
        invoice.line_ids.remove_move_reconcile()
        reversal = invoice._reverse_moves([{**values, "invoice_date": values["date"]}])
        taxes = {tax_id: tax.amount for tax_id, tax in _computed_taxes(invoice).items()}
        self._set_taxes(reversal, taxes)
        if _booked_taxes(reversal, -1) != _booked_taxes(invoice, 1):
            raise _taxed_otherwise(invoice)
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


def _sign(move) -> int:
    """Of its lines with and without tax, debit positive."""
    return 1 if move.move_type in invoicing.DEBITED else -1


def _tax_lines(move) -> dict:
    """By tax; the lines of a group's taxes belong to the group, which is what a code
    of the source stands for."""
    taxes = move.line_ids.filtered("tax_line_id")
    return taxes.grouped(lambda line: (line.group_tax_id or line.tax_line_id).id)


def _computed_taxes(move) -> dict[int, invoicing.ComputedTax]:
    return {
        tax_id: invoicing.ComputedTax(
            _decimal(
                _sign(move) * sum(lines.mapped("amount_currency")), move.currency_id
            ),
            len(lines),
        )
        for tax_id, lines in _tax_lines(move).items()
    }


def _booked_taxes(move, sign: int) -> dict:
    """What is on the accounts of taxes, times ``sign``: {(tax, its share): amount},
    without what is zero."""
    found = defaultdict(Decimal)
    for line in move.line_ids.filtered("tax_line_id"):
        key = line.tax_line_id, line.tax_repartition_line_id.factor
        found[key] += sign * _decimal(line.amount_currency, line.currency_id)
    return {key: amount for key, amount in found.items() if amount}


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


def _taxed_otherwise(invoice) -> NeedsPerson:
    return NeedsPerson(
        f"reversal:{invoice.id}",
        f"the taxes of today would not take back what {invoice.name} was taxed with.",
        f"Reverse {invoice.name} by hand, then close this with the number of the"
        " reversal.",
        category="control",
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
